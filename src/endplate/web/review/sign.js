// @ts-check
/** The sign-off: what will be signed, by whom, and how. What it lists comes from the service, which measures the same points again. */

import { send } from "../api.js";
import { element } from "../element.js";
import { counted } from "../words.js";
import { part, say } from "./dom.js";
import { misnamed } from "./vertebrae.js";

/** @typedef {import("./saving.js").Saving} Saving */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./types.js").Decision} Decision */
/** @typedef {import("./types.js").Report} Report */

/** the reader's name, kept until the tab is closed */
const NAME = "endplate-reader";
/** the value of the sign-off where it was not cancelled */
const SIGNED = "signed";

export class SignOff {
  #dialogue = /** @type {HTMLDialogElement} */ (part("sign-off"));
  #form = /** @type {HTMLFormElement} */ (part("sign-form"));
  #reader = /** @type {HTMLInputElement} */ (part("reader"));
  #comment = /** @type {HTMLTextAreaElement} */ (part("comment"));
  /** the vertebrae that were measured, as text: nothing else is signed @type {string | null} */
  #asked = null;
  /** what the reader chose and wrote for a signature that failed @type {{decision: Decision, comment: string} | null} */
  #kept = null;

  /**
   * @param {State} state
   * @param {Saving} saving
   */
  constructor(state, saving) {
    this.state = state;
    this.saving = saving;
    this.#reader.value = sessionStorage.getItem(NAME) ?? "";
    this.#form.addEventListener("submit", (event) => this.#submit(event));
    this.#form.addEventListener("input", () => this.#check());
    part("sign-close").addEventListener("click", () => this.#dialogue.close());
    this.#dialogue.addEventListener("close", () => this.#dialogue.returnValue !== SIGNED && saving.resume());
    saving.onLoad = () => this.#dialogue.close();
  }

  async open() {
    // what is saved by itself could bring in another version under the open sign-off
    if (!this.#canOpen || !(await this.saving.rest()) || !this.#canOpen) return;
    this.#comment.value = this.#kept?.comment ?? this.state.saved.comment;
    this.#dialogue.returnValue = "";
    this.#dialogue.showModal();
    await this.#measure();
  }

  get #canOpen() {
    return this.state.editable && !this.#dialogue.open;
  }

  async #measure() {
    const document = this.state.document();
    const asked = JSON.stringify(document.vertebrae);
    this.#asked = asked;
    this.#show([], "The service measures once more…", true);
    const wrong = misnamed(this.state.vertebrae.map((v) => v.level), this.state.rules);
    if (wrong) return this.#show([], `Level names must run from head to feet, but ${wrong[1]} lies below ${wrong[0]}. Rename them first.`, true);
    try {
      const { content } = await send("POST", `${this.saving.path}/measure`, document);
      if (this.#dialogue.open && this.#asked === asked) this.#measured(content);
    } catch (error) {
      if (this.#dialogue.open && this.#asked === asked) this.#show([], /** @type {Error} */ (error).message, true);
    }
  }

  /** @param {Report} report */
  #measured(report) {
    const said = report.summary?.sentence ?? this.state.sentence;
    const { edits = [], confirmed = [] } = report.review ?? {};
    // without edits the model's own sentence is signed; it was worded from points that were not rounded, and may differ in a digit
    if (edits.length && said !== this.state.sentence) {
      const text = `The service says otherwise than this page: "${said}" Reload the page before you sign.`;
      return this.#show([], text, true);
    }
    this.#show(edits, "", false, said, confirmed);
  }

  /**
   * @param {string[]} edits
   * @param {string} trouble
   * @param {boolean} blocked
   * @param {string} [sentence] that is signed
   * @param {string[]} [confirmed] names that the reader says are right
   */
  #show(edits, trouble, blocked, sentence = this.state.sentence, confirmed = []) {
    say(part("sign-sentence"), sentence);
    say(part("sign-trouble"), trouble);
    part("sign-trouble").hidden = trouble === "";
    const names = confirmed.length ? [`You confirm the level names ${confirmed.join(", ")}.`] : [];
    const count = edits.length ? `${counted(edits.length, "edit")} against what the model said:` : "Nothing was changed of what the model said.";
    say(part("sign-count"), [...names, count].join(" "));
    part("sign-count").hidden = blocked;
    part("sign-edits").replaceChildren(...edits.map((edit) => element("li", {}, edit)));
    this.#choice("accepted").disabled = blocked || edits.length > 0;
    this.#choice("accepted_with_edits").disabled = blocked || edits.length === 0;
    this.#choice("rejected").disabled = blocked;
    const usual = this.#choice(edits.length ? "accepted_with_edits" : "accepted");
    const wanted = this.#kept && this.#choice(this.#kept.decision);
    if (!blocked) (wanted?.disabled === false ? wanted : usual).checked = true;
    this.#check();
    if (!blocked) (this.#reader.value ? part("sign-now") : this.#reader).focus();
  }

  /** @param {Decision} decision */
  #choice(decision) {
    return /** @type {HTMLInputElement} */ (part(`sign-${decision}`));
  }

  get #decision() {
    return /** @type {Decision} */ (new FormData(this.#form).get("decision") ?? "draft");
  }

  #check() {
    for (const field of [this.#reader, this.#comment]) field.setCustomValidity("");
    const rejects = this.#decision === "rejected";
    this.#comment.required = rejects;
    say(part("comment-what"), rejects ? "Why it is rejected" : "Comment (optional)");
    /** @type {HTMLButtonElement} */ (part("sign-now")).disabled = this.#decision === "draft";
  }

  /** @param {SubmitEvent} event */
  async #submit(event) {
    event.preventDefault();
    if (JSON.stringify(this.state.vertebrae) !== this.#asked) return this.#measure();
    const name = this.#reader.value.trim();
    const comment = this.#comment.value.trim();
    this.#reader.setCustomValidity(name ? "" : "Your name stands under what you sign.");
    this.#comment.setCustomValidity(this.#decision === "rejected" && !comment ? "Say why: others read it." : "");
    if (!this.#form.reportValidity()) return;
    sessionStorage.setItem(NAME, name);
    this.#dialogue.close(SIGNED);
    const decision = this.#decision;
    this.#kept = { decision, comment };
    if (await this.saving.sign(decision, name, comment, () => void this.open())) this.#kept = null;
  }
}

