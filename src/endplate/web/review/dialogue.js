// @ts-check
/** Questions and messages of the page. */

import { element } from "../element.js";
import { part, say } from "./dom.js";

/**
 * Asks in a dialogue and gives the value of the button; null where it was closed by Escape.
 *
 * @param {string} title
 * @param {(Node | string)[]} content
 * @param {{value: string, text: string, kind?: string}[]} buttons
 * @param {string} [kind] class of the dialogue
 * @returns {Promise<string | null>}
 */
export function ask(title, content, buttons, kind = "") {
  const made = buttons.map(({ value, text, kind }) => element("button", { value, class: kind ?? null, type: "submit" }, text));
  const form = element("form", { method: "dialog" }, element("h2", {}, title), ...content, element("div", { class: "buttons" }, ...made));
  const dialogue = element("dialog", { "aria-label": title, class: kind }, form);
  document.body.append(dialogue);
  dialogue.showModal();
  return new Promise((resolve) => {
    dialogue.addEventListener("close", () => {
      dialogue.remove();
      resolve(dialogue.returnValue || null);
    });
  });
}

/**
 * A line above the page that stays until it is taken away; one per name.
 *
 * @param {string} name
 * @param {string | null} text null takes it away
 * @param {{text: string, act: () => void, key?: string}[]} [buttons] key: that does the same
 * @param {"alert" | "status"} [role]
 */
export function banner(name, text, buttons = [], role = "status") {
  const place = part("banners");
  const before = place.querySelector(`[data-banner="${name}"]`);
  if (text === null) return before?.remove();
  const told = [text, ...buttons.map((button) => button.text)].join("\n");
  if (before?.getAttribute("data-told") === told) return;
  const made = buttons.map(({ text: word, act, key = null }) =>
    element("button", { type: "button", class: "small", click: act, "aria-keyshortcuts": key, title: key && `key ${key}` }, word),
  );
  const attributes = { role, class: role === "alert" ? "alert" : "banner", "data-banner": name, "data-told": told };
  const line = element("div", attributes, element("span", {}, text), element("span", { class: "chips" }, ...made));
  if (before) before.replaceWith(line);
  else place.append(line);
}

const SHOWN_MS = 9000;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let hiding;

/**
 * Words over the image, which moves nothing on the page; they go by themselves unless they are to stay.
 *
 * @param {string} text empty takes them away
 * @param {boolean} [stays]
 */
export function hint(text, stays = false) {
  clearTimeout(hiding);
  say(part("hint"), text);
  if (text && !stays) hiding = setTimeout(() => say(part("hint"), ""), SHOWN_MS);
}
