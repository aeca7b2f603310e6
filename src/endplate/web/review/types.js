// @ts-check
/**
 * What the service says (endplate.report.report, endplate.review.document, endplate.review.images), as far as the page reads it.
 *
 * @typedef {import("../rules/types.js").Entry & {
 *   reason: string | null,
 *   heights_mm: Record<"anterior" | "middle" | "posterior", number>,
 *   ratios: {ha_hp: number, hm_hp: number},
 *   loss: number | null,
 *   loss_interval_95: [number, number] | null,
 *   grade: number | null,
 *   shape: string | null,
 *   hu: {mean_hu: number} | null,
 * }} ModelEntry a vertebra of report.json
 *
 * @typedef {object} Report
 * @property {"ok" | "no_spine" | "refused"} status
 * @property {{code: string, severity: string, text: string}[]} messages
 * @property {ModelEntry[]} vertebrae
 * @property {{uncertain: boolean, confidence: number, alternative: string | null, alternative_probability: number, top: string | null} | null} levels
 * @property {{sentence: string} | null} summary
 * @property {{edits: string[], confirmed?: string[]} | null} [review]
 *
 * @typedef {"draft" | "accepted" | "accepted_with_edits" | "rejected"} Decision
 *
 * @typedef {object} Review endplate-review/1
 * @property {"endplate-review/1"} schema
 * @property {number} version
 * @property {Decision} decision
 * @property {string | null} reader
 * @property {string | null} signed_at
 * @property {string} comment
 * @property {import("../rules/types.js").ReviewVertebra[]} vertebrae
 *
 * @typedef {object} ImagesInfo images.json
 * @property {{shape: [number, number, number], offsets_mm: number[], rows: import("../rules/straight.js").Rows}} straight
 * @property {{shape: [number, number, number], spacing_mm: number, origin_lps_mm: [number, number, number]}} context
 *
 * @typedef {object} Scan
 * @property {string} id
 * @property {string} name
 * @property {string} status
 * @property {string} message
 * @property {{name: string, id: string, birth_date: string, sex: string, study_date: string, study_description: string}} patient
 * @property {boolean} has_images
 * @property {string} without_images
 *
 * @typedef {{scan: Scan, report: Report | null, rules: import("../rules/types.js").Rules | null, images: ImagesInfo | null}} Opened
 */
export {};
