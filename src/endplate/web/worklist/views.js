// @ts-check
/** The views of the worklist: chips with the number of scans in each, which are links as well. */

import { element } from "../element.js";

/**
 * @typedef {object} View
 * @property {string} id
 * @property {string} label
 * @property {string} hint
 * @property {string[]} status any of these
 * @property {string[]} review any of these
 * @property {number} grade at least this
 * @property {(counts: Record<string, number>) => number} count of scans in it, whatever else is asked for
 */

const STATUSES = ["waiting", "running", "measured", "no_spine", "refused", "failed", "cancelled"];
const REVIEWED = ["review:draft", "review:accepted", "review:accepted_with_edits", "review:rejected"];

/**
 * @param {...string} names
 * @returns {(counts: Record<string, number>) => number}
 */
const sum =
  (...names) =>
  (counts) =>
    names.reduce((all, name) => all + (counts[name] ?? 0), 0);

/** @type {readonly View[]} */
export const VIEWS = [
  view("all", "All", "Every scan", {}, sum(...STATUSES)),
  view("flagged", "Flagged", "Grade 2 or 3, and not signed", { review: ["none", "draft"], grade: 2 }, sum("flagged")),
  view(
    "unreviewed",
    "Unreviewed",
    "Measured, and nobody has saved a review",
    { status: ["measured"], review: ["none"] },
    sum("unreviewed"),
  ),
  view("draft", "Draft", "A review is saved and not signed", { review: ["draft"] }, sum("review:draft")),
  view(
    "signed",
    "Signed",
    "Accepted, with or without edits",
    { review: ["accepted", "accepted_with_edits"] },
    sum(...REVIEWED.slice(1, 3)),
  ),
  view("rejected", "Rejected", "Signed as rejected", { review: ["rejected"] }, sum("review:rejected")),
  view("running", "Running", "Waiting, or being measured", { status: STATUSES.slice(0, 2) }, sum(...STATUSES.slice(0, 2))),
  view(
    "failed",
    "No result",
    "Failed, refused, cancelled, or no spine found",
    { status: STATUSES.slice(3) },
    sum(...STATUSES.slice(3)),
  ),
];

/**
 * @param {string} id
 * @param {string} label
 * @param {string} hint
 * @param {{status?: string[], review?: string[], grade?: number}} asked
 * @param {View["count"]} count
 * @returns {View}
 */
function view(id, label, hint, asked, count) {
  return { id, label, hint, status: asked.status ?? [], review: asked.review ?? [], grade: asked.grade ?? 0, count };
}

/**
 * @param {string} id
 * @returns {View}
 */
export const viewOf = (id) => VIEWS.find((view) => view.id === id) ?? VIEWS[0];

/**
 * The chips, made once; `show` brings them up to date.
 *
 * @param {HTMLElement} into
 * @param {(view: string) => void} chosen
 */
export function chips(into, chosen) {
  const made = VIEWS.map((view, place) => {
    const count = element("span", { class: "count" });
    /** @param {Event} event */
    const click = (event) => {
      if (!(event instanceof MouseEvent) || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      chosen(view.id);
    };
    const chip = element(
      "a",
      { class: "chip", title: `${view.hint} (key ${place + 1})`, "data-view": view.id, click },
      view.label,
      " ",
      count,
    );
    return { view, chip, count };
  });
  into.replaceChildren(...made.map(({ chip }) => chip));
  /**
   * @param {string} current
   * @param {(view: string) => string} address
   * @param {Record<string, number> | null} counts null where they are not known yet
   */
  return (current, address, counts) => {
    for (const { view, chip, count } of made) {
      chip.href = address(view.id);
      chip.setAttribute("aria-current", String(view.id === current));
      if (counts === null) continue;
      const number = view.count(counts);
      count.textContent = number.toLocaleString("en-GB");
      chip.dataset.empty = String(number === 0);
    }
  };
}
