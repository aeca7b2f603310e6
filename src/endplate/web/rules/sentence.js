// @ts-check
/** One sentence to paste into a radiology report (endplate.report.sentence), word by word. */

import { fixed, rounded } from "./rounding.js";

/** @typedef {import("./types.js").Finding} Finding */
/** @typedef {import("./types.js").Rules} Rules */

const UNNAMED = "unnamed level";

/**
 * What was found, worst level first; what could not be assessed; what else may look like it.
 *
 * @param {Finding[]} findings
 * @param {Rules} rules
 */
export function sentence(findings, rules) {
  const graded = findings.filter((f) => f.grade !== null);
  if (!graded.length) return ["No vertebral body could be assessed.", ...leftOut(findings)].join(" ");
  const found = graded.filter((f) => f.grade).sort((a, b) => b.loss - a.loss);
  const fractures = found.filter((f) => Number(f.grade) >= 2).map((f) => describe(f, rules));
  const mild = found.filter((f) => f.grade === 1).map((f) => describe(f, rules));
  const parts = [];
  if (fractures.length) {
    parts.push(`Vertebral fracture: ${fractures.join("; ")}. Further assessment or fracture-liaison referral is suggested.`);
  }
  if (mild.length) parts.push(`Mild deformity, indeterminate: ${mild.join("; ")}.`);
  if (found.length) {
    parts.push("Other causes of a fracture-shaped deformity are to be excluded by the reader.");
  } else {
    const bodies = `${graded.length} ${graded.length === 1 ? "body" : "bodies"}`;
    parts.push(`No vertebral fracture found by height loss (${bodies} assessed, ${span(graded)}).`);
  }
  parts.push(...leftOut(findings));
  if (graded.some((f) => f.body.levelConfidence < rules.uncertain_level)) parts.push("Level names are uncertain.");
  return parts.join(" ");
}

/** @param {Finding[]} findings */
function leftOut(findings) {
  const named = findings.filter((f) => f.grade === null).map((f) => `${f.body.level ?? UNNAMED} (${f.reason})`);
  return named.length ? [`Not assessed: ${named.join(", ")}.`] : [];
}

/** @param {Finding[]} graded */
function span(graded) {
  const names = graded.map((f) => f.body.level ?? UNNAMED);
  return names.length === 1 ? names[0] : `${names[0]}-${names[names.length - 1]}`;
}

/**
 * "T12 wedge, grade 2 (moderate), height loss 31 % (95 % interval 26-36 %)".
 *
 * @param {Finding} finding
 * @param {Rules} rules
 */
export function describe(finding, rules) {
  // rounded as in the report first, so that table and sentence never differ by a per cent
  const [loss, low, high] = [finding.loss, ...finding.interval].map((x) => fixed(100 * rounded(x, 4)));
  const grade = finding.grade ?? 0;
  const name = `${finding.body.level ?? UNNAMED} ${finding.shape}, grade ${grade} (${rules.genant.names[grade]})`;
  return `${name}, height loss ${loss} % (95 % interval ${low}-${high} %)`;
}
