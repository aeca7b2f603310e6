// @ts-check
/** What the model said, as a review begins with it, and what a reader changed of it (endplate.review.document, .edits). */

import { reasonAgainst } from "../rules/measure.js";
import { COLUMNS, distance } from "./vertebrae.js";

/** @typedef {import("../rules/types.js").ReviewVertebra} ReviewVertebra */
/** @typedef {import("../rules/types.js").Rules} Rules */
/** @typedef {import("./types.js").ModelEntry} ModelEntry */

/**
 * Why the model doubts a body's points; null where its reason follows from points, level or field of view, which are judged anew.
 *
 * @param {ModelEntry} entry
 * @param {Rules} rules
 * @returns {string | null}
 */
export function modelDoubt(entry, rules) {
  if (entry.reason === null || !entry.complete || entry.reason === `${entry.level} lies outside the norms`) return null;
  const { anterior, middle, posterior } = entry.points_lps_mm;
  const sd = COLUMNS.map((column) => entry.points_sd_mm[column]);
  const body = { points: [anterior, middle, posterior], sd, level: entry.level, levelConfidence: 1, complete: true, doubt: null };
  return reasonAgainst(/** @type {any} */ (body), rules) === entry.reason ? null : entry.reason.slice(0, 200);
}

/**
 * Which of a body's six points the reader moved, in the order of `COLUMNS`, superior first.
 *
 * @param {ReviewVertebra} vertebra
 * @param {ModelEntry} entry
 * @param {Rules} rules
 */
export function movedMm(vertebra, entry, rules) {
  return COLUMNS.flatMap((column) =>
    [0, 1].map((end) => {
      const away = distance(vertebra.points_lps_mm[column][end], entry.points_lps_mm[column][end]);
      return away < rules.unmoved_mm ? 0 : away;
    }),
  );
}

/**
 * Whether the reader added or changed a body.
 *
 * @param {ReviewVertebra} vertebra
 * @param {ModelEntry[]} model the report's vertebrae
 * @param {Rules} rules
 */
export function isChanged(vertebra, model, rules) {
  if (vertebra.model_index === null) return true;
  const entry = model[vertebra.model_index];
  if (vertebra.level !== entry.level || vertebra.not_assessable !== modelDoubt(entry, rules)) return true;
  return movedMm(vertebra, entry, rules).some((away) => away > 0);
}

/**
 * Whether anything differs from what the model said: then a review is accepted with edits.
 *
 * @param {ReviewVertebra[]} vertebrae
 * @param {ModelEntry[]} model
 * @param {Rules} rules
 */
export function isEdited(vertebrae, model, rules) {
  return vertebrae.length !== model.length || vertebrae.some((v) => isChanged(v, model, rules));
}
