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
 * @property {string[]} counts whose sum is how many there are
 */

const STATUSES = ["waiting", "running", "measured", "no_spine", "refused", "failed", "cancelled"];

/** @type {readonly View[]} */
export const VIEWS = [
  { id: "all", label: "All", hint: "Every scan", status: [], review: [], grade: 0, counts: STATUSES },
  { id: "flagged", label: "Flagged", hint: "Grade 2 or 3 and not signed", status: [], review: ["none", "draft"], grade: 2, counts: ["flagged"] },
  { id: "unreviewed", label: "Unreviewed", hint: "Measured, and nobody has saved a review", status: ["measured"], review: ["none"], grade: 0, counts: ["review:none"] },
  { id: "draft", label: "Draft", hint: "Saved and not signed", status: [], review: ["draft"], grade: 0, counts: ["review:draft"] },
  { id: "signed", label: "Signed", hint: "Accepted, with or without edits", status: [], review: ["accepted", "accepted_with_edits"], grade: 0,
    counts: ["review:accepted", "review:accepted_with_edits"] },
  { id: "rejected", label: "Rejected", hint: "Signed as rejected", status: [], review: ["rejected"], grade: 0, counts: ["review:rejected"] },
  { id: "running", label: "Running", hint: "Waiting or being measured", status: ["waiting", "running"], review: [], grade: 0,
    counts: ["waiting", "running"] },
  { id: "failed", label: "No result", hint: "Failed, refused, cancelled, or no spine found", status: ["failed", "refused", "no_spine", "cancelled"], review: [],
    grade: 0, counts: ["failed", "refused", "no_spine", "cancelled"] },
];

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
    const chip = element("a", { class: "chip", title: `${view.hint} (key ${place + 1})`, "data-view": view.id, click }, view.label, " ", count);
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
      const number = view.counts.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
      count.textContent = number.toLocaleString("en-GB");
      chip.dataset.empty = String(number === 0);
    }
  };
}
