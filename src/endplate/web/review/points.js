// @ts-check
/** Points, height lines, names and grades over the straight image. */

import { put, say, svg } from "./dom.js";
import { uncover } from "./labels.js";
import { percent } from "./numbers.js";
import { movedMm } from "./opened.js";
import { COLUMNS, ENDS, SIX } from "./vertebrae.js";
import { onScreen } from "./view.js";

/** @typedef {import("../rules/types.js").Finding} Finding */
/** @typedef {import("../rules/types.js").ReviewVertebra} ReviewVertebra */
/** @typedef {import("./places.js").Places} Places */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./view.js").View} View */
/** @typedef {[number, number]} XY */
/**
 * @typedef {object} Marks of one body
 * @property {SVGGElement} group
 * @property {SVGPathElement} casing dark below all lines, for bright bone
 * @property {SVGLineElement[]} heights
 * @property {SVGPolylineElement[]} endplates superior, inferior
 * @property {SVGCircleElement[]} dots
 * @property {SVGTextElement} name
 * @property {SVGTextElement} said
 * @property {SVGTextElement} loss below it, where there is room
 */

const LEAST_LABEL_X = 34;
/** of the label of a chosen vertebra, at most */
const LETTER_PX = 9;
/** a body that is so tall on the screen has room for two lines beside it */
const ROOMY_PX = 60;

export class Points {
  /** @type {Map<string, Marks>} */
  #bodies = new Map();
  /** what was drawn last of each body @type {Map<string, unknown[]>} */
  #drawn = new Map();
  /** whether a label may have come to lie over another */
  #moved = false;
  #layers;
  /** @type {SVGGElement[]} */
  handles;

