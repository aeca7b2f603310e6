// @ts-check
/** Whether the model doubts its level names: said above the page, with the shift that its next likely reading asks for. */

import { chance } from "../words.js";
import { banner } from "./dialogue.js";
import { shifted } from "./vertebrae.js";

/** @typedef {import("../rules/types.js").ReviewVertebra} ReviewVertebra */
/** @typedef {import("../rules/types.js").Rules} Rules */
/** @typedef {import("./state.js").State} State */

export class NamesInDoubt {
  /** @param {State} state */
  constructor(state) {
    this.state = state;
  }

  draw() {
    const { findings, report, rules, editable } = this.state;
    // a body that the reader left without a name is the reader's doubt, not the model's
    const doubted = findings.some(({ body }) => body.level !== null && body.levelConfidence < rules.uncertain_level);
    if (!doubted || !report.levels) return banner("names", null);
    const { top, alternative } = report.levels;
    const after = editable && top && alternative ? renamed(this.state.vertebrae, stepsBetween(top, alternative, rules), rules) : null;
    const act = () => void (after && this.state.edit(() => after));
    banner("names", said(report.levels, after !== null), after ? [{ text: `Shift all names: ${top} → ${alternative}`, act }] : []);
  }
}

/**
 * @param {NonNullable<import("./types.js").Report["levels"]>} levels
 * @param {boolean} offered whether a button offers the other names
 */
function said({ confidence, top, alternative, alternative_probability }, offered) {
  const taken = `Level names are uncertain: the model takes the first vertebra for ${top ?? "an unnamed one"} (${chance(confidence)})`;
  const other = alternative ? `, it may be ${alternative} (${chance(alternative_probability)})` : "";
  return `${taken}${other}.${offered ? " Count from the last rib or the sacrum." : ""}`;
}

/**
 * How many names lie between two, towards the feet where positive; variants (T13, L6) do not count.
 *
 * @param {string} from
 * @param {string} to
 * @param {Rules} rules
 */
function stepsBetween(from, to, rules) {
  const names = Object.keys(rules.levels).filter((name) => Number.isInteger(rules.levels[name].place));
  return names.indexOf(to) - names.indexOf(from);
}

/**
 * @param {ReviewVertebra[]} vertebrae
 * @param {number} steps towards the feet where positive
 * @param {Rules} rules
 * @returns {ReviewVertebra[] | null} null where a name would leave C1 to S1
 */
function renamed(vertebrae, steps, rules) {
  /** @type {ReviewVertebra[] | null} */
  let after = steps === 0 ? null : vertebrae;
  for (let step = 0; after && step < Math.abs(steps); step += 1) after = shifted(after, steps > 0 ? 1 : -1, rules);
  return after;
}
