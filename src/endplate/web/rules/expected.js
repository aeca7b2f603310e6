// @ts-check
/** The posterior height that a body's neighbours lead one to expect (endplate.morphometry.expected). */

/**
 * @typedef {object} Size
 * @property {number} place level coordinate, NaN where unknown
 * @property {number} share Hp / norm Hp, NaN where either is unknown or the body is not assessable
 * @property {number} shareSd
 * @property {number} ratioLoss loss by Ha/Hp and Hm/Hp alone
 */

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/**
 * Share of the norm expected of body i, and its standard deviation; NaN with too few neighbours.
 *
 * @param {Size[]} sizes
 * @param {number} i
 * @param {import("./types.js").Rules["neighbours"]} rules
 * @returns {[number, number]}
 */
export function expectedShare(sizes, i, rules) {
  const others = sizes.filter((size, j) => j !== i && Number.isFinite(size.share));
  const near = others.filter((size) => isNear(size, sizes[i], rules));
  if (near.length < rules.least) return [NaN, NaN];
  const upright = others.filter((size) => size.ratioLoss < rules.ratio_loss);
  const sound = near.filter((size) => isSound(size, upright, rules));
  const kept = sound.length >= rules.least ? sound : near;
  const square = kept.reduce((sum, size) => sum + size.shareSd ** 2, 0) / kept.length;
  // a median's standard deviation is sqrt(pi / 2) times the mean's, for many normal values
  return [median(kept.map((size) => size.share)), Math.sqrt(((Math.PI / 2) * square) / kept.length)];
}

/**
 * @param {Size} size
 * @param {Size} of
 * @param {import("./types.js").Rules["neighbours"]} rules
 */
function isNear(size, of, rules) {
  return Math.abs(size.place - of.place) <= rules.reach;
}

/**
 * Whether a body looks fractured neither by its ratios nor against the other upright ones.
 *
 * @param {Size} size
 * @param {Size[]} upright
 * @param {import("./types.js").Rules["neighbours"]} rules
 */
function isSound(size, upright, rules) {
  if (!upright.includes(size)) return false;
  const beside = upright.filter((other) => other !== size && isNear(other, size, rules));
  if (beside.length < rules.least) return true;
  return 1 - size.share / median(beside.map((other) => other.share)) < rules.posterior_loss;
}
