// @ts-check
/** Every key of the page in one list: what it does, and what the help says of it. */

import { element } from "../element.js";
import { isWriting } from "../writing.js";
import { ask, hint } from "./dialogue.js";
import { PRESETS } from "./grey.js";

/** @typedef {import("./actions.js").Actions} Actions */
/** @typedef {import("./image.js").Stage} Stage */
/** @typedef {import("./state.js").State} State */
/** @typedef {{keys: string[], shown?: string, what: string, act: (event: KeyboardEvent) => void}} Key */
/** @typedef {{state: State, stage: Stage, actions: Actions, save: () => void, sign: () => void}} Page */

const NUDGE_MM = 0.5;
const FINE_MM = 0.1;
const PAN_PX = 40;
/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {Page} page
 * @returns {Key[]}
 */
function keysOf({ state, stage, actions, save, sign }) {
  return [
    { keys: ["n"], what: "Next vertebra by how bad it is", act: () => actions.choose(state.worst(1)) },
    { keys: ["p"], what: "The one before", act: () => actions.choose(state.worst(-1)) },
    { keys: ["j", "PageDown"], what: "Vertebra below", act: () => actions.choose(state.beside(1)) },
    { keys: ["k", "PageUp"], what: "Vertebra above", act: () => actions.choose(state.beside(-1)) },
    { keys: ["Enter", "z"], what: "Zoom to the chosen vertebra", act: () => stage.zoomToSelected() },
    { keys: ["f"], what: "Fit the whole spine", act: () => stage.fit() },
    { keys: ["+", "="], shown: "+", what: "Zoom in", act: () => stage.zoom(1.25) },
    { keys: ["-"], what: "Zoom out", act: () => stage.zoom(0.8) },
    { keys: ["]", "."], what: "Slab towards the patient's left", act: () => stage.scroll(1) },
    { keys: ["[", ","], what: "Slab towards the patient's right", act: () => stage.scroll(-1) },
    ...Object.values(PRESETS).map(({ name, window }, i) => ({ keys: [String(i + 1)], what: `Window: ${name}`, act: () => stage.setWindow(window) })),
    { keys: ["h"], what: "Hide or show the points", act: () => stage.toggleBare() },
    { keys: ["a"], what: "Add a vertebra: then click where it lies", act: () => actions.toggleAdding() },
    { keys: ["Delete"], what: "Delete the chosen vertebra", act: () => actions.remove() },
    { keys: ["l"], what: "Level of the chosen vertebra", act: () => document.getElementById("level")?.focus() },
    { keys: ["x"], what: "Not assessable: write why", act: () => document.getElementById("reason")?.focus() },
    { keys: ["U"], shown: "Shift u", what: "All names up by one", act: () => actions.shift(-1) },
    { keys: ["D"], shown: "Shift d", what: "All names down by one", act: () => actions.shift(1) },
    { keys: ["c"], what: "Confirm the level names, where they are in doubt", act: () => actions.confirmNames() },
    { keys: ["Ctrl z"], what: "Undo", act: () => state.undo() },
    { keys: ["Ctrl y", "Ctrl Z"], shown: "Ctrl y", what: "Redo", act: () => state.redo() },
    { keys: ["Ctrl s"], what: "Save a draft", act: save },
    { keys: ["s"], what: "Sign", act: sign },
    { keys: ["?"], what: "This help", act: () => void help(keysOf({ state, stage, actions, save, sign })) },
    { keys: ["Escape"], shown: "Esc", what: "Let go of the point, or stop adding", act: () => letGo(state, stage) },
  ];
}

/** @type {[string, string][]} */
const MORE = [
  ["Tab", "Next of the six points, then on through the page"],
  ["arrows", "Move the chosen point by 0.5 mm; without a point, the image"],
  ["Shift arrows", "Move the chosen point by 0.1 mm"],
  ["drag", "On a point: move it. Elsewhere: move the image (also with the middle button, or Space held)"],
  ["right drag", "Window: to the right wider, upwards brighter (also with Shift held)"],
  ["wheel", "Zoom at the pointer; with Shift: next slab. On a plane: next slice"],
];

