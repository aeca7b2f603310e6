// @ts-check
/** One line of the list of jobs. Its buttons stay the same elements while only numbers change: else a click could miss them. */

import { element } from "../element.js";
import { counted, moment } from "../words.js";

/** @typedef {import("./types.js").Job} Job */
/** @typedef {import("./sending.js").Sending} Sending */
/** @typedef {"cancel" | "retry"} Order */

/**
 * @typedef {object} Line
 * @property {string} look what it was made for; for another one a new line is made
 * @property {HTMLElement} node
 * @property {(words: string, share: number | null) => void} tell how far it is; null where that is not known
 */

const KINDS = { find: "Looking for scans", measure: "Measuring", import: "Taking in reports" };
const STATES = { waiting: "Waiting", running: "Running", done: "Done", failed: "Failed", cancelled: "Cancelled" };

/** @param {Job} job */
export const lookOf = (job) => [job.state, job.cancelling, job.name, job.message].join("\n");

/**
 * @param {Job} job
 * @param {(order: Order, job: Job) => void} order
 * @returns {Line}
 */
export function jobLine(job, order) {
  const name = job.scan_id
    ? element("a", { class: "name", href: `/scans/${encodeURIComponent(job.scan_id)}` }, element("bdi", {}, job.name))
    : element("p", { class: "name" }, element("bdi", {}, job.name));
  const said = job.message && element("p", { class: job.state === "failed" ? "said bad" : "said" }, job.message);
  const attributes = { "data-job": job.id, "data-state": job.state };
  return { look: lookOf(job), ...told(attributes, name, job.state === "running", said, orders(job, order)) };
}

/**
 * @param {Sending} sending
 * @returns {Line}
 */
export function sendingLine(sending) {
  const cancel = element("button", { class: "small", type: "button", click: () => sending.stop.abort() }, "Cancel");
  return {
    look: sending.id,
    ...told({ "data-state": "running" }, element("p", { class: "name" }, sending.name), true, "", cancel),
  };
}

/**
 * @param {Record<string, string>} attributes
 * @param {HTMLElement} name
 * @param {boolean} moves whether there is a bar
 * @param {HTMLElement | ""} said
 * @param {HTMLElement | null} button
 */
function told(attributes, name, moves, said, button) {
  const words = element("p", { class: "small faint number" });
  const bar = moves ? element("progress", { max: 1, "aria-label": `${name.textContent} done` }) : null;
  const node = element("li", attributes, name, words, bar, said, button);
  /** @type {Line["tell"]} */
  const tell = (text, share) => {
    if (words.textContent !== text) words.textContent = text;
    if (share === null) bar?.removeAttribute("value");
    else bar?.setAttribute("value", String(share));
  };
  return { node, tell };
}

/**
 * @param {Job} job
 * @param {(order: Order, job: Job) => void} order
 */
function orders(job, order) {
  if (job.state === "done") return null;
  const again = job.state === "failed" || job.state === "cancelled";
  const text = again ? "Try again" : job.cancelling ? "Cancelling" : "Cancel";
  const click = () => order(again ? "retry" : "cancel", job);
  return element(
    "button",
    { class: "small", type: "button", id: `order-${job.id}`, disabled: job.cancelling && !again, click },
    text,
  );
}

/** @param {Job} job */
export function doing(job) {
  const again = job.attempts > 1 ? `, attempt ${job.attempts}` : "";
  const stage = job.stage ? `: ${job.stage}` : "";
  if (job.state === "running") return `${KINDS[job.kind]}${stage}, ${Math.round(100 * job.share)} %${again}`;
  if (job.state === "waiting") return `Waiting${again}`;
  return `${job.state === "done" ? done(job) : STATES[job.state]}, ${moment(job.ended_at)}${again}`;
}

/** @param {Job} job */
function done(job) {
  if (job.kind === "measure") return job.message ? "No result" : "Measured"; // what was refused, or holds no spine, says why
  return job.kind === "find" ? `Found ${counted(job.scans, "scan")}` : `Took in ${counted(job.scans, "report")}`;
}

/** @param {Sending} sending */
export function sent({ files, bytes, share }) {
  if (share === 1) return "Sent; the service looks at it";
  return `Sending ${counted(files, "file")}, ${size(bytes)}: ${Math.floor(100 * share)} %`;
}

/** @param {number} bytes */
function size(bytes) {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
