// @ts-check
/** The chosen vertebra: its name, whether it may be graded, and its numbers beside the model's. */

import { element } from "../element.js";
import { chance } from "../words.js";
import { part, say } from "./dom.js";
import { lossSaid, millimetres, ratio } from "./numbers.js";
import { isChanged } from "./opened.js";
import { gradeSaid } from "./table.js";
import { fittingNames } from "./vertebrae.js";

/** @typedef {import("../rules/types.js").Finding} Finding */
/** @typedef {import("../rules/types.js").ReviewVertebra} ReviewVertebra */
/** @typedef {import("./actions.js").Actions} Actions */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./types.js").ModelEntry} ModelEntry */

export class Detail {
  #level = /** @type {HTMLSelectElement} */ (part("level"));
  #reason = /** @type {HTMLInputElement} */ (part("reason"));
  /** what the choices were drawn for */
  #drawn = "";
  /** whether the list of names was opened by mouse */
  #byMouse = false;

  /**
   * @param {State} state
   * @param {Actions} actions
   */
  constructor(state, actions) {
    this.state = state;
    this.#level.addEventListener("pointerdown", () => (this.#byMouse = true));
    this.#level.addEventListener("keydown", () => (this.#byMouse = false));
    this.#level.addEventListener("change", () => this.#named(actions));
    part("aside").addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.#reason.value.trim()) return;
      actions.setAside(this.#reason.value.trim());
      part("stage").focus();
    });
    part("assess").addEventListener("click", () => this.#assess(actions));
    part("delete").addEventListener("click", () => actions.remove());
    part("add-above").addEventListener("click", () => actions.addBeside(-1));
    part("add-below").addEventListener("click", () => actions.addBeside(1));
    part("rest-up").addEventListener("click", () => actions.shift(-1, true));
    part("rest-down").addEventListener("click", () => actions.shift(1, true));
  }

  /** @param {Actions} actions */
  #assess(actions) {
    actions.setAside(null);
    // the button goes, and would leave the keyboard nowhere
    this.#reason.value = "";
    this.#reason.focus();
  }

  /** @param {Actions} actions */
  #named(actions) {
    actions.rename(this.#level.value || null);
    // else the next key that the reader means for the image would choose another name
    if (this.#byMouse) part("stage").focus();
    this.#byMouse = false;
  }

  draw() {
    const { selectedVertebra: v, selectedIndex, findings, editable, shown } = this.state;
    part("detail").hidden = v === null;
    /** @type {HTMLFieldSetElement} */ (part("detail")).disabled = !editable;
    if (v === null) return;
    const finding = findings[selectedIndex];
    const names = [v.id, v.not_assessable, ...shown.map(({ level }) => level)].join();
    if (names !== this.#drawn) this.#choices(v, selectedIndex);
    this.#drawn = names;
    this.#numbers(v, finding);
    const said = finding.reason === null ? this.#likely(finding) : `Not assessed: ${finding.reason}.`;
    say(part("why"), said);
  }

  /**
   * @param {ReviewVertebra} v
   * @param {number} at
   */
  #choices(v, at) {
    const fitting = fittingNames(this.state.shown, at, this.state.rules);
    const names = v.level === null || fitting.includes(v.level) ? fitting : [v.level, ...fitting];
    const wanted = ["", ...names];
    const present = Array.from(this.#level.options).map((option) => option.value);
    if (wanted.join() !== present.join()) {
      this.#level.replaceChildren(...wanted.map((name) => element("option", { value: name }, name || "unnamed")));
    }
    this.#level.value = v.level ?? "";
    if (document.activeElement !== this.#reason) this.#reason.value = v.not_assessable ?? "";
    part("assess").hidden = v.not_assessable === null;
  }

  /** @param {Finding} finding */
  #likely({ gradeProbability, z, weakNorm }) {
    const likely = gradeProbability.map((p, grade) => `${grade}: ${chance(p)}`).join(", ");
    const weak = weakNorm ? " The norm of this level rests on few bodies." : "";
    return `Probability of grade ${likely}. z of Ha/Hp ${z[0].toFixed(1)}, Hm/Hp ${z[1].toFixed(1)}.${weak}`;
  }

  /**
   * @param {ReviewVertebra} v
   * @param {Finding} finding
   */
  #numbers(v, finding) {
    const { names } = this.state.rules.genant;
    const { heights, ratios, loss, interval, grade, shape } = finding;
    const now = [...heights.map(millimetres), ...ratios.map(ratio), lossSaid(loss, interval), gradeSaid(grade, shape, names)];
    part("now").classList.toggle("changed", isChanged(v, this.state.report.vertebrae, this.state.rules));
    fillCells("now", [v.level ?? "?", ...now]);
    const entry = v.model_index === null ? null : this.state.report.vertebrae[v.model_index];
    fillCells("model-said", entry ? modelCells(entry, names) : ["did not find it", ...now.map(() => "")]);
  }
}

/**
 * @param {string} id of a row
 * @param {string[]} texts
 */
function fillCells(id, texts) {
  const cells = part(id).querySelectorAll("td");
  texts.forEach((text, i) => say(cells[i], text));
}

/**
 * @param {ModelEntry} entry
 * @param {string[]} names of grades
 */
function modelCells(entry, names) {
  const { anterior, middle, posterior } = entry.heights_mm;
  return [
    entry.level ?? "?",
    ...[anterior, middle, posterior].map(millimetres),
    ...[entry.ratios.ha_hp, entry.ratios.hm_hp].map(ratio),
    lossSaid(entry.loss, entry.loss_interval_95),
    gradeSaid(entry.grade, entry.shape, names),
  ];
}
