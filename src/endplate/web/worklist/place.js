// @ts-check
/** Where in the worklist the reader is: all of it stands in the address, so that back, reload and a sent link lead there. */

import { VIEWS, viewOf } from "./views.js";

/**
 * @typedef {object} Place
 * @property {string} view id of one of VIEWS
 * @property {number} grade worst grade at least this; 0 for any
 * @property {string} search
 * @property {string} sort
 * @property {boolean} descending
 * @property {number} page from 1
 * @property {number} size
 */

export const SIZES = [25, 50, 100, 200];
export const SORTS = ["priority", "grade", "probability", "patient", "study_date", "review", "status", "added", "name"];
/** @type {Place} */
const START = { view: "all", grade: 0, search: "", sort: "priority", descending: false, page: 1, size: 50 };

/**
 * Whatever stands in the address; what makes no sense there counts as left out.
 *
 * @param {string} search such as ?view=flagged&page=2
 * @returns {Place}
 */
export function placeOf(search) {
  const said = new URLSearchParams(search);
  /** @param {string} name @param {number} otherwise */
  const whole = (name, otherwise) => (/^\d{1,6}$/.test(said.get(name) ?? "") ? Number(said.get(name)) : otherwise);
  const view = said.get("view") ?? "";
  const sort = said.get("sort") ?? "";
  const size = whole("size", START.size);
  return {
    view: VIEWS.some((one) => one.id === view) ? view : START.view,
    grade: Math.min(whole("grade", 0), 3),
    search: (said.get("search") ?? "").replaceAll("\0", "").slice(0, 200),
    sort: SORTS.includes(sort) ? sort : START.sort,
    descending: said.get("descending") === "1",
    page: Math.max(whole("page", 1), 1),
    size: SIZES.includes(size) ? size : START.size,
  };
}

/**
 * The address of a place, without what goes without saying.
 *
 * @param {Place} place
 */
export function addressOf(place) {
  const said = new URLSearchParams();
  for (const name of /** @type {(keyof Place)[]} */ (Object.keys(START))) {
    if (place[name] !== START[name]) said.set(name, place[name] === true ? "1" : String(place[name]));
  }
  return said.size ? `/?${said}` : "/";
}

/**
 * The question to the service (records.Query).
 *
 * @param {Place} place
 */
export function queryOf(place) {
  const view = viewOf(place.view);
  const asked = new URLSearchParams();
  for (const status of view.status) asked.append("status", status);
  for (const review of view.review) asked.append("review", review);
  const grade = Math.max(view.grade, place.grade);
  if (grade) asked.set("grade", String(grade));
  const search = asWritten(place.search);
  if (search) asked.set("search", search);
  asked.set("sort", place.sort);
  asked.set("descending", String(place.descending));
  asked.set("page", String(place.page));
  asked.set("size", String(place.size));
  return `/scans?${asked}`;
}

/**
 * What the reader sees on the page is found as it stands there: headers write 20260131 for 2026-01-31, and no comma in a name.
 *
 * @param {string} search
 */
function asWritten(search) {
  const words = search.split(/[\s,]+/).filter(Boolean);
  return words.map((word) => word.replace(/^(\d{4})-(\d\d)-(\d\d)$/, "$1$2$3")).join(" ");
}
