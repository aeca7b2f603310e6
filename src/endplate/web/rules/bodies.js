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
  return {
    points: [anterior, middle, posterior],
    sd: [deviations(entry, v, "anterior", rules), deviations(entry, v, "middle", rules), deviations(entry, v, "posterior", rules)],
    level: v.level,
    levelConfidence: entry === null || isReaders(entry, v) ? Number(v.level !== null) : entry.level_confidence,
    complete: entry === null || entry.complete,
    doubt: v.not_assessable,
  };
}

/**
 * Whether the reader stands by a name: gave it, took the model's away, or confirmed it (endplate.review.naming).
 *
 * @param {Entry | null} entry
 * @param {ReviewVertebra} v
 */
function isReaders(entry, v) {
  return entry === null || v.level !== entry.level || v.level_confirmed === true;
}

/**
 * Whether the reader stands by every name, so that the model's doubt of the whole count falls away (endplate.review.naming).
 *
 * @param {Entry[]} model the report's vertebrae
 * @param {ReviewVertebra[]} vertebrae the review's
 */
export function areNamesSettled(model, vertebrae) {
  const named = vertebrae.filter((v) => v.level !== null);
  const counted = named.length ? named : vertebrae;
  return counted.length > 0 && counted.every((v) => isReaders(v.model_index === null ? null : model[v.model_index], v));
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