/** @param {Page} page */
export function takeKeys(page) {
  const acts = new Map(keysOf(page).flatMap((one) => one.keys.map((key) => [key, one.act])));
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    const name = nameOf(event);
    if (isWriting(event) && name !== "Ctrl s") return leave(event);
    if (event.altKey || isPressing(event) || isSliding(event)) return;
    if (event.key in ARROWS && !event.ctrlKey) return arrow(event, page);
    if (event.key === " ") return hold(event, page.stage);
    const act = acts.get(name);
    if (!act) return;
    event.preventDefault();
    act(event);
  });
  addEventListener("keyup", (event) => {
    if (event.key in ARROWS) page.state.settle();
    if (event.key === " ") page.stage.pointer.space = false;
  });
  addEventListener("blur", () => release(page));
  document.getElementById("help")?.addEventListener("click", () => void help(keysOf(page)));
}

/**
 * As the list of keys has it: a letter is a capital where Shift is held, whatever CapsLock makes of it.
 *
 * @param {KeyboardEvent} event
 */
function nameOf({ key, ctrlKey, metaKey, shiftKey }) {
  const name = key.length > 1 ? key : shiftKey ? key.toUpperCase() : key.toLowerCase();
  return (ctrlKey || metaKey ? "Ctrl " : "") + name;
}

/**
 * Escape leaves a field for the image.
 *
 * @param {KeyboardEvent} event
 */
function leave(event) {
  if (event.key === "Escape") document.getElementById("stage")?.focus();
}

/**
 * Whether Enter or Space presses the button that has the keyboard.
 *
 * @param {KeyboardEvent} event
 */
function isPressing({ key, target }) {
  return (key === "Enter" || key === " ") && target instanceof HTMLElement && target.closest("button, a, summary") !== null;
}

/**
 * Whether a slider takes the key.
 *
 * @param {KeyboardEvent} event
 */
function isSliding({ key, target }) {
  return target instanceof HTMLInputElement && /^(Arrow|Page|Home|End)/.test(key);
}

/**
 * @param {KeyboardEvent} event
 * @param {Page} page
 */
function arrow(event, { state, stage, actions }) {
  const [right, down] = ARROWS[event.key];
  const { target } = event;
  if (target instanceof Element && target.closest("#vertebrae")) {
    event.preventDefault();
    if (down) actions.choose(state.beside(/** @type {1 | -1} */ (down)));
    return;
  }
  // elsewhere, as on an open menu, they must not move a point behind it
  if (target !== document.body && !(target instanceof Element && target.closest("#stage"))) return;
  event.preventDefault();
  const mm = event.shiftKey ? FINE_MM : NUDGE_MM;
  if (state.point && !stage.bare) actions.nudge(right * mm, down * mm);
  else stage.pan(-right * PAN_PX, -down * PAN_PX);
}

/**
 * @param {KeyboardEvent} event
 * @param {Stage} stage
 */
function hold(event, stage) {
  event.preventDefault();
  stage.pointer.space = true;
}

/**
 * Another window has the keyboard now: what is let go of there is not told here.
 *
 * @param {Page} page
 */
function release({ state, stage }) {
  stage.pointer.space = false;
  if (!stage.pointer.dragging) state.settle();
}

/**
 * @param {State} state
 * @param {Stage} stage
 */
function letGo(state, stage) {
  stage.pointer.adding = false;
  hint("");
  state.select(state.selected);
  stage.host.focus();
  stage.told.redraw();
}

/** @param {Key[]} keys */
async function help(keys) {
  const lines = [...MORE, ...keys.map(({ keys: all, shown, what }) => /** @type {[string, string]} */ ([shown ?? all.join(" or "), what]))];
  const list = lines.flatMap(([key, what]) => [element("dt", {}, element("kbd", {}, key)), element("dd", {}, what)]);
  await ask("Keys and mouse", [element("dl", { class: "keys" }, ...list)], [{ value: "", text: "Close" }], "wide");
}
