// @ts-check
/** Where the straight image lies on the screen. Pixels are (row, column), the centre of the first is (0, 0); screen is CSS px. */

/**
 * @typedef {object} View
 * @property {number} scale CSS px per image pixel
 * @property {number} x of the image's corner
 * @property {number} y of the image's corner
 *
 * @typedef {{width: number, height: number}} Size
 * @typedef {{top: number, bottom: number, left: number, right: number}} Box in pixels of the image
 */

const LARGEST = 40;
const SMALLEST = 0.2;

/**
 * The view that shows a box in the middle of the screen, with a margin in px.
 *
 * @param {Size} size of the screen
 * @param {Box} box
 * @param {[number, number]} [margin] beside, and above and below
 * @returns {View}
 */
export function showing(size, box, margin = [0, 0]) {
  const wide = Math.max(size.width - 2 * margin[0], 20) / (box.right - box.left);
  const tall = Math.max(size.height - 2 * margin[1], 20) / (box.bottom - box.top);
  const scale = limited(Math.min(wide, tall));
  const [row, column] = [(box.top + box.bottom) / 2, (box.left + box.right) / 2];
  return { scale, x: size.width / 2 - (column + 0.5) * scale, y: size.height / 2 - (row + 0.5) * scale };
}

/** px for names in front and grades behind; for head and feet */
const FIT_MARGIN = [100, 26];

/**
 * The view that shows a whole image, with room for words beside it.
 *
 * @param {Size} size of the screen
 * @param {{rows: number, columns: number}} image
 */
export function fitted(size, { rows, columns }) {
  const box = { top: -0.5, bottom: rows - 0.5, left: -0.5, right: columns - 0.5 };
  return showing(size, box, [Math.min(FIT_MARGIN[0], size.width / 4), FIT_MARGIN[1]]);
}

/** @param {number} scale */
function limited(scale) {
  return Math.min(Math.max(scale, SMALLEST), LARGEST);
}

/**
 * Screen point of a pixel.
 *
 * @param {View} view
 * @param {[number, number]} pixel
 * @returns {[number, number]} x, y
 */
export function onScreen(view, [row, column]) {
  return [view.x + (column + 0.5) * view.scale, view.y + (row + 0.5) * view.scale];
}

/**
 * Pixel under a screen point.
 *
 * @param {View} view
 * @param {[number, number]} point
 * @returns {[number, number]} row, column
 */
export function underScreen(view, [x, y]) {
  return [(y - view.y) / view.scale - 0.5, (x - view.x) / view.scale - 0.5];
}

/**
 * Larger or smaller, with the pixel under a screen point held where it is.
 *
 * @param {View} view
 * @param {number} factor
 * @param {[number, number]} at
 * @returns {View}
 */
export function zoomed(view, factor, [x, y]) {
  const scale = limited(view.scale * factor);
  const real = scale / view.scale;
  return { scale, x: x - (x - view.x) * real, y: y - (y - view.y) * real };
}

/**
 * @param {View} view
 * @param {number} dx
 * @param {number} dy
 * @returns {View}
 */
export function panned(view, dx, dy) {
  return { ...view, x: view.x + dx, y: view.y + dy };
}

/**
 * The view after the screen became larger or smaller: what was in its middle stays there.
 *
 * @param {View} view
 * @param {Size} before
 * @param {Size} after
 */
export function recentred(view, before, after) {
  return panned(view, (after.width - before.width) / 2, (after.height - before.height) / 2);
}

/**
 * A round length in mm that is 60 to 150 px long or the nearest to that.
 *
 * @param {number} pxPerMm
 */
export function scaleBar(pxPerMm) {
  return [1, 2, 5, 10, 20, 50].find((mm) => mm * pxPerMm >= 60) ?? 100;
}
