// @ts-check
/** Who has the keyboard: a field that is written in, or the page. */

/**
 * Whether keys are text of a field; a list of choices has no text that Ctrl could change.
 *
 * @param {KeyboardEvent} event
 */
export function isWriting({ target, ctrlKey, metaKey }) {
  if (target instanceof HTMLInputElement) return !["button", "checkbox", "radio", "range"].includes(target.type);
  if (target instanceof HTMLSelectElement) return !ctrlKey && !metaKey;
  return target instanceof HTMLTextAreaElement;
}
