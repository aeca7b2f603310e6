// @ts-check
/** The semi-quantitative scale of Genant and its shapes (endplate.morphometry.genant). */

/** @typedef {import("./types.js").Rules["genant"]} Scale */

/**
 * Grade 0 to 3 of a height loss.
 *
 * @param {number} loss
 * @param {Scale} scale
 */
export function gradeOfLoss(loss, scale) {
  return scale.loss.filter((cut) => cut <= loss).length;
}

/**
 * Shape of the losses of the anterior, middle and posterior column; null below grade 1.
 *
 * @param {import("./types.js").Three} losses
 * @param {Scale} scale
 */
export function shapeOfLosses(losses, scale) {
  if (Math.max(...losses) < scale.loss[0]) return null;
  if (losses[2] >= scale.crushed) return scale.shapes[2];
  return scale.shapes[losses[1] > losses[0] ? 1 : 0];
}
