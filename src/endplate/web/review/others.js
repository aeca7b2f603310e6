// @ts-check
/** What others do to this scan while the page is open: told in a quiet banner, nothing on the page changes by itself. */

import { listen } from "../live.js";
import { moment, reviewWord } from "../words.js";
import { banner } from "./dialogue.js";

/** @typedef {import("./saving.js").Saving} Saving */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./types.js").Decision} Decision */
/** @typedef {{version: number, decision: Decision, reader: string | null, at: string | null}} Latest the last version that anybody saved */

const LOST = "No connection to the service: what others save is not told of, and nothing can be saved until it is back. Your edits stay on this page.";

export class Others {
  /** @type {Latest | null} */
  #latest = null;

  /**
   * @param {State} state
   * @param {Saving} saving
   * @param {string} scanId
   */
  constructor(state, saving, scanId) {
    this.state = state;
    this.saving = saving;
    this.scanId = scanId;
  }

  listen() {
    listen({
      job() {},
      scan: ({ id, review, review_version, reader, signed_at }) => {
        if (id !== this.scanId || review === null) return;
        this.#took({ version: review_version, decision: /** @type {Decision} */ (review), reader, at: signed_at });
      },
      begun: () => {
        banner("lost", null);
        void this.#missed();
      },
      lost: () => banner("lost", LOST),
    });
  }

  /** What was saved while nobody listened, as in a tab that was hidden. */
  async #missed() {
    const last = (await this.saving.versions().catch(() => [])).at(-1);
    if (last) this.#took({ version: last.version, decision: last.decision, reader: last.reader, at: last.saved_at });
  }

  /** @param {Latest} latest */
  #took(latest) {
    if (this.#latest && latest.version < this.#latest.version) return;
    this.#latest = latest;
    this.draw();
  }

  draw() {
    const { state, saving } = this;
    // the answer to our own save is on its way; or a line more above the image would move it under a point that is dragged
    if (saving.busy || state.moving) return;
    // a conflict is told of already
    const news = this.#latest && this.#latest.version > state.version && saving.conflict === null ? this.#latest : null;
    banner("others", news && said(news, state.unsaved), [{ text: `Load version ${news?.version}`, act: () => void saving.load() }]);
  }
}

/**
 * @param {Latest} latest
 * @param {boolean} unsaved whether the page holds edits that would conflict
 */
function said({ version, decision, reader, at }, unsaved) {
  const what = decision === "draft" ? `Somebody else has just saved a draft (version ${version})` : `${reader} has signed it: ${reviewWord(decision)}, version ${version}, ${moment(at)}`;
  return `${what}. This page shows an earlier version.${unsaved ? " Your edits are not saved; once theirs is loaded, Undo puts them on top." : ""}`;
}
