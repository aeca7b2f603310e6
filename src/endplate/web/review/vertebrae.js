// @ts-check
/** A review's vertebrae and what a reader can do to them. Nothing is changed in place: every edit gives a new list, or the same. */

import { length, mean, minus } from "../rules/heights.js";

/** @typedef {import("../rules/types.js").Point} Point */
/** @typedef {import("../rules/types.js").PointPairs} PointPairs */
/** @typedef {import("../rules/types.js").ReviewVertebra} ReviewVertebra */
/** @typedef {import("../rules/types.js").Rules} Rules */
/** @typedef {"anterior" | "middle" | "posterior"} Column */
/** @typedef {{column: Column, end: 0 | 1}} Which of the six points; end 0 is superior */

/** @type {Column[]} */
export const COLUMNS = ["anterior", "middle", "posterior"];
export const ENDS = ["superior", "inferior"];
/** @type {Which[]} the order of Tab: around the body, as one draws it */
export const SIX = [
  { column: "anterior", end: 0 },
  { column: "middle", end: 0 },
  { column: "posterior", end: 0 },
  { column: "posterior", end: 1 },
  { column: "middle", end: 1 },
  { column: "anterior", end: 1 },
];
const FARTHEST_MM = 10000;
const DECIMALS = 1000;
const MOST = 40;

/** @param {ReviewVertebra} vertebra */
export const pointsOf = ({ points_lps_mm: p }) => COLUMNS.flatMap((column) => p[column]);

/** @param {ReviewVertebra} vertebra */
export const centreOf = (vertebra) => mean(pointsOf(vertebra));

/**
 * A copy with one point elsewhere, rounded to a micrometre as reports are; the same list where bodies would no longer lie head to
 * feet.
 *
 * @param {ReviewVertebra[]} vertebrae
 * @param {string} id
 * @param {Which} which
 * @param {Point} to LPS mm
 * @returns {ReviewVertebra[]}
 */
export function moved(vertebrae, id, { column, end }, to) {
  const point = rounded(to);
  const after = vertebrae.map((v) => {
    if (v.id !== id) return v;
    const pair = v.points_lps_mm[column];
    /** @type {[Point, Point]} */
    const changed = end === 0 ? [point, pair[1]] : [pair[0], point];
    return { ...v, points_lps_mm: { ...v.points_lps_mm, [column]: changed } };
  });
  return isPossible(after) ? after : vertebrae;
}

/**
 * @param {Point} point
 * @returns {Point}
 */
function rounded([x, y, z]) {
  return [Math.round(x * DECIMALS) / DECIMALS, Math.round(y * DECIMALS) / DECIMALS, Math.round(z * DECIMALS) / DECIMALS];
}

/**
 * Whether the service would take it: not too many, centres head to feet, points where a scanner can be.
 *
 * @param {ReviewVertebra[]} vertebrae
 */
export function isPossible(vertebrae) {
  const z = vertebrae.map((v) => centreOf(v)[2]);
  const near = vertebrae.every((v) => pointsOf(v).every((p) => p.every((x) => Number.isFinite(x) && Math.abs(x) <= FARTHEST_MM)));
  return near && vertebrae.length <= MOST && z.every((height, i) => i === 0 || height < z[i - 1]);
}

/**
 * @param {ReviewVertebra[]} vertebrae
 * @param {string} id
 */
export const removed = (vertebrae, id) => vertebrae.filter((v) => v.id !== id);

/**
 * @param {ReviewVertebra[]} vertebrae
 * @param {string} id
 * @param {Partial<ReviewVertebra>} change
 */
export const changed = (vertebrae, id, change) => vertebrae.map((v) => (v.id === id ? { ...v, ...change } : v));

/**
 * A body under a name of the reader's; what was confirmed was the name before.
 *
 * @param {ReviewVertebra} v
 * @param {string | null} level
 * @returns {ReviewVertebra}
 */
const called = (v, level) => (v.level === level ? v : { ...v, level, level_confirmed: false });

/**
 * @param {ReviewVertebra[]} vertebrae
 * @param {string} id
 * @param {string | null} level
 */
export const renamed = (vertebrae, id, level) => vertebrae.map((v) => (v.id === id ? called(v, level) : v));

/**
 * The reader says that all names are right; a body without one stays so.
 *
 * @param {ReviewVertebra[]} vertebrae
 */
export const confirmed = (vertebrae) => vertebrae.map((v) => (v.level === null ? v : { ...v, level_confirmed: true }));

