// @ts-check
/** Heights and their ratios, from six points in patient space (endplate.morphometry.heights). */

/** @typedef {import("./types.js").Point} Point */
/** @typedef {import("./types.js").Three} Three */

/**
 * @param {Point} a
 * @param {Point} b
 * @returns {Point}
 */
export function minus(a, b) {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

/**
 * @param {Point} a
 * @param {Point} b
 */
export function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** @param {Point} a */
export function length(a) {
  return Math.sqrt(dot(a, a));
}

/**
 * @param {Point[]} points
 * @returns {Point}
 */
export function mean(points) {
  const total = points.reduce((sum, p) => [sum[0] + p[0], sum[1] + p[1], sum[2] + p[2]]);
  return [total[0] / points.length, total[1] / points.length, total[2] / points.length];
}

/**
 * Anterior, middle and posterior height in mm.
 *
 * @param {import("./types.js").SixPoints} points
 * @returns {Three}
 */
export function heights(points) {
  const [a, m, p] = points.map(([superior, inferior]) => length(minus(superior, inferior)));
  return [a, m, p];
}

/**
 * Ha/Hp and Hm/Hp; a height of nothing counts as `least` mm.
 *
 * @param {Three} tall
 * @param {number} least
 * @returns {[number, number]}
 */
export function ratios(tall, least) {
  const [a, m, p] = tall.map((h) => Math.max(h, least));
  return [a / p, m / p];
}

/**
 * Raw index G = min / max height.
 *
 * @param {Three} tall
 * @param {number} least
 */
export function genantIndex(tall, least) {
  const some = tall.map((h) => Math.max(h, least));
  return Math.min(...some) / Math.max(...some);
}
