// @ts-check
/** How sure the loss is, given how sure the points are (endplate.morphometry.spread). */

/** @typedef {import("./types.js").SpreadRules} SpreadRules */
/** @typedef {import("./types.js").Three} Three */

/**
 * @typedef {object} Uncertain
 * @property {Three} heights
 * @property {Three} sd
 * @property {Three} expected E_A and E_M as ratios, E_P in mm; NaN without neighbours
 * @property {number} posteriorSd of E_P
 */

/**
 * Standard normal distribution function.
 *
 * @param {number} x
 * @param {SpreadRules} rules
 */
export function normalCdf(x, rules) {
  const z = Math.min(Math.abs(x), rules.cdf_farthest) / Math.SQRT2;
  const t = 1 / (1 + rules.cdf_step * z);
  const series = rules.cdf_series.reduceRight((sum, factor) => t * (factor + sum), 0);
  const tail = 0.5 * series * Math.exp(-z * z);
  return x < 0 ? tail : 1 - tail;
}

/**
 * Probability that the loss of a body is below a value.
 *
 * @param {Uncertain} body
 * @param {number} loss
 * @param {SpreadRules} rules
 */
export function cumulative(body, loss, rules) {
  const left = 1 - loss;
  const largest = Math.max(...body.sd, rules.least_sd_mm);
  const floor = rules.finest * largest;
  const [sdA, sdM, sdP] = body.sd.map((sd) => Math.max(sd, floor));
  const known = Number.isFinite(body.expected[2]);
  const behindSd = Math.max(body.posteriorSd, floor);
  return rules.nodes.reduce((total, node, i) => {
    const behind = Math.max(body.heights[2] + sdP * node, rules.least_posterior_mm);
    const front = normalCdf((body.heights[0] - left * body.expected[0] * behind) / sdA, rules);
    const middle = normalCdf((body.heights[1] - left * body.expected[1] * behind) / sdM, rules);
    const high = (behind / Math.max(left, rules.least_left) - body.expected[2]) / behindSd;
    return total + rules.weights[i] * front * middle * (known ? normalCdf(high, rules) : 1);
  }, 0);
}

/**
 * Probability of each grade.
 *
 * @param {Uncertain} body
 * @param {number[]} cuts
 * @param {SpreadRules} rules
 */
export function gradeProbabilities(body, cuts, rules) {
  const edges = [0];
  for (const cut of cuts) edges.push(Math.max(edges[edges.length - 1], cumulative(body, cut, rules)));
  edges.push(Math.max(edges[edges.length - 1], 1));
  return edges.slice(1).map((edge, i) => Math.min(edge, 1) - Math.min(edges[i], 1));
}

/**
 * Central 95 % interval of the loss, 0 and up, by halving.
 *
 * @param {Uncertain} body
 * @param {SpreadRules} rules
 * @returns {[number, number]}
 */
export function interval(body, rules) {
  return [quantile(body, rules.quantiles[0], rules), quantile(body, rules.quantiles[1], rules)];
}

/**
 * @param {Uncertain} body
 * @param {number} wanted
 * @param {SpreadRules} rules
 */
function quantile(body, wanted, rules) {
  let [low, high] = [0, 1];
  for (let i = 0; i < rules.halvings; i++) {
    const middle = (low + high) / 2;
    if (cumulative(body, middle, rules) < wanted) low = middle;
    else high = middle;
  }
  return high < rules.nothing ? 0 : (low + high) / 2;
}
