// @ts-check
/** The original sagittal, coronal and axial planes through the chosen vertebra, with its points in place. */

import { getPixels } from "../api.js";
import { element } from "../element.js";
import { part, say } from "./dom.js";
import { GreyImage, sharp } from "./grey.js";
import { extent } from "./places.js";
import { centreOf, COLUMNS } from "./vertebrae.js";

/** @typedef {import("../rules/types.js").Point} Point */
/** @typedef {import("../rules/types.js").ReviewVertebra} ReviewVertebra */
/** @typedef {import("./grey.js").Pixels} Pixels */
/** @typedef {import("./grey.js").Window} Window */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./types.js").ImagesInfo["context"]} Context */
/** @typedef {"sagittal" | "coronal" | "axial"} Which */

/** for each plane the LPS axis across, down, and through it; whether rows run against their axis; mm to be seen; names of sides */
const PLANES = {
  sagittal: { across: 1, down: 2, through: 0, upright: true, sides: ["A", "P"], axis: "x" },
  coronal: { across: 0, down: 2, through: 1, upright: true, sides: ["R", "L"], axis: "y" },
  axial: { across: 0, down: 1, through: 2, upright: false, sides: ["R", "L"], axis: "z" },
};
const SEEN_MM = 84;
/** farther than this from the plane, a point is drawn faint */
const IN_PLANE_MM = 2.5;
const REST_MS = 60;
const KEPT = 60;

export class Planes {
  /**
   * @param {State} state
   * @param {string} scanId
   * @param {Context | null} context
   * @param {() => void} redraw
   */
  constructor(state, scanId, context, redraw) {
    const names = /** @type {Which[]} */ (Object.keys(PLANES));
    this.panes = context ? names.map((name) => new Pane(name, state, scanId, context, redraw)) : [];
  }

  /** @param {Window} window */
  draw(window) {
    for (const pane of this.panes) pane.draw(window);
  }
}

class Pane {
  #grey = new GreyImage();
  /** @type {Map<number, Pixels>} */
  #kept = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #waiting;
  /** @type {number | null} */
  #asked = null;
  /** @type {Pixels | null} */
  #pixels = null;
  /** why the plane did not come */
  #trouble = "";
  /** @type {string | null} */
  #of = null;
  /** @type {Point} */
  #centre = [0, 0, 0];
  /** how far the reader scrolled from the vertebra's centre, mm */
  #off = 0;
  /** kept, since asking for it lays the page out @type {[number, number]} */
  #size = [0, 0];
  /** what the two canvases show @type {[unknown[], unknown[]]} */
  #drawn = [[], []];

  /**
   * @param {Which} name
   * @param {State} state
   * @param {string} scanId
   * @param {Context} context
   * @param {() => void} redraw
   */
  constructor(name, state, scanId, context, redraw) {
    this.name = name;
    this.plane = PLANES[name];
    this.state = state;
    this.scanId = scanId;
    this.context = context;
    this.redraw = redraw;
    this.canvas = /** @type {HTMLCanvasElement} */ (/** @type {unknown} */ (part(name)));
    // points over the image: while one is dragged the image is not drawn again
    this.over = element("canvas", { "aria-hidden": "true", class: "over" });
    this.canvas.after(this.over);
    this.canvas.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    this.canvas.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(([{ contentRect }]) => this.#sized(contentRect)).observe(this.canvas);
  }

  /** @param {{width: number, height: number}} size */
  #sized({ width, height }) {
    this.#size = [width, height];
    this.redraw();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    this.#scroll(Math.sign(event.deltaY));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const by = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 }[event.key];
    if (by === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.#scroll(by);
  }

  /** @param {number} by steps: to the left, to the back, to the feet */
  #scroll(by) {
    const step = by * this.context.spacing_mm * (this.plane.through === 2 ? -1 : 1);
    const to = this.#nearest(this.#centre[this.plane.through] + this.#off + step);
    const [low, high] = extent(this.context, this.plane.through);
    if (step < 0 ? to < low : to > high) return;
    this.#off += step;
    this.redraw();
  }

