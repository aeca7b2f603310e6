// @ts-check
/** Keeps the reader's edits: on request, by itself a few seconds after the last one, and never over somebody else's. */

import { get, getTagged, Refused, send } from "../api.js";
import { element } from "../element.js";
import { ask, banner } from "./dialogue.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./types.js").Decision} Decision */
/** @typedef {import("./types.js").Review} Review */

const REST_MS = 4000;
const AGAIN_MS = 15000;

/** @param {string | null} etag */
export const versionOf = (etag) => Number((etag ?? "").replace(/\D/g, ""));

export class Saving {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** what is on its way to the service @type {Promise<Refused | null> | null} */
  #running = null;
  /** the version of somebody else that stands against ours @type {number | null} */
  conflict = null;
  /** @type {unknown} */
  #seen = null;
  /** what else must happen once another version is on the page */
  onLoad = () => {};

  /**
   * @param {State} state
   * @param {string} path of the scan
   * @param {() => void} redraw
   */
  constructor(state, path, redraw) {
    this.state = state;
    this.path = path;
    this.redraw = redraw;
    this.#seen = state.vertebrae;
    state.listen(() => this.#changed());
    addEventListener("beforeunload", (event) => {
      if (state.unsaved) event.preventDefault();
    });
  }

  get busy() {
    return this.#running !== null;
  }

  #changed() {
    if (this.state.vertebrae === this.#seen) return;
    this.#seen = this.state.vertebrae;
    this.#later(REST_MS);
  }

  /** @param {number} ms */
  #later(ms) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (this.state.moving) this.#later(REST_MS);
      else if (this.state.unsaved && this.conflict === null) void this.save();
    }, ms);
  }

  /** Saves a draft; true where the service has it. */
  async save() {
    if (!this.state.unsaved) return true;
    if (this.busy) return false;
    if (this.conflict !== null) {
      await this.#resolve();
      return false;
    }
    const refused = await this.#sent("PUT", `${this.path}/review`, this.state.document());
    if (refused) {
      await this.#refused(refused, "Not saved", () => void this.save());
      if (refused.status === 0 || refused.status >= 500) this.#later(AGAIN_MS);
      // what was edited while the service wrote
    } else if (this.state.unsaved) this.#later(REST_MS);
    return refused === null;
  }

  /** Stops what would be saved by itself and waits for what is being saved; false where another version stands against ours, which is asked about. */
  async rest() {
    const known = this.conflict !== null;
    clearTimeout(this.#timer);
    while (this.#running) await this.#running;
    clearTimeout(this.#timer);
    if (this.conflict === null) return true;
    if (known) await this.#resolve();
    return false;
  }

  /** Saves by itself again, after a rest. */
  resume() {
    if (this.state.unsaved) this.#later(REST_MS);
  }

  /**
   * Signs what stands on the page, which cannot be edited until the service has answered; true where it is signed.
   *
   * @param {Decision} decision
   * @param {string} reader
   * @param {string} comment
   * @param {() => void} again asks the reader once more
   */
  async sign(decision, reader, comment, again) {
    if (!this.state.editable) return false;
    /** @type {Refused | null} */
    let refused;
    this.state.freeze(true);
    try {
      if (!(await this.rest())) return false;
      refused = await this.#sent("POST", `${this.path}/review/sign`, this.state.document(decision, reader, comment));
    } finally {
      // a signature that failed must not become a draft by itself
      clearTimeout(this.#timer);
      this.state.freeze(false);
    }
    if (refused) await this.#refused(refused, "Not signed", again);
    return refused === null;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Review} document
   * @returns {Promise<Refused | null>} why it is not kept
   */
  async #sent(method, path, document) {
    this.#running = this.#answer(method, path, document);
    this.redraw();
    try {
      return await this.#running;
    } finally {
      this.#running = null;
      this.redraw();
    }
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {Review} document
   * @returns {Promise<Refused | null>}
   */
  async #answer(method, path, document) {
    try {
      const { content, etag } = await send(method, path, document, `"${this.state.version}"`);
      this.state.keep(document, content.review, versionOf(etag ?? content.etag));
      this.conflict = null;
      for (const name of ["saving", "conflict"]) banner(name, null);
      return null;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 412) this.conflict = error.version ?? this.state.version + 1;
      return error;
    }
  }

  /**
   * @param {Refused} error
   * @param {string} what is not done
   * @param {() => void} again
   */
  async #refused(error, what, again) {
    if (error.status === 412) await this.#resolve();
    else banner("saving", `${what}: ${error.message}`, [{ text: "Try again", act: again }], "alert");
  }

  /** Tells what happened; nothing is thrown away unless the reader says so, and even then Undo brings it back, on top of theirs. */
  async #resolve() {
    const version = this.conflict;
    const lines = [
      `Somebody else saved version ${version} of this review while you had version ${this.state.version} open. Yours is not saved, and nothing of theirs is overwritten.`,
      "Load theirs: the page shows their version; Undo then puts your edits on top of it (after Amend, if theirs is signed). Where both of you changed the same, yours counts.",
      "Keep looking: your edits stay on this page, unsaved, until you decide.",
    ];
    const content = lines.map((line) => element("p", {}, line));
    const answer = await ask("Somebody else has saved this review", content, [
      { value: "keep", text: "Keep looking" },
      { value: "load", text: `Load version ${version}`, kind: "primary" },
    ]);
    if (answer === "load") await this.load();
    else if (this.conflict !== null) {
      const load = { text: "Load theirs", act: () => void this.load() };
      banner("conflict", `Your edits are not saved: somebody else saved version ${version} in between.`, [load], "alert");
    }
  }

  /** Loads what is saved now; edits of this page wait behind Undo. */
  async load() {
    while (this.#running) await this.#running;
    try {
      const { content, etag } = await getTagged(`${this.path}/review`);
      this.conflict = null;
      banner("conflict", null);
      this.#seen = content.vertebrae;
      this.state.take(content, versionOf(etag));
      this.onLoad();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      banner("conflict", `The saved version was not loaded: ${error.message}`, [{ text: "Load again", act: () => void this.load() }], "alert");
    }
  }

  /** All saved versions, oldest first. */
  async versions() {
    return /** @type {{version: number, decision: Decision, saved_at: string, reader: string | null, edits: string[]}[]} */ (
      (await get(`${this.path}/reviews`)).reviews
    );
  }

  /** @param {number} version */
  version(version) {
    return /** @type {Promise<Review>} */ (get(`${this.path}/reviews/${version}`));
  }
}
