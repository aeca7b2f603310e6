// @ts-check
/** What the review page needs beside element.js: SVG, and changes that leave alone what stays. */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An SVG element.
 *
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number>} [attributes]
 * @param {...(Node | string)} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  made.append(...children);
  return made;
}

/**
 * The HTML element of the page with this id.
 *
 * @param {string} id
 */
export function part(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`review.html has no element #${id}`);
  return found;
}

/**
 * Sets text only where it changes: a drag then lays out what it touches and no more.
 *
 * @param {Node} node
 * @param {string} text
 */
export function say(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Sets an attribute only where it changes.
 *
 * @param {Element} node
 * @param {string} name
 * @param {string | number} value
 */
export function put(node, name, value) {
  const text = String(value);
  if (node.getAttribute(name) !== text) node.setAttribute(name, text);
}
