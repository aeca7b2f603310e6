// @ts-check
/** Rounding and printing of numbers as Python does it: to the nearest, a tie to the even neighbour. */

/**
 * Python's round(x, digits).
 *
 * @param {number} x
 * @param {number} digits
 */
export function rounded(x, digits) {
  // only a multiple of 2 ** -(digits + 1) lies exactly between two decimals
  const doubled = Math.abs(x) * 2 ** (digits + 1);
  if (!Number.isInteger(doubled) || doubled % 2 === 0) return Number(x.toFixed(digits));
  const scaled = Math.abs(x) * 10 ** digits;
  const below = Math.floor(scaled);
  const nearest = scaled - below === 0.5 ? below + (below % 2) : Math.round(scaled);
  return (Math.sign(x) * nearest) / 10 ** digits;
}

/**
 * Python's f"{x:.0f}".
 *
 * @param {number} x
 */
export function fixed(x) {
  return rounded(x, 0).toFixed(0);
}
