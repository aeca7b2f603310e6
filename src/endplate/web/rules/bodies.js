// @ts-check
/** A report's and a review's vertebrae -> what is measured (endplate.review.apply): whose points, whose deviations, whose names. */

import { length, minus } from "./heights.js";

/** @typedef {import("./types.js").Body} Body */
/** @typedef {import("./types.js").Entry} Entry */
/** @typedef {import("./types.js").ReviewVertebra} ReviewVertebra */
/** @typedef {import("./types.js").Rules} Rules */

/**
 * The bodies of a review, head to feet.
 *
 * @param {Entry[]} model the report's vertebrae
 * @param {ReviewVertebra[]} vertebrae the review's
 * @param {Rules} rules
 * @returns {Body[]}
 */
export function bodiesOf(model, vertebrae, rules) {
  return vertebrae.map((v) => bodyOf(v.model_index === null ? null : model[v.model_index], v, rules));
}

/**
 * One body, with a reader's deviation at every point that was moved or added, the model's elsewhere.
 *
 * @param {Entry | null} entry
 * @param {ReviewVertebra} v
 * @param {Rules} rules
 * @returns {Body}
 */
function bodyOf(entry, v, rules) {
  const { anterior, middle, posterior } = v.points_lps_mm;
  const named = v.level === null ? 0 : 1;
  return {
    points: [anterior, middle, posterior],
    sd: [deviations(entry, v, "anterior", rules), deviations(entry, v, "middle", rules), deviations(entry, v, "posterior", rules)],
    level: v.level,
    levelConfidence: entry !== null && entry.level === v.level ? entry.level_confidence : named,
    complete: entry === null || entry.complete,
    doubt: v.not_assessable,
  };
}

/**
 * @param {Entry | null} entry
 * @param {ReviewVertebra} v
 * @param {"anterior" | "middle" | "posterior"} column
 * @param {Rules} rules
 * @returns {[number, number]}
 */
function deviations(entry, v, column, rules) {
  const [superior, inferior] = [0, 1].map((e) => {
    if (entry === null) return rules.reader_sd_mm;
    const away = length(minus(v.points_lps_mm[column][e], entry.points_lps_mm[column][e]));
    return away < rules.unmoved_mm ? entry.points_sd_mm[column][e] : rules.reader_sd_mm;
  });
  return [superior, inferior];
}
