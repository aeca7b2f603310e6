// @ts-check
/** Whether level names are in doubt: said above the page, with the shift that the model's next likely reading asks for, or none. */

import { areNamesSettled } from "../rules/bodies.js";
import { chance } from "../words.js";
import { banner } from "./dialogue.js";
import { part } from "./dom.js";
import { fittingNames, renamed, shifted } from "./vertebrae.js";

/** @typedef {import("./actions.js").Actions} Actions */
/** @typedef {NonNullable<import("./types.js").Report["levels"]>} Levels */
/** @typedef {import("../rules/types.js").ReviewVertebra} ReviewVertebra */
/** @typedef {import("../rules/types.js").Rules} Rules */
/** @typedef {import("./state.js").State} State */

/**
 * Whether a name by which the reader does not stand is less sure than wanted, or the count of all is.
 *
 * @param {State} state
 */
export function inDoubt({ findings, report, rules, shown }) {
  if (!report.levels || !shown.some((v) => v.level !== null)) return false;
  // a body that the reader left without a name is the reader's doubt, not the model's
  if (findings.some(({ body }) => body.level !== null && body.levelConfidence < rules.uncertain_level)) return true;
  return report.levels.uncertain && !areNamesSettled(report.vertebrae, shown);
}

export class NamesInDoubt {
  /**
   * @param {State} state
   * @param {Actions} actions
   */
  constructor(state, actions) {
    this.state = state;
    this.actions = actions;
  }

  draw() {
    const { report, editable } = this.state;
    if (!report.levels || !inDoubt(this.state)) return banner("names", null);
    banner("names", said(report.levels, editable), editable ? this.#buttons(report.levels) : []);
  }

  /** @param {Levels} levels */
  #buttons({ top, alternative }) {
    const right = { text: "Names are right", key: "c", act: () => this.#done(() => this.actions.confirmNames()) };
    const after = top && alternative ? this.#renamed(top, alternative) : null;
    if (!after || !top || !alternative) return [right];
    // worked out again on the click: the button outlives the edits that came since it was drawn
    const act = () => this.#done(() => void this.state.edit((vertebrae) => this.#renamed(top, alternative)?.vertebrae ?? vertebrae));
    return [{ text: after.text, act }, right];
  }

  /**
   * The buttons go, and would leave the keyboard nowhere.
   *
   * @param {() => void} act
   */
  #done(act) {
    act();
    part("stage").focus();
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
    const fits = vertebrae[0].level !== other && fittingNames(vertebrae, 0, rules).includes(other);
    return fits ? { vertebrae: renamed(vertebrae, vertebrae[0].id, other), text: `Rename the first: ${top} → ${other}` } : null;
  }
}

/**
 * @param {Levels} levels
 * @param {boolean} editable
 */
function said({ confidence, top, alternative, alternative_probability }, editable) {
  const taken = `Level names are uncertain: the first vertebra is taken for ${top ?? "an unnamed one"} (${chance(confidence)})`;
  const other = alternative ? `, it may be ${alternative} (${chance(alternative_probability)})` : "";
  return `${taken}${other}.${editable ? " Count from the last rib or the sacrum." : ""}`;
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
