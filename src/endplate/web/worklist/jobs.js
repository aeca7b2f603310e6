// @ts-check
/** The jobs: how far each is, what failed and why, with cancel and retry. */

import { send } from "../api.js";
import { byId, element } from "../element.js";
import { doing, jobLine, lookOf, sendingLine, sent } from "./job_line.js";
import { message } from "./sending.js";

/** @typedef {import("./types.js").Job} Job */
/** @typedef {import("./sending.js").Sending} Sending */
/** @typedef {import("./job_line.js").Line} Line */
/** @typedef {import("./job_line.js").Order} Order */

const ENDED = new Set(["done", "failed", "cancelled"]);
/** Jobs of one kind that are listed; the others are counted. */
const MOST = 30;
/** Jobs that are over and did not fail. */
const LATE = 10;

export class Jobs {
  /**
   * @param {(text: string) => void} failed
   */
  constructor(failed) {
    this.failed = failed;
    /** @type {Map<string, Job>} */
    this.jobs = new Map();
    /** @type {Map<string, string>} scan to job */
    this.measuring = new Map();
    /** @type {Sending[]} */
    this.sending = [];
    /** @type {Map<string, Line>} of those that are listed, by job or upload */
    this.lines = new Map();
    this.drawing = false;
    this.panel = byId("jobs", HTMLElement);
    this.button = byId("jobs-open", HTMLButtonElement);
    this.button.addEventListener("click", () => this.open(this.panel.hidden === true));
    byId("jobs-close", HTMLButtonElement).addEventListener("click", () => this.open(false));
    byId("jobs-retry", HTMLButtonElement).addEventListener("click", () => this.orderAll("retry", this.of("failed")));
    byId("jobs-cancel", HTMLButtonElement).addEventListener("click", () => this.orderAll("cancel", this.of("running", "waiting")));
    this.draw();
  }

  /** @param {boolean} open */
  open(open) {
    const held = this.panel.contains(document.activeElement);
    this.panel.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    this.draw();
    if (open) byId("jobs-close", HTMLButtonElement).focus();
    else if (held) this.button.focus();
  }

  /** @param {Job} job */
  take(job) {
    this.jobs.set(job.id, job);
    if (job.scan_id !== null) this.measuring.set(job.scan_id, job.id);
    this.draw();
  }

  /** @param {Sending[]} sending */
  takeSending(sending) {
    this.sending = sending;
    this.draw();
  }

  /** @param {string} scan */
  jobOf(scan) {
    return this.jobs.get(this.measuring.get(scan) ?? "");
  }

  /** @param {...Job["state"]} states */
  of(...states) {
    return Array.from(this.jobs.values()).filter((job) => states.includes(job.state));
  }

  /** Draws it once for all that comes before the next picture. */
  draw() {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      this.drawn();
    });
  }

  drawn() {
    const [running, waiting, failed] = [this.of("running"), this.of("waiting"), this.of("failed")];
    const told = this.#late();
    const busy = running.length + waiting.length + this.sending.length;
    const doing = running.length + this.sending.length;
    const numbers = [doing && `${doing} running`, waiting.length && `${waiting.length} waiting`].filter(Boolean);
    byId("jobs-busy", HTMLElement).textContent = numbers.join(", ");
    byId("jobs-failed", HTMLElement).textContent = failed.length ? `${failed.length} failed` : "";
    byId("jobs-cancel", HTMLButtonElement).hidden = running.length + waiting.length < 2;
    byId("jobs-retry", HTMLButtonElement).hidden = failed.length < 2;
    if (!this.panel.hidden) {
      const before = this.lines;
      this.lines = new Map();
      this.list("sending", this.sendingLines(before), this.sending.length);
      this.list("running", this.jobLines([...running.sort(oldest), ...waiting.sort(oldest)], before), running.length + waiting.length);
      this.list("failed", this.jobLines(failed.sort(latest), before), failed.length);
      this.list("done", this.jobLines(told, before), told.length);
    }
    byId("jobs-none", HTMLElement).hidden = busy + failed.length + told.length > 0;
  }

  /** The jobs that ended last without failing; older ones are forgotten, or a page that stays open would keep every one. */
  #late() {
    const told = this.of("done", "cancelled").sort(latest);
    for (const { id, scan_id } of told.splice(LATE)) {
      this.jobs.delete(id);
      if (scan_id !== null && this.measuring.get(scan_id) === id) this.measuring.delete(scan_id);
    }
    return told;
  }

  /**
   * @param {string} name
   * @param {Line[]} lines of those that are listed
   * @param {number} count of all
   */
  list(name, lines, count) {
    const section = byId(`jobs-${name}-list`, HTMLElement);
    const list = section.querySelector("ul");
    section.hidden = lines.length === 0;
    const more = count > lines.length ? [`and ${(count - lines.length).toLocaleString("en-GB")} more`] : [];
    const nodes = lines.map(({ node }) => node);
    const held = document.activeElement?.id;
    const same = list?.childElementCount === nodes.length && nodes.every((node, at) => list.children[at] === node);
    if (same && more.length === 0) return;
    list?.replaceChildren(...nodes, ...more.map((text) => element("li", { class: "faint" }, text)));
    if (held && document.activeElement?.id !== held) document.getElementById(held)?.focus();
  }

  /**
   * Lines of the first jobs; the others are only counted.
   *
   * @param {Job[]} jobs
   * @param {Map<string, Line>} before
   */
  jobLines(jobs, before) {
    const order = (/** @type {Order} */ what, /** @type {Job} */ job) => void this.order(what, job);
    return jobs.slice(0, MOST).map((job) => {
      const kept = before.get(job.id);
      const line = kept?.look === lookOf(job) ? kept : jobLine(job, order);
      line.tell(doing(job), job.share);
      this.lines.set(job.id, line);
      return line;
    });
  }

  /** @param {Map<string, Line>} before */
  sendingLines(before) {
    return this.sending.slice(0, MOST).map((sending) => {
      const line = before.get(sending.id) ?? sendingLine(sending);
      line.tell(sent(sending), sending.share < 1 ? sending.share : null);
      this.lines.set(sending.id, line);
      return line;
    });
  }

  /**
   * @param {Order} what
   * @param {Job} job
   */
  async order(what, job) {
    try {
      this.take((await send("POST", `/jobs/${encodeURIComponent(job.id)}/${what}`)).content);
    } catch (error) {
      this.failed(`${job.name}: ${message(error)}`);
    }
  }

  /**
   * @param {Order} what
   * @param {Job[]} jobs
   */
  async orderAll(what, jobs) {
    // waiting ones before running ones: else each that is cancelled lets the next begin
    for (const job of jobs.sort((a, b) => a.share - b.share)) await this.order(what, job);
  }

  /** What is not over is forgotten: the service tells all of it when listening begins, and some may have ended meanwhile. */
  begin() {
    for (const [id, job] of this.jobs) if (!ENDED.has(job.state)) this.jobs.delete(id);
    this.draw();
  }
}

/** @param {Job} a @param {Job} b */
const oldest = (a, b) => (a.added_at < b.added_at ? -1 : 1);
/** @param {Job} a @param {Job} b */
const latest = (a, b) => ((a.ended_at ?? "") > (b.ended_at ?? "") ? -1 : 1);
