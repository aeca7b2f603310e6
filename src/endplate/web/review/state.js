// @ts-check
/** The review on this page: its vertebrae, what they measure, undo and redo, what is saved. No DOM; the page listens. */

import { bodiesOf } from "../rules/bodies.js";
import { measure } from "../rules/measure.js";
import { sentence } from "../rules/sentence.js";
import { merged } from "./merge.js";
import { isEdited } from "./opened.js";

/** @typedef {import("../rules/types.js").Finding} Finding */
/** @typedef {import("../rules/types.js").ReviewVertebra} ReviewVertebra */
/** @typedef {import("../rules/types.js").Rules} Rules */
/** @typedef {import("./types.js").Decision} Decision */
/** @typedef {import("./types.js").Report} Report */
/** @typedef {import("./types.js").Review} Review */
/** @typedef {import("./vertebrae.js").Which} Which */
/** @typedef {"edit" | "signed" | "old"} Mode signed: waits for an amendment; old: an earlier version */

export class State {
  /** @type {ReviewVertebra[][]} */
  #past = [];
  /** @type {ReviewVertebra[][]} */
  #future = [];
  /** what the last edit was, where the next of its kind joins it @type {string | null} */
  #joining = null;
  /** whether a signature is on its way: what it stands under cannot be edited */
  #frozen = false;
  /** @type {(() => void)[]} */
  #listeners = [];
  /** @type {{of: ReviewVertebra[] | null, findings: Finding[], sentence: string}} */
  #measured = { of: null, findings: [], sentence: "" };

  /**
   * @param {Report} report the model's
   * @param {Rules} rules
   * @param {Review} review as saved last
   * @param {number} version of it; 0 where nobody has saved one
   */
  constructor(report, rules, review, version) {
    this.report = report;
    this.rules = rules;
    /** @type {Review} as saved last; its own version is only true where `version` is not 0 */
    this.saved = review;
    this.version = version;
    this.vertebrae = review.vertebrae;
    /** @type {Mode} */
    this.mode = review.decision === "draft" ? "edit" : "signed";
    /** the earlier version that is looked at @type {Review | null} */
    this.old = null;
    /** @type {string | null} */
    this.selected = null;
    /** @type {Which | null} */
    this.point = null;
  }

  /** @param {() => void} listener is called after every change */
  listen(listener) {
    this.#listeners.push(listener);
  }

  #changed() {
    for (const listener of this.#listeners) listener();
  }

  /** What is shown: an earlier version where one is looked at. */
  get shown() {
    return this.old?.vertebrae ?? this.vertebrae;
  }

  /** Findings of what is shown, in its order. */
  get findings() {
    return this.#measure().findings;
  }

  get sentence() {
    return this.#measure().sentence;
  }

