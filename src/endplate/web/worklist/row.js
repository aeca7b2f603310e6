// @ts-check
/** One line of the worklist. */

import { element, gradeBadge, present } from "../element.js";
import { chance, counted, day, dicomDate, gradeWord, lossWord, moment, personName, reviewWord, statusWord } from "../words.js";

/** @typedef {import("./types.js").Scan} Scan */
/** @typedef {import("./types.js").Job} Job */

const SIGNED = new Set(["accepted", "accepted_with_edits", "rejected"]);

/** @param {Scan} scan */
export const isFlagged = (scan) => (scan.summary?.worst_grade ?? 0) >= 2 && !SIGNED.has(scan.review ?? "");

/** @param {Scan} scan */
export const nameOf = (scan) => personName(scan.patient.name) || scan.name;

/**
 * @param {Scan} scan
 * @param {Job | undefined} job that measures it now
 */
export function row(scan, job) {
  const flagged = isFlagged(scan);
  const grade = scan.summary?.worst_grade ?? "none";
  const state = SIGNED.has(scan.review ?? "") ? "signed" : flagged ? "flagged" : "plain";
  return element(
    "tr",
    { "data-scan": scan.id, "data-grade": grade, "data-state": state },
    element("td", { class: "finding" }, ...finding(scan, flagged)),
    element("td", { class: "chance number" }, chance(scan.summary?.fracture_probability)),
    element("th", { class: "patient", scope: "row" }, ...patient(scan)),
    element("td", { class: "study" }, ...study(scan)),
    element("td", { class: "review" }, ...review(scan)),
    element("td", { class: "status" }, element("div", { class: "how" }, ...status(scan, job)), deleteButton(scan)),
  );
}

/**
 * @param {Scan} scan
 * @param {boolean} flagged
 */
function finding(scan, flagged) {
  const found = scan.summary;
  if (scan.status !== "measured" || found === null) return [scan.message && line("small faint clamp", scan.message)];
  const grade = found.worst_grade;
  const level = `${found.worst_level ?? "unnamed"}${found.levels_uncertain ? "?" : ""}`;
  const doubt = element("span", { class: "doubt", title: "The names of the levels are in doubt: count them" }, "levels uncertain");
  const facts = [
    (grade ?? 0) > 0 && found.worst_loss !== null && element("span", {}, `${lossWord(found.worst_loss)} of height lost`),
    found.fractures > 1 && element("span", {}, counted(found.fractures, "fracture")),
    found.levels_uncertain && doubt,
  ];
  return [
    element(
      "span",
      { class: "worst" },
      grade === null ? null : element("b", { class: "level" }, level),
      gradeBadge(grade, grade === null ? "not assessable" : gradeWord(grade), flagged),
    ),
    element("span", { class: "line small faint facts" }, ...present(facts)),
  ];
}

/** @param {Scan} scan */
function patient(scan) {
  const of = scan.patient;
  const name = nameOf(scan);
  const facts = [of.id, of.sex, of.birth_date && `born ${dicomDate(of.birth_date)}`].filter(Boolean).join(" - ");
  return [
    element("a", { class: "line", href: `/scans/${encodeURIComponent(scan.id)}`, title: name }, element("bdi", {}, name)),
    line("small faint", facts || (of.name ? "" : "no patient in the file")),
  ];
}

/** @param {Scan} scan */
function study(scan) {
  const of = scan.patient;
  const what = of.study_description || (of.name ? scan.name : "");
  return [of.study_date && element("span", { class: "line number" }, dicomDate(of.study_date)), line("small faint", what)];
}

/** @param {Scan} scan */
function review(scan) {
  const signed = SIGNED.has(scan.review ?? "");
  const sign = scan.review === "rejected" ? "✕ " : signed ? "✓ " : "";
  const who = signed ? [scan.reader, day(scan.signed_at)] : scan.review === "draft" ? [`version ${scan.review_version}`] : [];
  return [
    element(
      "span",
      { class: "line state", "data-review": scan.review ?? "none" },
      sign,
      scan.status === "measured" || scan.review ? reviewWord(scan.review) : "",
    ),
    line("small faint", who.filter(Boolean).join(", "), signed ? `${scan.reader ?? ""}, ${moment(scan.signed_at)}` : ""),
  ];
}

/**
 * @param {Scan} scan
 * @param {Job | undefined} job
 */
export function status(scan, job) {
  const under = line("small faint number", `added ${day(scan.added_at)}`, `added ${moment(scan.added_at)}`);
  const word = element("span", { class: "line word", "data-status": scan.status }, statusWord(scan.status));
  if (scan.status !== "running") return [word, under];
  const share = job?.share ?? 0;
  if (job?.stage) word.append(element("span", { class: "small faint" }, ` ${job.stage}`));
  const bar = element("progress", { max: 1, value: share, "aria-label": "measured" }, `${Math.round(100 * share)} %`);
  return [word, bar];
}

/** @param {Scan} scan */
function deleteButton(scan) {
  return element(
    "button",
    { class: "delete small", type: "button", "aria-label": `Delete ${nameOf(scan)}`, title: "Delete (key Del)" },
    "\u2715",
  );
}

/**
 * A line that is cut where it is too long and whole in its tooltip.
 *
 * @param {string} look
 * @param {string} text
 * @param {string} [whole] for the tooltip, where it says more
 */
function line(look, text, whole = "") {
  return text ? element("span", { class: `line ${look}`, title: whole || text }, element("bdi", {}, text)) : null;
}
