// @ts-check
/** What a reader can do to the vertebrae, as buttons and keys call it. */

import { inDoubt } from "./doubt.js";
import { added, changed, confirmed, moved, placeOf, removed, renamed, shifted } from "./vertebrae.js";

/** @typedef {import("./image.js").Stage} Stage */
/** @typedef {import("./state.js").State} State */

export class Actions {
  /**
   * @param {State} state
   * @param {Stage} stage
   * @param {(text: string, stays?: boolean) => void} tell the reader, where something cannot be done or needs a next step
   */
  constructor(state, stage, tell) {
    this.state = state;
    this.stage = stage;
    this.tell = tell;
    stage.pointer.onAdd = (pixel) => this.addAt(pixel);
  }

  /** @param {string | null} level */
  rename(level) {
    const { selected } = this.state;
    if (selected !== null) this.state.edit((vertebrae) => renamed(vertebrae, selected, level));
  }

  /** The reader has counted: every name that a vertebra bears is right. */
  confirmNames() {
    const { state } = this;
    if (!state.editable) return;
    if (!inDoubt(state)) this.tell("No level name is in doubt.");
    else if (state.edit(confirmed)) this.tell("You confirm all level names; Undo takes that back.");
  }

  /** @param {string | null} reason null: may be graded again */
  setAside(reason) {
    const { selected } = this.state;
    if (selected !== null) this.state.edit((vertebrae) => changed(vertebrae, selected, { not_assessable: reason }));
  }

  /** Deletes the chosen vertebra; the one below it is chosen then. */
  remove() {
    const { selected, selectedVertebra, selectedIndex } = this.state;
    if (selected === null || !this.state.edit((vertebrae) => removed(vertebrae, selected))) return;
    const { shown } = this.state;
    this.state.select(shown[Math.min(selectedIndex, shown.length - 1)]?.id ?? null);
    this.tell(`${selectedVertebra?.level ?? "The unnamed vertebra"} is deleted; Undo brings it back.`);
  }

  /**
   * Moves all names by one, or those from the chosen vertebra down.
   *
   * @param {1 | -1} by
   * @param {boolean} [fromHere]
   */
  shift(by, fromHere = false) {
    const { state } = this;
    if (!state.editable) return;
    const first = fromHere ? Math.max(state.selectedIndex, 0) : 0;
    const after = shifted(state.vertebrae, by, state.rules, first);
    if (after && state.edit(() => after)) this.tell("");
    else if (fromHere) this.tell("Names from here down cannot move that way: one would meet the name above it, or leave C1 to S1.");
    else this.tell("All names cannot move that way: one would leave C1 to S1. Rename or delete that vertebra first.");
  }

  /** Waits for a click that says where the missing vertebra lies; a second call ends that. */
  toggleAdding() {
    const { pointer, pictured } = this.stage;
    if (!this.state.editable || !pictured) return;
    pointer.adding = !pointer.adding;
    this.tell(pointer.adding ? "Click where the centre of the missing vertebra lies; Esc ends it." : "", pointer.adding);
    this.stage.told.redraw();
  }

  /**
   * Adds a vertebra halfway to the next above (-1) or below (1).
   *
   * @param {1 | -1} by
   */
  addBeside(by) {
    const { state, stage } = this;
    const at = state.selectedIndex;
    if (at < 0) return;
    const here = middle(stage.places.box([state.shown[at]]));
    const next = state.shown[at + by];
    const there = next ? middle(stage.places.box([next])) : null;
    const box = stage.places.box([state.shown[at]]);
    const step = 1.3 * (box.bottom - box.top) * by;
    this.addAt(there ? [(here[0] + there[0]) / 2, (here[1] + there[1]) / 2] : [here[0] + step, here[1]]);
  }

  /** @param {[number, number]} pixel of the new centre */
  addAt(pixel) {
    const { state, stage } = this;
    stage.pointer.adding = false;
    if (!stage.pictured) return this.tell("Without images nobody sees where a vertebra lies: none can be added.");
    if (!state.vertebrae.length) {
      this.tell("A new vertebra is shaped as its neighbours, and none is left: undo a deletion, then add it.");
      return stage.told.redraw();
    }
    const centre = stage.places.patient({ pixel, lateral: 0 });
    const at = placeOf(state.vertebrae, centre);
    const points = stage.places.between(pixel, state.vertebrae[at - 1], state.vertebrae[at]);
    const id = `r${crypto.randomUUID().slice(0, 8)}`;
    if (!points || !state.edit((vertebrae) => added(vertebrae, points, id, state.rules))) {
      this.tell("No vertebra can stand there: bodies must lie one below the other, at most 40 of them.");
      return stage.told.redraw();
    }
    state.select(id, { column: "anterior", end: 0 });
    stage.zoomToSelected();
    stage.focusPoint();
    if (state.selectedVertebra?.level) this.tell(`${state.selectedVertebra.level} is added: drag its points into place.`);
    else this.tell("A vertebra is added. No name is free there: move the names from here down by one, or leave it unnamed.");
  }

  /**
   * Moves the chosen point in the plane of the image.
   *
   * @param {number} back mm
   * @param {number} down mm
   */
  nudge(back, down) {
    const { state, stage } = this;
    const { selectedVertebra: v, point } = state;
    if (!v || !point || !stage.pictured) return;
    const { pixel, lateral } = stage.places.one(v.points_lps_mm, point);
    const mm = stage.places.rows.pixel_mm;
    const to = stage.places.patient({ pixel: [pixel[0] + down / mm, pixel[1] + back / mm], lateral });
    state.edit((vertebrae) => moved(vertebrae, v.id, point, to), "nudge");
  }

  /** @param {string | null} id */
  choose(id) {
    if (id === null) return;
    // the arrow keys must not move a point of a vertebra that has only just been chosen; from the image, Tab leads to its points
    const { host } = this.stage;
    if (document.activeElement === document.body || document.activeElement?.closest("#marks")) host.focus();
    this.state.select(id);
    this.stage.zoomToSelected();
  }
}

/**
 * @param {{top: number, bottom: number, left: number, right: number}} box
 * @returns {[number, number]}
 */
function middle(box) {
  return [(box.top + box.bottom) / 2, (box.left + box.right) / 2];
}
