// @ts-check
/**
 * What the service answers (endplate.service.records).
 *
 * @typedef {object} Patient
 * @property {string} name
 * @property {string} id
 * @property {string} birth_date
 * @property {string} sex
 * @property {string} study_date
 * @property {string} study_description
 * @property {string} accession_number
 *
 * @typedef {object} Summary
 * @property {number} vertebrae
 * @property {string | null} worst_level
 * @property {number | null} worst_grade
 * @property {number | null} worst_loss
 * @property {number} fractures
 * @property {number | null} fracture_probability
 * @property {boolean} levels_uncertain
 * @property {string} sentence
 *
 * @typedef {object} Scan
 * @property {string} id
 * @property {string} name
 * @property {string} status
 * @property {string} added_at
 * @property {Patient} patient
 * @property {Summary | null} summary
 * @property {string} message
 * @property {string | null} review
 * @property {number} review_version
 * @property {string | null} reader
 * @property {string | null} signed_at
 * @property {boolean} has_images
 * @property {string} without_images
 *
 * @typedef {object} Job
 * @property {string} id
 * @property {"find" | "measure" | "import"} kind
 * @property {string} name
 * @property {"waiting" | "running" | "done" | "failed" | "cancelled"} state
 * @property {string} added_at
 * @property {string} stage
 * @property {number} share
 * @property {string | null} scan_id
 * @property {string | null} parent_id
 * @property {number} scans
 * @property {number} attempts
 * @property {string} message
 * @property {string | null} ended_at
 * @property {boolean} cancelling
 *
 * @typedef {object} Page
 * @property {Scan[]} scans
 * @property {number} total
 * @property {Record<string, number>} counts
 */

export {};
