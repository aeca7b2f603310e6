// @ts-check
/** Words over the image that must not lie over each other. */

import { put } from "./dom.js";

/** between two lines of words, at least */
const LINE_PX = 10;

/**
 * Hides each line that would lie over one before it.
 *
 * @param {SVGTextElement[]} texts of one column, the most important first
 */
export function uncover(texts) {
  /** @type {number[]} */
  const taken = [];
  for (const text of texts) {
    if (!text.textContent) continue;
    const y = Number(text.getAttribute("y"));
    const free = taken.every((other) => Math.abs(other - y) >= LINE_PX);
    put(text, "visibility", free ? "inherit" : "hidden");
    if (free) taken.push(y);
  }
}