/**
 * The name one step towards the feet (1) or the head (-1), variants (T13, L6) counted only where they are present; null beyond the
 * last (endplate.review.shift).
 *
 * @param {string} level
 * @param {number} by
 * @param {(string | null)[]} present
 * @param {Rules} rules
 */
export function neighboursName(level, by, present, rules) {
  const names = Object.keys(rules.levels).filter((name) => Number.isInteger(rules.levels[name].place) || present.includes(name));
  return names[names.indexOf(level) + by] ?? null;
}

/**
 * Every name moved by one, from one body on where it is given; null where a name would leave C1 to S1 or meet another.
 *
 * @param {ReviewVertebra[]} vertebrae
 * @param {1 | -1} by
 * @param {Rules} rules
 * @param {number} [first] index of the first that is renamed
 * @returns {ReviewVertebra[] | null}
 */
export function shifted(vertebrae, by, rules, first = 0) {
  const present = vertebrae.map((v) => v.level);
  const names = present.map((name, i) => (name === null || i < first ? name : neighboursName(name, by, present, rules)));
  if (names.some((name, i) => name === null && present[i] !== null)) return null;
  if (first > 0 && misnamed(names, rules)) return null;
  return vertebrae.map((v, i) => called(v, names[i]));
}

/**
 * The first two names that do not run from head to feet, which no signed review may hold; null where all do.
 *
 * @param {(string | null)[]} names
 * @param {Rules} rules
 * @returns {[string, string] | null}
 */
export function misnamed(names, rules) {
  const order = Object.keys(rules.levels);
  const known = /** @type {string[]} */ (names.filter((name) => name !== null));
  const at = known.findIndex((name, i) => i > 0 && order.indexOf(known[i - 1]) >= order.indexOf(name));
  return at < 0 ? null : [known[at - 1], known[at]];
}

/**
 * Names that fit between those above and below.
 *
 * @param {ReviewVertebra[]} vertebrae
 * @param {number} at index; between at - 1 and at where `between`
 * @param {Rules} rules
 * @param {boolean} [between] whether it is asked for a body that is not there yet
 */
export function fittingNames(vertebrae, at, rules, between = false) {
  const order = Object.keys(rules.levels);
  const above = vertebrae.slice(0, at).map((v) => order.indexOf(v.level ?? ""));
  const below = vertebrae.slice(between ? at : at + 1).flatMap((v) => (v.level === null ? [] : [order.indexOf(v.level)]));
  return order.filter((_, i) => i > Math.max(-1, ...above) && i < Math.min(order.length, ...below));
}

/**
 * The name that a new body at an index would have: the one that continues the count, null where none is free.
 *
 * @param {ReviewVertebra[]} vertebrae
 * @param {number} at
 * @param {Rules} rules
 */
export function proposedName(vertebrae, at, rules) {
  const present = vertebrae.map((v) => v.level);
  const free = fittingNames(vertebrae, at, rules, true);
  const [above, below] = [present[at - 1], present[at]];
  const name = above ? neighboursName(above, 1, present, rules) : below ? neighboursName(below, -1, present, rules) : null;
  return name !== null && free.includes(name) ? name : null;
}

/**
 * Where a body with this centre belongs, head to feet.
 *
 * @param {ReviewVertebra[]} vertebrae
 * @param {Point} centre
 */
export function placeOf(vertebrae, centre) {
  const at = vertebrae.findIndex((v) => centreOf(v)[2] < centre[2]);
  return at < 0 ? vertebrae.length : at;
}

/**
 * With a new body, head to feet; the same list where it cannot stand.
 *
 * @param {ReviewVertebra[]} vertebrae
 * @param {PointPairs} points
 * @param {string} id
 * @param {Rules} rules
 */
export function added(vertebrae, points, id, rules) {
  const [anterior, middle, posterior] = COLUMNS.map((column) => {
    /** @type {[Point, Point]} */
    const pair = [rounded(points[column][0]), rounded(points[column][1])];
    return pair;
  });
  /** @type {ReviewVertebra} */
  const blank = { id, level: null, points_lps_mm: { anterior, middle, posterior }, model_index: null, not_assessable: null, level_confirmed: false };
  const at = placeOf(vertebrae, centreOf(blank));
  const made = { ...blank, level: proposedName(vertebrae, at, rules) };
  const after = [...vertebrae.slice(0, at), made, ...vertebrae.slice(at)];
  return isPossible(after) ? after : vertebrae;
}

/**
 * How far apart two points are.
 *
 * @param {Point} a
 * @param {Point} b
 */
export function distance(a, b) {
  return length(minus(a, b));
}
