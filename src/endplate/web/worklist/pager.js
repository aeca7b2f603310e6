// @ts-check
/** Which page of the list, and how many lines on one. */

import { byId, element } from "../element.js";
import { SIZES } from "./place.js";

/** @typedef {import("./place.js").Place} Place */

/** @param {(change: Partial<Place>) => void} go */
export function pager(go) {
  const [before, next] = [byId("before", HTMLButtonElement), byId("next", HTMLButtonElement)];
  const [size, words] = [byId("size", HTMLSelectElement), byId("page", HTMLElement)];
  size.replaceChildren(...SIZES.map((one) => element("option", { value: one }, String(one))));
  let now = { page: 1, pages: 1 };
  /** @param {number} step */
  const turn = (step) => {
    const page = Math.min(Math.max(now.page + step, 1), now.pages);
    if (page !== now.page) go({ page });
  };
  before.addEventListener("click", () => turn(-1));
  next.addEventListener("click", () => turn(1));
  size.addEventListener("change", () => go({ size: Number(size.value), page: 1 }));
  /** @param {Place} place @param {number} total */
  const show = (place, total) => {
    now = { page: place.page, pages: Math.max(Math.ceil(total / place.size), 1) };
    size.value = String(place.size);
    before.disabled = now.page <= 1;
    next.disabled = now.page >= now.pages;
    words.textContent = `Page ${now.page} of ${now.pages.toLocaleString("en-GB")}`;
  };
  return { show, turn };
}
