// @ts-check
/** What keys do on the worklist; none while text is written or a dialogue is open. */

import { isWriting } from "../writing.js";

/**
 * @param {Record<string, (event: KeyboardEvent) => void>} keys by KeyboardEvent.key
 */
export function takeKeys(keys) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isWriting(event) || document.querySelector("dialog[open]")) return;
    const act = keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act(event);
  });
}
