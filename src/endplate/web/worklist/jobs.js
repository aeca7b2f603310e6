// @ts-check
/** The jobs: how far each is, what failed and why, with cancel and retry. */

import { send } from "../api.js";
import { byId, element } from "../element.js";
import { counted, moment } from "../words.js";
import { message } from "./sending.js";

/** @typedef {import("./types.js").Job} Job */
/** @typedef {import("./sending.js").Sending} Sending */

const KINDS = { find: "Looking for scans", measure: "Measuring", import: "Taking in reports" };
const ENDED = new Set(["done", "failed", "cancelled"]);
/** Jobs of one kind that are listed; the others are counted. */
const MOST = 30;

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
    this.drawing = false;
    this.panel = byId("jobs", HTMLElement);
    this.button = byId("jobs-open", HTMLButtonElement);
    this.button.addEventListener("click", () => this.open(this.panel.hidden));
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
    const told = this.of("done", "cancelled").filter((job) => job.kind !== "measure" || job.state === "cancelled");
    const busy = running.length + waiting.length + this.sending.length;
    const doing = running.length + this.sending.length;
    const numbers = [doing && `${doing} running`, waiting.length && `${waiting.length} waiting`].filter(Boolean);
    byId("jobs-busy", HTMLElement).textContent = numbers.join(", ");
    byId("jobs-failed", HTMLElement).textContent = failed.length ? `${failed.length} failed` : "";
    byId("jobs-cancel", HTMLButtonElement).hidden = running.length + waiting.length < 2;
    byId("jobs-retry", HTMLButtonElement).hidden = failed.length < 2;
    this.list("sending", this.sending, (sending) => this.sendingLine(sending));
    this.list("running", [...running.sort(oldest), ...waiting.sort(oldest)], (job) => this.line(job));
    this.list("failed", failed.sort(latest), (job) => this.line(job));
    this.list("done", told.sort(latest).slice(0, 10), (job) => this.line(job));
    byId("jobs-none", HTMLElement).hidden = busy + failed.length + told.length > 0;
  }

  /**
   * @template T
   * @param {string} name
   * @param {T[]} all
   * @param {(one: T) => HTMLElement} drawn
   */
  list(name, all, drawn) {
    const section = byId(`jobs-${name}-list`, HTMLElement);
    const held = document.activeElement instanceof HTMLElement && section.contains(document.activeElement) ? document.activeElement.id : "";
    const list = element("ul", {}, ...all.slice(0, MOST).map(drawn));
    if (all.length > MOST) list.append(element("li", { class: "faint" }, `and ${(all.length - MOST).toLocaleString("en-GB")} more`));
    section.hidden = all.length === 0;
    section.querySelector("ul")?.replaceWith(list);
    if (held) document.getElementById(held)?.focus();
  }

  /** @param {Sending} sending */
  sendingLine({ name, files, bytes, share, stop }) {
    const what = share < 1 ? `Sending ${counted(files, "file")}, ${size(bytes)}: ${Math.floor(100 * share)} %` : "Sent; the service looks at it";
    const bar = element("progress", { max: 1, value: share < 1 ? share : null, "aria-label": `${name} sent` });
    const cancel = element("button", { class: "small", type: "button", id: `stop-${name}`, click: () => stop.abort() }, "Cancel");
    return element("li", { "data-state": "running" }, element("p", { class: "name" }, name), element("p", { class: "small faint" }, what), bar, cancel);
  }

  /** @param {Job} job */
  line(job) {
    const bar = job.state === "running" && element("progress", { max: 1, value: job.share, "aria-label": `${job.name} done` });
    const name = job.scan_id
      ? element("a", { class: "name", href: `/scans/${encodeURIComponent(job.scan_id)}` }, element("bdi", {}, job.name))
      : element("p", { class: "name" }, element("bdi", {}, job.name));
    const said = job.message && element("p", { class: job.state === "failed" ? "said bad" : "said" }, job.message);
    return element("li", { "data-job": job.id, "data-state": job.state }, name, element("p", { class: "small faint" }, doing(job)), bar, said, this.orders(job));
  }

  /** @param {Job} job */
  orders(job) {
    const id = `order-${job.id}`;
    if (job.state === "failed" || job.state === "cancelled") {
      return element("button", { class: "small", type: "button", id, click: () => void this.order("retry", job) }, "Try again");
    }
    if (job.state === "done") return null;
    const text = job.cancelling ? "Cancelling" : "Cancel";
    return element("button", { class: "small", type: "button", id, disabled: job.cancelling, click: () => void this.order("cancel", job) }, text);
  }

  /**
   * @param {"cancel" | "retry"} what
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
   * @param {"cancel" | "retry"} what
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

/** @param {Job} job */
function doing(job) {
  const again = job.attempts > 1 ? `, attempt ${job.attempts}` : "";
  if (job.state === "running") return `${KINDS[job.kind]}${job.stage ? `: ${job.stage}` : ""}, ${Math.round(100 * job.share)} %${again}`;
  if (job.state === "waiting") return `Waiting${again}`;
  const found = job.kind === "measure" ? "" : `, ${counted(job.scans, "scan")}`;
  return `${job.state === "done" ? "Done" : job.state === "failed" ? "Failed" : "Cancelled"} ${moment(job.ended_at)}${found}${again}`;
}

/** @param {Job} a @param {Job} b */
const oldest = (a, b) => (a.added_at < b.added_at ? -1 : 1);
/** @param {Job} a @param {Job} b */
const latest = (a, b) => ((a.ended_at ?? "") > (b.ended_at ?? "") ? -1 : 1);

/** @param {number} bytes */
const size = (bytes) => (bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);
