// @ts-check
/** Dates, names, states and grades in words, the same on every page. */

import { fixed, rounded } from "./rules/rounding.js";

/** @type {Record<string, string>} */
const STATUS = {
  waiting: "Waiting",
  running: "Running",
  measured: "Measured",
  no_spine: "No spine found",
  refused: "Refused",
  failed: "Failed",
  cancelled: "Cancelled",
};
/** @type {Record<string, string>} */
const REVIEW = {
  none: "Not reviewed",
  draft: "Draft",
  accepted: "Accepted",
  accepted_with_edits: "Accepted with edits",
  rejected: "Rejected",
};
/** Genant's grades, as in endplate.morphometry.genant */
const GRADES = ["normal", "mild", "moderate", "severe"];

/** @param {string} status of a scan */
export const statusWord = (status) => STATUS[status] ?? status;

/** @param {string | null} decision of a review; null where nobody saved one */
export const reviewWord = (decision) => REVIEW[decision ?? "none"] ?? decision ?? "";

/** @param {number | null | undefined} grade Genant's, 0 to 3 */
export const gradeWord = (grade) => (grade === null || grade === undefined ? "not graded" : `grade ${grade} ${GRADES[grade]}`);

/**
 * A probability in per cent that never claims certainty, as in the report.
 *
 * @param {number | null | undefined} probability
 */
export function chance(probability) {
  if (probability === null || probability === undefined) return "";
  if (probability < 0.005) return "<1 %";
  return probability > 0.995 ? ">99 %" : `${fixed(100 * probability)} %`;
}

/**
 * Lost height in per cent, rounded as the report rounds it.
 *
 * @param {number | null | undefined} loss
 */
export const lossWord = (loss) => (loss === null || loss === undefined ? "" : `${fixed(100 * rounded(loss, 4))} %`);

/**
 * A DICOM date (20260131) as 2026-01-31, which no country reads the other way round; anything else as it is.
 *
 * @param {string} text
 */
export const dicomDate = (text) => text.replace(/^(\d{4})(\d{2})(\d{2})$/, "$1-$2-$3");

/**
 * A moment as the reader's clock shows it.
 *
 * @param {string | null | undefined} iso
 */
export function moment(iso) {
  const at = new Date(iso ?? "");
  if (Number.isNaN(at.getTime())) return iso ?? "";
  /** @param {number} number */
  const two = (number) => String(number).padStart(2, "0");
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/**
 * The day of a moment, as the reader's calendar shows it.
 *
 * @param {string | null | undefined} iso
 */
export const day = (iso) => moment(iso).split(" ")[0];

/**
 * A DICOM person name (PS3.5 6.2: family^given^middle^prefix^suffix, up to three spellings parted by =) for a reader.
 *
 * @param {string} name
 */
export function personName(name) {
  const [first, ...others] = name.split("=").map(spelling).filter(Boolean);
  return others.length ? `${first} (${others.join(", ")})` : (first ?? "");
}

/** @param {string} one */
function spelling(one) {
  const [family, given, middle] = one.split("^").map((part) => part.trim());
  return [family, [given, middle].filter(Boolean).join(" ")].filter(Boolean).join(", ");
}

/**
 * One scan, 2 scans.
 *
 * @param {number} count
 * @param {string} noun
 */
export const counted = (count, noun) => `${count.toLocaleString("en-GB")} ${noun}${count === 1 ? "" : "s"}`;
