// @ts-check
/** Makes elements. Text is always text: nothing that a scan's header says can become markup. */

/**
 * @typedef {Node | string | null | undefined | false} Child left out where it is nothing
 */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | boolean | number | null | undefined | ((event: Event) => void)>} [attributes] a function listens
 *   to the event of that name; true stands without a value; null, undefined and false are left out
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...present(children));
  return made;
}

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
export function present(children) {
  return /** @type {(Node | string)[]} */ (children.filter((child) => child !== null && child !== undefined && child !== false));
}

/**
 * The element of the page with this id.
 *
 * @template {HTMLElement} T
 * @param {string} id
 * @param {{new (): T}} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return found;
}

/**
 * The three blocks and the word of a grade (css/base.css, .grade).
 *
 * @param {number | null} grade
 * @param {string} word
 * @param {boolean} [solid] for what wants a reader's eye
 */
export function gradeBadge(grade, word, solid = false) {
  const blocks = element("span", { class: "blocks", "aria-hidden": "true" }, element("i"), element("i"), element("i"));
  return element(
    "span",
    { class: solid ? "grade solid" : "grade", "data-grade": grade ?? "none" },
    grade === null ? null : blocks,
    word,
  );
}
