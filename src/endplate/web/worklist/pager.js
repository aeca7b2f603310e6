// @ts-check
/** Which page of the list, and how many lines on one. */

import { byId, element } from "../element.js";
import { SIZES } from "./place.js";

/** @typedef {import("./place.js").Place} Place */

/**
 * @param {() => number} current page, also while it is still asked for: who presses a key twice goes two pages on
 * @param {(change: Partial<Place>) => void} go
 */
export function pager(current, go) {
  const [before, next] = [byId("before", HTMLButtonElement), byId("next", HTMLButtonElement)];
  const [size, words] = [byId("size", HTMLSelectElement), byId("page", HTMLElement)];
  size.replaceChildren(...SIZES.map((one) => element("option", { value: one }, String(one))));
  let pages = 1;
  /** @param {number} step */
  const turn = (step) => {
    const page = Math.min(Math.max(current() + step, 1), pages);
    if (page !== current()) go({ page });
  };
  before.addEventListener("click", () => turn(-1));
  next.addEventListener("click", () => turn(1));
  size.addEventListener("change", () => go({ size: Number(size.value), page: 1 }));
  /** @param {Place} place @param {number} total */
  const show = (place, total) => {
    pages = Math.max(Math.ceil(total / place.size), 1);
    size.value = String(place.size);
    before.disabled = place.page <= 1;
    next.disabled = place.page >= pages;
    words.textContent = `Page ${place.page} of ${pages.toLocaleString("en-GB")}`;
  };
  return { show, turn };
}