  #measure() {
    if (this.#measured.of !== this.shown) {
      const findings = measure(bodiesOf(this.report.vertebrae, this.shown, this.rules), this.rules);
      this.#measured = { of: this.shown, findings, sentence: sentence(findings, this.rules) };
    }
    return this.#measured;
  }

  get editable() {
    return this.mode === "edit" && !this.#frozen;
  }

  /** @param {boolean} frozen whether nothing can be edited, whatever the mode */
  freeze(frozen) {
    this.#frozen = frozen;
    this.#changed();
  }

  /** How the last version rests: what was signed waits for an amendment, unless edits of one are on the page. @returns {Mode} */
  get #resting() {
    return this.saved.decision === "draft" || this.unsaved ? "edit" : "signed";
  }

  /** Whether an edit is under way that is not settled yet, such as a drag. */
  get moving() {
    return this.#joining !== null;
  }

  get canUndo() {
    return this.editable && this.#past.length > 0;
  }

  get canRedo() {
    return this.editable && this.#future.length > 0;
  }

  /** Whether there is something that the service does not have. */
  get unsaved() {
    return this.vertebrae !== this.saved.vertebrae && !same(this.vertebrae, this.saved.vertebrae);
  }

  /** Whether what is shown differs from what the model said. */
  get edited() {
    return isEdited(this.shown, this.report.vertebrae, this.rules);
  }

  get selectedIndex() {
    return this.shown.findIndex((v) => v.id === this.selected);
  }

  get selectedVertebra() {
    return this.shown[this.selectedIndex] ?? null;
  }

  /**
   * @param {string | null} id
   * @param {Which | null} [point]
   */
  select(id, point = null) {
    if (id === this.selected && same(point, this.point)) return;
    [this.selected, this.point] = [id, point];
    this.#changed();
  }

  /**
   * Applies an edit; one that gives the same list is none.
   *
   * @param {(vertebrae: ReviewVertebra[]) => ReviewVertebra[]} edit
   * @param {string} [joining] edits of one name in a row are undone together, until `settle`
   * @returns {boolean} whether anything changed
   */
  edit(edit, joining) {
    if (!this.editable) return false;
    const after = edit(this.vertebrae);
    if (after === this.vertebrae || same(after, this.vertebrae)) return false;
    if (!joining || joining !== this.#joining) this.#past.push(this.vertebrae);
    this.#joining = joining ?? null;
    this.#future = [];
    this.vertebrae = after;
    this.#changed();
    return true;
  }

  /** Ends a drag: the next edit is undone on its own. */
  settle() {
    this.#joining = null;
    this.#changed();
  }

  undo() {
    if (this.canUndo) this.#step(this.#past, this.#future);
  }

  redo() {
    if (this.canRedo) this.#step(this.#future, this.#past);
  }

  /**
   * @param {ReviewVertebra[][]} from
   * @param {ReviewVertebra[][]} to
   */
  #step(from, to) {
    to.push(this.vertebrae);
    this.vertebrae = /** @type {ReviewVertebra[]} */ (from.pop());
    this.#joining = null;
    this.#changed();
  }

  /**
   * The document as it is sent.
   *
   * @param {Decision} [decision]
   * @param {string | null} [reader]
   * @param {string} [comment]
   * @returns {Review}
   */
  document(decision = "draft", reader = null, comment = this.saved.comment) {
    const { schema } = this.saved;
    return { schema, version: this.version + 1, decision, reader, signed_at: null, comment, vertebrae: this.vertebrae };
  }

  /**
   * The service has kept a document; what was edited since stays unsaved.
   *
   * @param {Review} sent
   * @param {Review} kept as the service answered
   * @param {number} version
   */
  keep(sent, kept, version) {
    if (this.vertebrae === sent.vertebrae) this.vertebrae = kept.vertebrae;
    [this.saved, this.version] = [kept, version];
    this.mode = this.old ? "old" : this.#resting;
    this.#changed();
  }

  /**
   * Takes what somebody else saved. Undoing then puts what was edited here on top of theirs; no step of it can drop their edits.
   *
   * @param {Review} review
   * @param {number} version
   */
  take(review, version) {
    this.#past = this.unsaved ? [merged(this.saved.vertebrae, this.vertebrae, review.vertebrae)] : [];
    this.#future = [];
    [this.saved, this.version, this.vertebrae, this.old] = [review, version, review.vertebrae, null];
    this.mode = review.decision === "draft" ? "edit" : "signed";
    this.#joining = null;
    this.#changed();
  }

  /**
   * Looks at an earlier version; null goes back to the last.
   *
   * @param {Review | null} review
   */
  look(review) {
    this.old = review;
    this.mode = review ? "old" : this.#resting;
    this.#changed();
  }

  /** Opens what was signed for further edits; the next save makes a new draft of it. */
  amend() {
    if (this.mode === "signed") this.mode = "edit";
    this.#changed();
  }

  /**
   * The next vertebra by how bad it is; around at the ends, not assessable ones last.
   *
   * @param {1 | -1} by
   * @returns {string | null} its id
   */
  worst(by = 1) {
    const order = this.shown.map((v, i) => ({ id: v.id, loss: Number.isFinite(this.findings[i].loss) ? this.findings[i].loss : -1 }));
    order.sort((a, b) => b.loss - a.loss);
    const at = order.findIndex(({ id }) => id === this.selected);
    const next = at < 0 ? 0 : (at + by + order.length) % order.length;
    return order[next]?.id ?? null;
  }

  /**
   * The vertebra below (1) or above (-1) the selected one.
   *
   * @param {1 | -1} by
   * @returns {string | null}
   */
  beside(by) {
    const at = this.selectedIndex;
    return this.shown[at < 0 ? 0 : Math.min(Math.max(at + by, 0), this.shown.length - 1)]?.id ?? null;
  }
}

/**
 * @param {unknown} a
 * @param {unknown} b
 */
function same(a, b) {
  return JSON.stringify(a) === JSON.stringify(b);
}
