// @ts-check
/**
 * What the rules take and give. Lengths in mm, points in LPS.
 *
 * @typedef {[number, number, number]} Point
 * @typedef {[[Point, Point], [Point, Point], [Point, Point]]} SixPoints anterior, middle, posterior: superior, inferior
 * @typedef {[number, number, number]} Three anterior, middle, posterior
 *
 * @typedef {object} LevelNorm
 * @property {number} ha_hp
 * @property {number} ha_hp_sd
 * @property {number} hm_hp
 * @property {number} hm_hp_sd
 * @property {number | null} hp_mm
 * @property {boolean} weak
 *
 * @typedef {object} SpreadRules
 * @property {number[]} nodes
 * @property {number[]} weights
 * @property {number} finest
 * @property {number} halvings
 * @property {number} cdf_step
 * @property {number[]} cdf_series
 * @property {number} cdf_farthest
 * @property {number} least_posterior_mm
 * @property {number} least_left
 * @property {number} least_sd_mm
 * @property {[number, number]} quantiles ends of the 95 % interval
 * @property {number} nothing a loss that counts as none
 *
 * @typedef {object} Rules as endplate.review.rules writes them
 * @property {Record<string, {place: number, norm: LevelNorm | null}>} levels
 * @property {LevelNorm} unknown
 * @property {number} least_mm
 * @property {[number, number]} plausible_mm
 * @property {[number, number]} plausible_depth_mm
 * @property {{reach: number, least: number, ratio_loss: number, posterior_loss: number}} neighbours
 * @property {{loss: number[], names: string[], shapes: string[], crushed: number, flags: (string | null)[]}} genant
 * @property {SpreadRules} spread
 * @property {number} uncertain_level
 * @property {number} reader_sd_mm standard deviation of a point that a reader set
 * @property {number} unmoved_mm what moved by less was not moved
 *
 * @typedef {object} Body
 * @property {SixPoints} points
 * @property {[number, number][]} sd (3, 2) standard deviations along the spine
 * @property {string | null} level
 * @property {number} levelConfidence
 * @property {boolean} complete
 * @property {string | null} doubt
 *
 * @typedef {Record<"anterior" | "middle" | "posterior", [Point, Point]>} PointPairs
 *
 * @typedef {object} Entry what the rules need of a vertebra of report.json
 * @property {string | null} level
 * @property {number} level_confidence
 * @property {boolean} complete
 * @property {PointPairs} points_lps_mm
 * @property {Record<"anterior" | "middle" | "posterior", [number, number]>} points_sd_mm
 *
 * @typedef {object} ReviewVertebra of review.json (endplate-review/1)
 * @property {string} id
 * @property {string | null} level
 * @property {PointPairs} points_lps_mm
 * @property {number | null} model_index
 * @property {string | null} not_assessable
 * @property {boolean} [level_confirmed] whether the reader says that this name is right; documents of before this was asked lack it
 *
 * @typedef {object} Finding as endplate.morphometry.measure.Finding; NaN where not known
 * @property {Body} body
 * @property {Three} heights
 * @property {[number, number]} ratios
 * @property {number} genantIndex
 * @property {number} loss
 * @property {[number, number]} interval
 * @property {number | null} grade
 * @property {number[]} gradeProbability
 * @property {string | null} shape
 * @property {[number, number]} z
 * @property {number} posteriorExpected
 * @property {boolean} weakNorm
 * @property {string | null} reason
 * @property {string | null} flag
 */
export {};
