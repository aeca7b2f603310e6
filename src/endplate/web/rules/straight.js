// @ts-check
/** Maps between patient LPS mm and pixels of the straightened image, from what endplate.review.rows says of each image row. */

import { dot, length, minus } from "./heights.js";

/** @typedef {import("./types.js").Point} Point */

/**
 * @typedef {object} Rows
 * @property {number} pixel_mm
 * @property {number} first_mm of column 0, in front (negative) or behind the curve
 * @property {Point[]} origin where the curve passes each row
 * @property {Point[]} posterior unit vectors
 * @property {Point[]} left unit vectors
 */

const HALVINGS = 48;

/**
 * Patient point of a pixel (row, column) at a lateral offset in mm; beyond the image the spine goes on straight.
 *
 * @param {Rows} rows
 * @param {[number, number]} pixel
 * @param {number} [lateral]
 * @returns {Point}
 */
export function patientFromPixel(rows, pixel, lateral = 0) {
  const { origin, posterior, left } = plane(rows, pixel[0]);
  const t = rows.first_mm + pixel[1] * rows.pixel_mm;
  return along(along(origin, posterior, t), left, lateral);
}

/**
 * Pixel (row, column) and lateral offset in mm of a patient point.
 *
 * @param {Rows} rows
 * @param {Point} point
 * @returns {{pixel: [number, number], lateral: number}}
 */
export function pixelFromPatient(rows, point) {
  const row = rowOf(rows, point);
  const { origin, posterior, left } = plane(rows, row);
  const away = minus(point, origin);
  return { pixel: [row, (dot(away, posterior) - rows.first_mm) / rows.pixel_mm], lateral: dot(away, left) };
}

/**
 * The row whose plane holds a point, next to the curve's nearest row.
 *
 * @param {Rows} rows
 * @param {Point} point
 */
function rowOf(rows, point) {
  let [low, high] = bracket(rows, point);
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (below(rows, point, middle) > 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * Rows between which the point lies: the nearest one, widened until it is below the first and above the last.
 *
 * @param {Rows} rows
 * @param {Point} point
 * @returns {[number, number]}
 */
function bracket(rows, point) {
  const distance = rows.origin.map((origin) => length(minus(point, origin)));
  const nearest = distance.indexOf(Math.min(...distance));
  let [low, high] = [nearest, nearest];
  for (let step = 1; below(rows, point, low) < 0 && step < 1e6; step *= 2) low -= step;
  for (let step = 1; below(rows, point, high) > 0 && step < 1e6; step *= 2) high += step;
  return [low, high];
}

/**
 * How far towards the feet a point lies of a row's plane, in mm.
 *
 * @param {Rows} rows
 * @param {Point} point
 * @param {number} row
 */
function below(rows, point, row) {
  const { origin, posterior, left } = plane(rows, row);
  return dot(minus(point, origin), cross(posterior, left));
}

/**
 * The plane of a row that may lie between two, or beyond the first or last.
 *
 * @param {Rows} rows
 * @param {number} row
 * @returns {{origin: Point, posterior: Point, left: Point}}
 */
function plane(rows, row) {
  const last = rows.origin.length - 1;
  const inside = Math.min(Math.max(row, 0), last);
  const at = Math.min(Math.floor(inside), last - 1);
  const share = inside - at;
  const left = unit(between(rows.left[at], rows.left[at + 1], share));
  const back = between(rows.posterior[at], rows.posterior[at + 1], share);
  const posterior = unit(along(back, left, -dot(back, left)));
  const step = minus(rows.origin[at + 1], rows.origin[at]);
  return { origin: along(rows.origin[at], step, row - at), posterior, left };
}

/**
 * @param {Point} a
 * @param {Point} b
 * @param {number} share
 */
function between(a, b, share) {
  return along(a, minus(b, a), share);
}

/**
 * @param {Point} from
 * @param {Point} way
 * @param {number} far
 * @returns {Point}
 */
function along(from, way, far) {
  return [from[0] + far * way[0], from[1] + far * way[1], from[2] + far * way[2]];
}

/**
 * @param {Point} a
 * @returns {Point}
 */
function unit(a) {
  const size = length(a);
  return [a[0] / size, a[1] / size, a[2] / size];
}

/**
 * @param {Point} a
 * @param {Point} b
 * @returns {Point}
 */
function cross(a, b) {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}
