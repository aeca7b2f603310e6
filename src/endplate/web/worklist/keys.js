// @ts-check
/** What keys do on the worklist; none while text is written or a dialogue is open. */

/**
 * @param {Record<string, (event: KeyboardEvent) => void>} keys by KeyboardEvent.key
 */
export function takeKeys(keys) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (isWriting(event.target) || document.querySelector("dialog[open]")) return;
    const act = keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act(event);
  });
}

/** @param {EventTarget | null} target */
function isWriting(target) {
  if (target instanceof HTMLInputElement) return !["button", "checkbox", "radio"].includes(target.type);
  return target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
}
