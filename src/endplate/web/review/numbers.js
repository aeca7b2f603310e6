// @ts-check
/** Measured numbers as the page writes them; rounded as the report rounds first, so that the two never differ by a digit. */

import { fixed, rounded } from "../rules/rounding.js";

const NONE = "–";

/**
 * @param {number | null} mm
 */
export const millimetres = (mm) => (known(mm) ? rounded(Number(mm), 1).toFixed(1) : NONE);

/** @param {number | null} ratio */
export const ratio = (ratio) => (known(ratio) ? rounded(Number(ratio), 2).toFixed(2) : NONE);

/** @param {number | null} share of 1 */
export const percent = (share) => (known(share) ? `${fixed(100 * rounded(Number(share), 4))} %` : NONE);

/**
 * "31 % (26-36)".
 *
 * @param {number | null} loss
 * @param {readonly (number | null)[] | null} interval
 */
export function lossSaid(loss, interval) {
  if (!known(loss) || !interval) return NONE;
  const [low, high] = interval.map((x) => fixed(100 * rounded(Number(x), 4)));
  return `${percent(loss)} (${low}-${high})`;
}

/** @param {number | null} x */
function known(x) {
  return x !== null && Number.isFinite(x);
}
