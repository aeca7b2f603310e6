// @ts-check
/** The review page: loads a scan, and redraws what changed once per frame. */

import { Refused } from "../api.js";
import { element } from "../element.js";
import { counted } from "../words.js";
import { absent } from "./absent.js";
import { Actions } from "./actions.js";
import { Detail } from "./detail.js";
import { banner, hint } from "./dialogue.js";
import { part, put, say } from "./dom.js";
import { NamesInDoubt } from "./doubt.js";
import { Exports } from "./exports.js";
import { opened as asked, path, pixels, review, scanId } from "./first.js";
import { PRESETS } from "./grey.js";
import { Head, who } from "./head.js";
import { Stage } from "./image.js";
import { takeKeys } from "./keys.js";
import { Others } from "./others.js";
import { Places, schematic } from "./places.js";
import { Planes } from "./planes.js";
import { Saving, versionOf } from "./saving.js";
import { SignOff } from "./sign.js";
import { State } from "./state.js";
import { Table } from "./table.js";

/** @typedef {import("./types.js").ImagesInfo} ImagesInfo */
/** @typedef {import("./types.js").Opened} Opened */

const TOLD_MS = 700;
const NAMES_IN_DOUBT = "levels_uncertain";

async function main() {
  const opened = await asked;
  const { report, rules, images, scan } = opened;
  who(scan);
  const tagged = await review;
  if (!report || !rules || !tagged || report.status === "refused") return absent(opened, false);
  const state = new State(report, rules, tagged.content, versionOf(tagged.etag));
  const page = assembled(state, images);
  notes(opened);
  if (!report.vertebrae.length && !state.vertebrae.length) absent(opened, true);
  state.select(state.worst());
  const straight = await pixels;
  if (straight && images) page.stage.show(straight.hu, images.straight);
  else if (images) page.stage.without("The images did not come; reload the page to try again. Points cannot be moved until then.");
  page.others.listen();
}

/**
 * @param {State} state
 * @param {ImagesInfo | null} images
 */
function assembled(state, images) {
  const redraw = oncePerFrame(() => draw());
  const stage = new Stage(state, images ? placesOf(images) : schematic(state.vertebrae), images !== null, { redraw });
  const actions = new Actions(state, stage, hint);
  const saving = new Saving(state, path, redraw);
  const signOff = new SignOff(state, saving);
  const planes = new Planes(state, scanId, images?.context ?? null, redraw);
  const others = new Others(state, saving, scanId);
  new Exports(state, path);
  const table = new Table(state, (id) => actions.choose(id));
  const parts = [stage, table, new Detail(state, actions), new Head(state, saving), new NamesInDoubt(state, actions), others];
  const tell = spoken(state, stage);
  function draw() {
    for (const one of parts) one.draw();
    planes.draw(stage.window);
    say(part("sentence"), state.sentence);
    tell();
  }
  state.listen(redraw);
  takeKeys({ state, stage, actions, save: () => void saving.save(), sign: () => void signOff.open() });
  buttons(state, stage, actions);
  part("save").addEventListener("click", () => void saving.save());
  part("sign").addEventListener("click", () => void signOff.open());
  return { stage, others };
}

/**
 * @param {State} state
 * @param {Stage} stage
 * @param {Actions} actions
 */
function buttons(state, stage, actions) {
  /** @type {Record<string, () => void>} */
  const acts = {
    undo: () => state.undo(),
    redo: () => state.redo(),
    fit: () => stage.fit(),
    "zoom-in": () => stage.zoom(1.25),
    "zoom-out": () => stage.zoom(0.8),
    bare: () => stage.toggleBare(),
    worse: () => actions.choose(state.worst(-1)),
    "less-bad": () => actions.choose(state.worst(1)),
    "all-up": () => actions.shift(-1),
    "all-down": () => actions.shift(1),
    add: () => actions.toggleAdding(),
  };
  for (const [id, act] of Object.entries(acts)) part(id).addEventListener("click", act);
  const presets = Object.entries(PRESETS).map(([id, { name, window }]) =>
    element("button", { type: "button", class: "small", "data-preset": id, click: () => stage.setWindow(window) }, name),
  );
  part("presets").replaceChildren(...presets);
  const slider = /** @type {HTMLInputElement} */ (part("offset"));
  slider.addEventListener("input", () => stage.toChannel(Number(slider.value)));
}

/** @param {() => void} draw */
function oncePerFrame(draw) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
}

/** @param {ImagesInfo} images */
function placesOf(images) {
  const [, rows, columns] = images.straight.shape;
  return new Places(images.straight.rows, { rows, columns });
}

/**
 * What a screen reader hears: the sentence, once it stands still.
 *
 * @param {State} state
 * @param {Stage} stage
 */
function spoken(state, stage) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let before = state.sentence;
  return () => {
    if (state.sentence === before) return;
    before = state.sentence;
    clearTimeout(timer);
    timer = setTimeout(() => !stage.pointer.dragging && say(part("told"), state.sentence), TOLD_MS);
  };
}

/** @param {Opened} opened */
function notes({ report, scan, images }) {
  // the doubt about names has a banner of its own, as long as it lasts
  const messages = (report?.messages ?? []).filter(({ code }) => code !== NAMES_IN_DOUBT);
  const said = messages.map((message) => element("li", { class: message.severity }, message.text));
  part("notes").hidden = said.length === 0;
  /** @type {HTMLDetailsElement} */ (part("notes")).open = messages.some(({ severity }) => severity !== "info");
  say(part("notes-count"), `${counted(said.length, "note")} on this scan`);
  part("notes-list").replaceChildren(...said);
  if (images || !report?.vertebrae.length) return;
  const why = scan.without_images || "none were kept";
  banner("imageless", `No images: ${why}. The side view shows the points alone, and they cannot be moved; names and doubts can still be set.`);
  part("planes").hidden = true;
  put(part("review"), "class", "imageless");
}

main().catch((error) => {
  if (!(error instanceof Refused)) throw error;
  const words = error.status === 404 ? `There is no scan ${scanId} here; it may have been deleted.` : error.message;
  banner("broken", words, [], "alert");
});