  /**
   * @param {SVGSVGElement} root
   * @param {Places} places
   * @param {State} state
   */
  constructor(root, places, state) {
    this.places = places;
    this.state = state;
    this.width = 0;
    this.#layers = { model: svg("g", { class: "model" }), bodies: svg("g"), handles: svg("g", { class: "handles" }) };
    this.handles = SIX.map(() => handle());
    this.#layers.handles.append(...this.handles);
    root.append(this.#layers.model, this.#layers.bodies, this.#layers.handles);
  }

  /**
   * Screen points of a body's six.
   *
   * @param {import("../rules/types.js").PointPairs} points
   * @param {View} view
   * @returns {XY[]}
   */
  screen(points, view) {
    return this.places.of(points).map(({ pixel }) => onScreen(view, pixel));
  }

  /**
   * @param {View} view
   * @param {number} width of the screen
   */
  draw(view, width) {
    this.width = width;
    const { shown, findings } = this.state;
    const present = new Set(shown.map((v) => v.id));
    for (const [id, marks] of this.#bodies) {
      if (present.has(id)) continue;
      marks.group.remove();
      this.#bodies.delete(id);
      this.#drawn.delete(id);
    }
    shown.forEach((v, i) => this.#body(v, findings[i], view));
    if (this.#moved) this.#declutter();
    this.#moved = false;
    this.#model(view);
    this.#handles(view);
  }

  /**
   * @param {ReviewVertebra} v
   * @param {Finding} finding
   * @param {View} view
   */
  #body(v, finding, view) {
    const selected = v.id === this.state.selected;
    const facts = [v, view, finding.grade, finding.reason, finding.loss, selected, this.width];
    const before = this.#drawn.get(v.id);
    if (before && facts.every((fact, i) => fact === before[i])) return;
    this.#drawn.set(v.id, facts);
    this.#moved = true;
    let marks = this.#bodies.get(v.id);
    if (!marks) {
      marks = newMarks(v.id);
      this.#bodies.set(v.id, marks);
      this.#layers.bodies.append(marks.group);
    }
    drawLines(marks, this.screen(v.points_lps_mm, view), view);
    put(marks.group, "data-grade", finding.grade ?? "none");
    marks.group.classList.toggle("selected", selected);
    label(marks, v, finding, this.screen(v.points_lps_mm, view), this.state, this.width);
  }

  /** Where bodies lie so close that words would cover each other, those of the chosen one stay, then those of the worst. */
  #declutter() {
    const { shown, findings, selected } = this.state;
    const weight = shown.map((v, i) => (v.id === selected ? 9 : (findings[i].grade ?? 0)));
    const order = [...shown.keys()].sort((a, b) => weight[b] - weight[a] || a - b);
    const inOrder = order.flatMap((at) => this.#bodies.get(shown[at].id) ?? []);
    uncover(inOrder.map(({ name }) => name));
    uncover(inOrder.map(({ said }) => said));
  }

  /**
   * What the model said, faint, wherever the reader moved or deleted it.
   *
   * @param {View} view
   */
  #model(view) {
    const { shown, report, rules } = this.state;
    /** @type {Node[]} */
    const made = [];
    for (const v of shown) {
      if (v.model_index === null) continue;
      const entry = report.vertebrae[v.model_index];
      const moved = movedMm(v, entry, rules);
      if (!moved.some((mm) => mm > 0)) continue;
      const [here, there] = [this.screen(v.points_lps_mm, view), this.screen(entry.points_lps_mm, view)];
      made.push(...ghosts(here, there, moved));
    }
    const kept = new Set(shown.map((v) => v.model_index));
    report.vertebrae.forEach((entry, i) => {
      if (!kept.has(i)) made.push(deleted(this.screen(entry.points_lps_mm, view), entry.level ?? "unnamed"));
    });
    this.#layers.model.replaceChildren(...made);
  }

  /** @param {View} view */
  #handles(view) {
    const v = this.state.selectedVertebra;
    const size = Math.min(Math.max(view.scale / 3, 0.5), 1).toFixed(2);
    this.#layers.handles.classList.toggle("fixed", !this.state.editable);
    for (const [i, { column, end }] of SIX.entries()) {
      const one = this.handles[i];
      put(one, "visibility", v ? "inherit" : "hidden");
      put(one, "tabindex", v ? 0 : -1);
      if (!v) continue;
      const [x, y] = this.screen(v.points_lps_mm, view)[2 * COLUMNS.indexOf(column) + end];
      put(one, "transform", `translate(${x.toFixed(2)} ${y.toFixed(2)}) scale(${size})`);
      put(one, "aria-label", `${v.level ?? "unnamed vertebra"}: ${column} ${ENDS[end]} point`);
      const chosen = this.state.point?.column === column && this.state.point.end === end;
      one.classList.toggle("chosen", chosen);
    }
  }
}

function handle() {
  const parts = [svg("circle", { class: "halo", r: 8 }), svg("circle", { class: "ring", r: 6.5 }), svg("circle", { class: "core", r: 1.4 })];
  return svg("g", { class: "handle", role: "button", "aria-roledescription": "point to move with the arrow keys" }, ...parts);
}

/**
 * @param {string} id
 * @returns {Marks}
 */
function newMarks(id) {
  const casing = svg("path", { class: "casing" });
  const heights = COLUMNS.map((column) => svg("line", { class: `height ${column}` }));
  const endplates = ENDS.map(() => svg("polyline", { class: "endplate" }));
  const dots = COLUMNS.flatMap((column) => ENDS.map((end) => svg("circle", { class: "dot", "data-point": `${column} ${end}` })));
  const [name, said, loss] = ["name", "said", "said"].map((kind) => svg("text", { class: kind }));
  const group = svg("g", { class: "body", "data-id": id }, casing, ...heights, ...endplates, ...dots, name, said, loss);
  return { group, casing, heights, endplates, dots, name, said, loss };
}

/**
 * @param {Marks} marks
 * @param {XY[]} at
 * @param {View} view
 */
function drawLines(marks, at, view) {
  const paths = [[0, 1], [2, 3], [4, 5], [0, 2, 4], [1, 3, 5]].map((ends) => `M${ends.map((i) => at[i].map(px).join(" ")).join("L")}`);
  put(marks.casing, "d", paths.join(""));
  marks.heights.forEach((line, i) => between(line, at[2 * i], at[2 * i + 1]));
  marks.endplates.forEach((line, e) => put(line, "points", [at[e], at[2 + e], at[4 + e]].map((p) => p.map(px).join(",")).join(" ")));
  const radius = Math.min(Math.max(view.scale * 0.9, 1.6), 3.5);
  marks.dots.forEach((dot, i) => {
    put(dot, "cx", px(at[i][0]));
    put(dot, "cy", px(at[i][1]));
    put(dot, "r", radius);
  });
}

