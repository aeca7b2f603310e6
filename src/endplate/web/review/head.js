// @ts-check
/** The head of the page: whose scan, what is saved, whether it is verified, earlier versions. */

import { Refused } from "../api.js";
import { element } from "../element.js";
import { dicomDate, moment, personName, reviewWord } from "../words.js";
import { ask, banner } from "./dialogue.js";
import { part, say } from "./dom.js";

/** @typedef {import("./saving.js").Saving} Saving */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./types.js").Review} Review */
/** @typedef {import("./types.js").Scan} Scan */

/** @param {Scan} scan */
export function who(scan) {
  const { patient, name } = scan;
  const facts = [personName(patient.name) || name, patient.id, dicomDate(patient.birth_date) && `born ${dicomDate(patient.birth_date)}`];
  const study = [dicomDate(patient.study_date), patient.study_description];
  say(part("who"), facts[0]);
  say(part("study"), [...facts.slice(1), patient.sex, ...study].filter(Boolean).join(" · "));
  document.title = `${facts[0]} - review - endplate`;
}

export class Head {
  /**
   * @param {State} state
   * @param {Saving} saving
   */
  constructor(state, saving) {
    this.state = state;
    this.saving = saving;
    part("versions").addEventListener("click", () => void this.#ask());
  }

  draw() {
    const { state } = this;
    enable("undo", state.canUndo);
    enable("redo", state.canRedo);
    enable("save", state.unsaved && !this.saving.busy);
    for (const id of ["sign", "all-up", "all-down", "add"]) enable(id, state.editable);
    say(part("saved"), this.#saved());
    part("saved").classList.toggle("unsaved", state.unsaved);
    this.#mode();
    this.#verified();
  }

  #saved() {
    const { state, saving } = this;
    if (saving.busy) return "Saving…";
    const version = state.version ? `version ${state.version}` : "not reviewed yet";
    const word = state.version ? `${reviewWord(state.saved.decision)}, ${version}` : "Not reviewed yet";
    return state.unsaved ? `${word} · unsaved edits` : state.version ? `${word} · saved` : word;
  }

  #mode() {
    const { state } = this;
    const { decision, reader, signed_at, comment } = state.saved;
    const back = { text: "Back to the last version", act: () => state.look(null) };
    const looked = state.old ? `You look at version ${state.old.version} of ${state.version} (${signature(state.old)}). Nothing can be edited here.` : null;
    banner("old", looked, [back]);
    const signed = `${reviewWord(decision)} by ${reader} on ${moment(signed_at)}.${comment ? ` “${comment}”` : ""}`;
    const amend = { text: "Amend", act: () => state.amend() };
    const amending = state.mode === "edit" && decision !== "draft";
    banner("signed", state.mode === "signed" ? signed : amending ? `${signed} You amend it: the next save makes a new draft.` : null, amending ? [] : [amend]);
  }

  /** Below the page, always: a result that nobody signed must not be taken for one that was verified. */
  #verified() {
    const { old, saved, mode } = this.state;
    const shown = old ?? saved;
    const verified = shown.decision.startsWith("accepted") && mode !== "edit";
    const signed = verified || (shown.decision === "rejected" && mode !== "edit");
    say(part("verified"), signed ? `${signature(shown)}.` : "AI result, not verified until signed.");
    part("verified").classList.toggle("unverified", !verified);
  }

  /** Versions; where they do not come, why. */
  async #ask() {
    banner("versions", null);
    try {
      await this.versions();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      banner("versions", `Earlier versions did not come: ${error.message}`, [{ text: "Try again", act: () => void this.#ask() }], "alert");
    }
  }

  async versions() {
    const all = await this.saving.versions();
    if (!all.length) return void (await ask("Versions", [element("p", {}, "Nobody has saved a version yet.")], [{ value: "", text: "Close" }]));
    const buttons = all.map((one) => {
      const text = `Version ${one.version} · ${signature(one)} · ${one.edits.length} ${one.edits.length === 1 ? "edit" : "edits"}`;
      return element("li", {}, element("button", { value: String(one.version), class: "plain", type: "submit" }, text));
    });
    const list = element("ul", { class: "versions" }, ...buttons.reverse());
    const chosen = Number(await ask("Versions, the last first", [list], [{ value: "", text: "Close" }]));
    if (chosen) this.state.look(chosen === this.state.version ? null : await this.saving.version(chosen));
  }
}

/** @param {{decision: string, reader: string | null, signed_at?: string | null, saved_at?: string}} review */
function signature({ decision, reader, signed_at, saved_at }) {
  return [reviewWord(decision), reader, moment(signed_at ?? saved_at)].filter(Boolean).join(", ");
}

/**
 * @param {string} id
 * @param {boolean} can
 */
function enable(id, can) {
  const button = /** @type {HTMLButtonElement} */ (part(id));
  if (button.disabled === can) button.disabled = !can;
}