  /** @param {number} at mm */
  #nearest(at) {
    return Math.round(at / this.context.spacing_mm) * this.context.spacing_mm;
  }

  /** @param {Window} window */
  draw(window) {
    const v = this.state.selectedVertebra;
    if (!v) return;
    // the plane stays where it is while points are moved
    if (v.id !== this.#of) this.#turnTo(v);
    this.#want(this.#centre[this.plane.through] + this.#off);
    const image = [window, this.#pixels, this.#trouble, this.#off, this.#of, ...this.#size, devicePixelRatio];
    const points = [...image, v, this.state.point, gradeOf(this.state)];
    if (isNew(image, this.#drawn[0])) this.#paint(window);
    if (isNew(points, this.#drawn[1])) this.#points(v);
    this.#drawn = [image, points];
  }

  /** @param {ReviewVertebra} v */
  #turnTo(v) {
    [this.#of, this.#centre, this.#off] = [v.id, centreOf(v), 0];
    // what did not come is asked for again
    if (this.#trouble) this.#asked = null;
  }

  /** @param {number} at mm */
  #want(at) {
    const nearest = this.#nearest(at);
    if (nearest === this.#asked) return;
    this.#asked = nearest;
    this.#trouble = "";
    const kept = this.#kept.get(nearest);
    if (kept) return void (this.#pixels = kept);
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.#fetch(nearest), this.#pixels ? REST_MS : 0);
  }

  /** @param {number} at */
  async #fetch(at) {
    try {
      const pixels = await getPixels(`/scans/${this.scanId}/images/${this.name}?at=${at}`);
      if (this.#kept.size >= KEPT) this.#kept.clear();
      this.#kept.set(at, pixels);
      if (this.#asked === at) this.#pixels = pixels;
    } catch (error) {
      if (this.#asked !== at) return;
      // no other plane stays under the points; this one is asked for again once the reader scrolls or chooses anew
      [this.#pixels, this.#trouble] = [null, `did not come: ${/** @type {Error} */ (error).message}`];
    }
    this.redraw();
  }

  get #scale() {
    return Math.min(...this.#size) / SEEN_MM;
  }

  /** @param {Window} window */
  #paint(window) {
    const context = sharp(this.canvas, this.#size);
    const [scale, s] = [this.#scale, this.context.spacing_mm];
    const [x, y] = this.#onScreen(this.context.origin_lps_mm);
    if (this.#pixels) {
      const { columns, rows } = this.#pixels;
      this.#grey.draw(context, this.#pixels, window, [x - (s * scale) / 2, y - (s * scale) / 2, columns * s * scale, rows * s * scale]);
    }
    const mm = this.#off === 0 ? "through its centre" : `${Math.abs(this.#off)} mm ${this.#way()}`;
    say(part(`${this.name}-at`), this.#trouble || mm);
  }

  #way() {
    const ways = [["to the right", "to the left"], ["in front", "behind"], ["below", "above"]];
    return ways[this.plane.through][this.#off > 0 ? 1 : 0];
  }

  /**
   * @param {Point} point
   * @returns {[number, number]}
   */
  #onScreen(point) {
    const { across, down, upright } = this.plane;
    const [x, y] = [point[across] - this.#centre[across], point[down] - this.#centre[down]];
    const [width, height] = this.#size;
    return [width / 2 + x * this.#scale, height / 2 + (upright ? -y : y) * this.#scale];
  }

  /** @param {ReviewVertebra} v */
  #points(v) {
    const context = sharp(this.over, this.#size);
    const at = this.#centre[this.plane.through] + this.#off;
    const colour = gradeColour(gradeOf(this.state));
    for (const column of COLUMNS) {
      const ends = v.points_lps_mm[column].map((point) => this.#onScreen(point));
      const away = v.points_lps_mm[column].map((point) => Math.abs(point[this.plane.through] - at));
      line(context, ends, colour, Math.max(...away) <= IN_PLANE_MM);
      ends.forEach((end, e) => {
        const chosen = this.state.point?.column === column && this.state.point.end === e;
        dot(context, end, colour, away[e] <= IN_PLANE_MM, chosen);
      });
    }
    context.globalAlpha = 1;
  }
}

/**
 * @param {unknown[]} facts
 * @param {unknown[]} before
 */
function isNew(facts, before) {
  return facts.some((fact, i) => fact !== before[i]);
}

/** @param {State} state */
function gradeOf(state) {
  return state.findings[state.selectedIndex]?.grade ?? "-none";
}

/** @type {Map<number | string, string>} */
const colours = new Map();

/**
 * As css/base.css has it, asked once: the answer lays the page out.
 *
 * @param {number | string} grade
 */
function gradeColour(grade) {
  const known = colours.get(grade) ?? getComputedStyle(document.documentElement).getPropertyValue(`--g${grade}`);
  colours.set(grade, known);
  return known;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number][]} ends
 * @param {string} colour
 * @param {boolean} near
 */
function line(context, ends, colour, near) {
  context.globalAlpha = near ? 0.9 : 0.45;
  context.strokeStyle = colour;
  context.lineWidth = 1.25;
  context.setLineDash(near ? [] : [3, 3]);
  context.beginPath();
  context.moveTo(...ends[0]);
  context.lineTo(...ends[1]);
  context.stroke();
  context.setLineDash([]);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {[number, number]} at
 * @param {string} colour
 * @param {boolean} near
 * @param {boolean} chosen
 */
function dot(context, [x, y], colour, near, chosen) {
  context.globalAlpha = near ? 1 : 0.75;
  context.beginPath();
  context.arc(x, y, chosen ? 5 : 3, 0, 2 * Math.PI);
  context.strokeStyle = "#000";
  context.lineWidth = 1;
  context.fillStyle = colour;
  if (near) context.fill();
  else context.strokeStyle = colour;
  context.stroke();
}
