// @ts-check
/** Whether the model doubts its level names: said above the page, with the shift that its next likely reading asks for. */

import { chance } from "../words.js";
import { banner } from "./dialogue.js";
import { changed, fittingNames, shifted } from "./vertebrae.js";

/** @typedef {import("../rules/types.js").ReviewVertebra} ReviewVertebra */
/** @typedef {import("../rules/types.js").Rules} Rules */
/** @typedef {import("./state.js").State} State */

export class NamesInDoubt {
  /** @param {State} state */
  constructor(state) {
    this.state = state;
  }

  draw() {
    const { report, editable } = this.state;
    if (!report.levels || !this.#doubted()) return banner("names", null);
    const { top, alternative } = report.levels;
    const after = editable && top && alternative ? this.#renamed(top, alternative) : null;
    // worked out again on the click: the button outlives the edits that came since it was drawn
    const act = () => void this.state.edit((vertebrae) => (top && alternative && this.#renamed(top, alternative)?.vertebrae) || vertebrae);
    banner("names", said(report.levels, after !== null), after ? [{ text: after.text, act }] : []);
  }

  /** Whether a name that the reader left as it was is less sure than wanted, or all together are. */
  #doubted() {
    const { findings, report, rules, shown } = this.state;
    if (!shown.length) return false;
    // a body that the reader left without a name is the reader's doubt, not the model's
    if (findings.some(({ body }) => body.level !== null && body.levelConfidence < rules.uncertain_level)) return true;
    const untouched = shown.every((v) => v.model_index !== null && v.level === report.vertebrae[v.model_index].level);
    return untouched && report.levels?.uncertain === true;
  }

  /**
   * The names by the model's next likely reading; null where one would leave C1 to S1.
   *
   * @param {string} top the first name as the model has it
   * @param {string} other
   * @returns {{vertebrae: ReviewVertebra[], text: string} | null}
   */
  #renamed(top, other) {
    const { vertebrae, rules } = this.state;
    if (!vertebrae.length) return null;
    const usual = Object.keys(rules.levels).filter((name) => Number.isInteger(rules.levels[name].place));
    if (usual.includes(top) && usual.includes(other)) {
      const after = shiftedBy(vertebrae, usual.indexOf(other) - usual.indexOf(top), rules);
      return after && { vertebrae: after, text: `Shift all names: ${top} → ${other}` };
    }
    // a variant (T13, L6) is one more name between the others, which all keep theirs
    const fits = fittingNames(vertebrae, 0, rules).includes(other);
    return fits ? { vertebrae: changed(vertebrae, vertebrae[0].id, { level: other }), text: `Rename the first: ${top} → ${other}` } : null;
  }
}

/**
 * @param {NonNullable<import("./types.js").Report["levels"]>} levels
 * @param {boolean} offered whether a button offers the other names
 */
function said({ confidence, top, alternative, alternative_probability }, offered) {
  const taken = `Level names are uncertain: the first vertebra is taken for ${top ?? "an unnamed one"} (${chance(confidence)})`;
  const other = alternative ? `, it may be ${alternative} (${chance(alternative_probability)})` : "";
  return `${taken}${other}.${offered ? " Count from the last rib or the sacrum." : ""}`;
}

/**
 * @param {ReviewVertebra[]} vertebrae
 * @param {number} steps towards the feet where positive
 * @param {Rules} rules
 */
function shiftedBy(vertebrae, steps, rules) {
  /** @type {ReviewVertebra[] | null} */
  let after = steps === 0 ? null : vertebrae;
  for (let step = 0; after && step < Math.abs(steps); step += 1) after = shifted(after, steps > 0 ? 1 : -1, rules);
  return after;
}