/** @param {number} x */
const px = (x) => x.toFixed(2);

/**
 * @param {Element} line
 * @param {XY} from
 * @param {XY} to
 */
function between(line, from, to) {
  put(line, "x1", px(from[0]));
  put(line, "y1", px(from[1]));
  put(line, "x2", px(to[0]));
  put(line, "y2", px(to[1]));
}

/**
 * The level in front of the body, the grade in words behind it, where neither lies on bone of the body.
 *
 * @param {Marks} marks
 * @param {ReviewVertebra} v
 * @param {Finding} finding
 * @param {XY[]} at
 * @param {State} state
 * @param {number} width of the screen
 */
function label(marks, v, finding, at, state, width) {
  const selected = v.id === state.selected;
  const [xs, ys] = [at.map(([x]) => x), at.map(([, y]) => y)];
  const middle = ys.reduce((sum, y) => sum + y, 0) / ys.length;
  const doubted = finding.body.levelConfidence < state.rules.uncertain_level;
  say(marks.name, `${v.level ?? "?"}${doubted && v.level ? "?" : ""}`);
  put(marks.name, "x", px(Math.max(Math.min(...xs) - 12, LEAST_LABEL_X)));
  put(marks.name, "y", px(middle));
  const roomy = Math.max(...ys) - Math.min(...ys) > ROOMY_PX;
  const [word, loss] = gradeSaid(finding, selected, state);
  const lines = roomy ? [word, loss] : [[word, loss].filter(Boolean).join(", "), ""];
  [marks.said, marks.loss].forEach((text, i) => {
    say(text, lines[i]);
    const [x, wide] = [Math.max(...xs) + 14, lines[i].length * LETTER_PX];
    put(text, "x", px(Math.min(x, Math.max(width - wide - 6, 0))));
    put(text, "y", px(middle + (roomy && loss ? 18 * i - 9 : 0)));
  });
}

/**
 * Grade in words, and loss; a sound body says nothing unless it is chosen.
 *
 * @param {Finding} finding
 * @param {boolean} selected
 * @param {State} state
 * @returns {[string, string]}
 */
function gradeSaid(finding, selected, state) {
  if (finding.grade === null) return ["not assessed", ""];
  if (finding.grade === 0 && !selected) return ["", ""];
  const word = finding.grade === 0 ? "grade 0" : `${finding.grade} ${state.rules.genant.names[finding.grade]}`;
  return [word, percent(finding.loss)];
}

/**
 * @param {XY[]} here
 * @param {XY[]} there
 * @param {number[]} moved mm
 */
function ghosts(here, there, moved) {
  return moved.flatMap((mm, i) => {
    if (!mm) return [];
    const tie = svg("line", { class: "tie" });
    between(tie, here[i], there[i]);
    const [x, y] = there[i];
    return [tie, svg("path", { class: "was", d: `M${px(x)} ${px(y - 5)} l5 5 l-5 5 l-5 -5 z` })];
  });
}

/**
 * @param {XY[]} at
 * @param {string} name
 */
function deleted(at, name) {
  const outline = [at[0], at[2], at[4], at[5], at[3], at[1]].map((p) => p.map(px).join(",")).join(" ");
  const [x, y] = [(at[0][0] + at[5][0]) / 2, (at[0][1] + at[5][1]) / 2];
  const outlined = svg("polygon", { class: "gone", points: outline });
  // on a small body the words would lie over the names of its neighbours; the outline says enough
  if (at[1][1] - at[0][1] < ROOMY_PX / 2) return svg("g", {}, outlined);
  const words = svg("text", { class: "gone", x: px(x), y: px(y) }, `${name} deleted`);
  return svg("g", {}, outlined, words);
}
