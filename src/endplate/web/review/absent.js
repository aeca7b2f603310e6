// @ts-check
/** Scans that there is nothing to review of: why, and what one can do. */

import { get } from "../api.js";
import { element } from "../element.js";
import { statusWord } from "../words.js";
import { part } from "./dom.js";

/** @typedef {import("./types.js").Opened} Opened */

const AGAIN_MS = 2000;
/** @type {Record<string, string>} */
const REMEDY = {
  waiting: "It is measured as soon as a worker is free; this page then opens by itself.",
  running: "It is being measured; this page then opens by itself.",
  refused: "This scan cannot be measured, and no other try will change that. Upload another series of the study: thin slices, the whole spine in the field of view, not a localiser or a reformatted image.",
  failed: "The measurement broke off. Try it again from the worklist; if it fails again, the message above belongs in a bug report.",
  cancelled: "The measurement was cancelled. Order it again from the worklist.",
  no_spine: "If the scan does show vertebrae, upload a series with thinner slices or a larger field of view. Otherwise sign that there is no spine to assess.",
};

const OTHER_NORMS = "It was measured by norms of your own, which this service does not have: the page could not grade as the report does. Measure it again with a shipped table.";

/**
 * @param {Opened} opened
 * @param {boolean} signable whether it can be signed all the same, as a scan without a spine can
 * @returns {void}
 */
export function absent({ scan, report, rules }, signable) {
  const said = [...(report?.messages ?? []).filter((m) => m.severity !== "info" || m.code === "no_spine").map((m) => m.text)];
  const message = said.length ? said : [scan.message].filter(Boolean);
  const lines = message.map((text) => element("p", {}, text));
  const remedy = element("p", { class: "faint" }, report?.status === "ok" && !rules ? OTHER_NORMS : REMEDY[scan.status] ?? "");
  const back = element("a", { href: "/", class: "button" }, "To the worklist");
  part("absent").replaceChildren(element("h2", {}, statusWord(scan.status)), ...lines, remedy, back);
  part("absent").hidden = false;
  part("review").hidden = true;
  part("actions").hidden = !signable;
  if (scan.status === "waiting" || scan.status === "running") void reopened(scan.id, scan.status);
}

/**
 * @param {string} id
 * @param {string} status
 */
async function reopened(id, status) {
  const { scan } = await get(`/scans/${id}`).catch(() => ({ scan: { status } }));
  if (scan.status !== status) location.reload();
  else setTimeout(() => void reopened(id, status), AGAIN_MS);
}
