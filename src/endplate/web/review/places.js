// @ts-check
/** Where points lie in the straight image, and the other way; without images a plain side view of the points takes its place. */

import { patientFromPixel, pixelFromPatient } from "../rules/straight.js";
import { centreOf, COLUMNS, pointsOf } from "./vertebrae.js";

/** @typedef {import("../rules/straight.js").Rows} Rows */
/** @typedef {import("../rules/types.js").Point} Point */
/** @typedef {import("../rules/types.js").PointPairs} PointPairs */
/** @typedef {import("../rules/types.js").ReviewVertebra} ReviewVertebra */
/** @typedef {import("./vertebrae.js").Which} Which */
/** @typedef {{pixel: [number, number], lateral: number}} Place row and column; mm to the patient's left of the curve */

const SCHEMATIC_MARGIN_MM = 30;

export class Places {
  /** points never change in place, so each is mapped once @type {WeakMap<PointPairs, Place[]>} */
  #known = new WeakMap();

  /**
   * @param {Rows} rows
   * @param {{rows: number, columns: number}} size of the image
   */
  constructor(rows, size) {
    this.rows = rows;
    this.size = size;
  }

  /**
   * The six points as `COLUMNS` lie, superior first.
   *
   * @param {PointPairs} points
   * @returns {Place[]}
   */
  of(points) {
    const known = this.#known.get(points);
    if (known) return known;
    const made = COLUMNS.flatMap((column) => points[column].map((point) => pixelFromPatient(this.rows, point)));
    this.#known.set(points, made);
    return made;
  }

  /**
   * @param {PointPairs} points
   * @param {Which} which
   */
  one(points, { column, end }) {
    return this.of(points)[2 * COLUMNS.indexOf(column) + end];
  }

  /**
   * Patient point of a pixel, which is held inside the image.
   *
   * @param {Place} place
   * @returns {Point}
   */
  patient({ pixel: [row, column], lateral }) {
    const inside = /** @type {[number, number]} */ ([
      Math.min(Math.max(row, -0.5), this.size.rows - 0.5),
      Math.min(Math.max(column, -0.5), this.size.columns - 0.5),
    ]);
    return patientFromPixel(this.rows, inside, lateral);
  }

  /**
   * Six points for a new body: shaped as its neighbours, no taller than the room between them, with its centre at a pixel.
   *
   * @param {[number, number]} pixel
   * @param {ReviewVertebra | undefined} above
   * @param {ReviewVertebra | undefined} below
   * @returns {PointPairs | null} null without any neighbour
   */
  between(pixel, above, below) {
    const around = [above, below].flatMap((v) => (v ? [this.of(v.points_lps_mm)] : []));
    if (!around.length) return null;
    const shapes = around.map((places) => aroundCentre(places));
    const shape = shapes[0].map((_, i) => meanPlace(shapes.map((one) => one[i])));
    const squeeze = above && below ? squeezed(shape, around[0], around[1]) : 1;
    const points = shape.map(({ pixel: [row, column], lateral }) =>
      this.patient({ pixel: [pixel[0] + row * squeeze, pixel[1] + column], lateral }),
    );
    return { anterior: [points[0], points[1]], middle: [points[2], points[3]], posterior: [points[4], points[5]] };
  }

  /**
   * Smallest box around some bodies' points.
   *
   * @param {ReviewVertebra[]} vertebrae
   */
  box(vertebrae) {
    const pixels = vertebrae.flatMap((v) => this.of(v.points_lps_mm).map(({ pixel }) => pixel));
    const [rows, columns] = [pixels.map(([row]) => row), pixels.map(([, column]) => column)];
    return { top: Math.min(...rows), bottom: Math.max(...rows), left: Math.min(...columns), right: Math.max(...columns) };
  }
}

/**
 * Shape without its place; the lateral offset stays what it is.
 *
 * @param {Place[]} places
 */
function aroundCentre(places) {
  const centre = meanPlace(places).pixel;
  return places.map(({ pixel, lateral }) => {
    /** @type {Place} */
    const made = { pixel: [pixel[0] - centre[0], pixel[1] - centre[1]], lateral };
    return made;
  });
}

/**
 * @param {Place[]} places
 * @returns {Place}
 */
function meanPlace(places) {
  /** @param {(place: Place) => number} of */
  const mean = (of) => places.reduce((sum, place) => sum + of(place), 0) / places.length;
  return { pixel: [mean((p) => p.pixel[0]), mean((p) => p.pixel[1])], lateral: mean((p) => p.lateral) };
}

/**
 * By how much a shape must be flattened to leave a disc's room to both neighbours.
 *
 * @param {Place[]} shape
 * @param {Place[]} above
 * @param {Place[]} below
 */
function squeezed(shape, above, below) {
  const room = Math.min(...[0, 2, 4].map((i) => below[i].pixel[0] - above[i + 1].pixel[0]));
  const tall = Math.max(...[0, 2, 4].map((i) => shape[i + 1].pixel[0] - shape[i].pixel[0]));
  return Math.min(1, Math.max(0.85 * room, 2) / tall);
}

/**
 * A side view of points alone, 1 mm per pixel: straight down, as if the spine were its own image.
 *
 * @param {ReviewVertebra[]} vertebrae
 */
export function schematic(vertebrae) {
  const points = vertebrae.length ? vertebrae.flatMap(pointsOf) : [/** @type {Point} */ ([0, 0, 0])];
  const [top, bottom] = [Math.max(...points.map((p) => p[2])), Math.min(...points.map((p) => p[2]))];
  const [front, back] = [Math.min(...points.map((p) => p[1])), Math.max(...points.map((p) => p[1]))];
  const middle = vertebrae.length ? centreOf(vertebrae[0])[0] : 0;
  const rows = Math.ceil(top - bottom) + 2 * SCHEMATIC_MARGIN_MM;
  const columns = Math.ceil(back - front) + 2 * SCHEMATIC_MARGIN_MM;
  /** @type {Point[]} */
  const origin = Array.from({ length: rows }, (_, i) => [middle, front, top + SCHEMATIC_MARGIN_MM - i]);
  /** @type {Rows} */
  const made = { pixel_mm: 1, first_mm: -SCHEMATIC_MARGIN_MM, origin, posterior: origin.map(() => [0, 1, 0]), left: origin.map(() => [1, 0, 0]) };
  return new Places(made, { rows, columns });
}

/**
 * First and last plane of a box of the scan along one of the patient's axes, mm.
 *
 * @param {import("./types.js").ImagesInfo["context"]} box
 * @param {number} axis of x, y and z
 */
export function extent({ shape, spacing_mm, origin_lps_mm }, axis) {
  const reach = (shape[2 - axis] - 1) * spacing_mm;
  // slices run to the feet
  const low = axis === 2 ? origin_lps_mm[2] - reach : origin_lps_mm[axis];
  return [low, low + reach];
}
