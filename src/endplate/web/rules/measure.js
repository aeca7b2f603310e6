// @ts-check
/** Six points per vertebra -> heights, loss, grade and how sure they are (endplate.morphometry.measure), rule by rule. */

import { expectedShare } from "./expected.js";
import { gradeOfLoss, shapeOfLosses } from "./genant.js";
import { dot, genantIndex, heights, length, mean, minus, ratios } from "./heights.js";
import { fixed } from "./rounding.js";
import { gradeProbabilities, interval } from "./spread.js";

/** @typedef {import("./types.js").Body} Body */
/** @typedef {import("./types.js").Finding} Finding */
/** @typedef {import("./types.js").LevelNorm} LevelNorm */
/** @typedef {import("./types.js").Rules} Rules */
/** @typedef {import("./types.js").Three} Three */
/** @typedef {import("./spread.js").Uncertain} Uncertain */

/**
 * Findings of one patient's vertebrae, head to feet.
 *
 * @param {Body[]} bodies
 * @param {Rules} rules
 * @returns {Finding[]}
 */
export function measure(bodies, rules) {
  const reasons = bodies.map((body) => reasonAgainst(body, rules));
  const norms = bodies.map((body) => normOf(body.level, rules) ?? rules.unknown);
  const uncertain = withExpected(bodies, reasons, norms, rules);
  return bodies.map((body, i) => finding(body, reasons[i], norms[i], uncertain[i], rules));
}

/**
 * The norm of a level; null outside the table.
 *
 * @param {string | null} level
 * @param {Rules} rules
 */
function normOf(level, rules) {
  return level === null ? rules.unknown : rules.levels[level].norm;
}

/**
 * Why a body cannot be graded, or null.
 *
 * @param {Body} body
 * @param {Rules} rules
 * @returns {string | null}
 */
export function reasonAgainst(body, rules) {
  if (!body.complete) return "cut by the field of view";
  if (body.doubt !== null) return body.doubt;
  if (normOf(body.level, rules) === null) return `${body.level} lies outside the norms`;
  if (!body.sd.flat().every((sd) => Number.isFinite(sd) && sd >= 0)) return "the points' deviations are not finite";
  const tall = heights(body.points);
  const [least, most] = [Math.min(...tall), Math.max(...tall)];
  if (least < rules.plausible_mm[0] || most > rules.plausible_mm[1]) {
    return `heights of ${fixed(least)} to ${fixed(most)} mm are implausible`;
  }
  const up = body.points.map(([superior, inferior]) => minus(superior, inferior));
  const way = mean(up);
  if (up.some((one) => dot(one, way) <= 0)) return "superior and inferior points cross";
  const depth = length(mean([0, 1].map((e) => minus(body.points[2][e], body.points[0][e]))));
  if (depth < rules.plausible_depth_mm[0] || depth > rules.plausible_depth_mm[1]) {
    return `a depth of ${fixed(depth)} mm is implausible`;
  }
  return null;
}

/**
 * Heights, expectations and their deviations; a body that is not assessable says nothing about its neighbours.
 *
 * @param {Body[]} bodies
 * @param {(string | null)[]} reasons
 * @param {LevelNorm[]} norms
 * @param {Rules} rules
 * @returns {Uncertain[]}
 */
function withExpected(bodies, reasons, norms, rules) {
  const tall = bodies.map((body) => heights(body.points));
  // errors of the superior and the inferior point taken as independent
  const sd = bodies.map((body) => body.sd.map(([s, i]) => Math.sqrt(s * s + i * i)));
  const sizes = bodies.map((body, i) => {
    const usable = reasons[i] === null ? norms[i].hp_mm ?? NaN : NaN;
    const [ha, hm] = ratios(tall[i], rules.least_mm);
    return {
      place: body.level === null ? NaN : rules.levels[body.level].place,
      share: tall[i][2] / usable,
      shareSd: sd[i][2] / usable,
      ratioLoss: Math.max(1 - ha / norms[i].ha_hp, 1 - hm / norms[i].hm_hp),
    };
  });
  return bodies.map((_, i) => {
    const [share, shareSd] = expectedShare(sizes, i, rules.neighbours);
    const norm = norms[i].hp_mm ?? NaN;
    const [a, m, p] = sd[i].map((x) => (Number.isFinite(x) ? x : 0));
    return {
      heights: tall[i],
      sd: [a, m, p],
      expected: [norms[i].ha_hp, norms[i].hm_hp, share * norm],
      posteriorSd: shareSd * norm,
    };
  });
}

/**
 * Losses of the anterior, middle and posterior column; -Infinity behind where nothing is expected.
 *
 * @param {Three} tall
 * @param {Three} expected
 * @param {Rules} rules
 * @returns {Three}
 */
export function losses(tall, expected, rules) {
  const [ha, hm] = ratios(tall, rules.least_mm);
  const behind = Number.isFinite(expected[2]) ? 1 - tall[2] / expected[2] : -Infinity;
  return [1 - ha / expected[0], 1 - hm / expected[1], behind];
}

/**
 * @param {Body} body
 * @param {string | null} reason
 * @param {LevelNorm} norm
 * @param {Uncertain} sure
 * @param {Rules} rules
 * @returns {Finding}
 */
function finding(body, reason, norm, sure, rules) {
  const ratio = ratios(sure.heights, rules.least_mm);
  /** @type {Finding} */
  const blank = {
    body,
    heights: sure.heights,
    ratios: ratio,
    genantIndex: genantIndex(sure.heights, rules.least_mm),
    loss: NaN,
    interval: [NaN, NaN],
    grade: null,
    gradeProbability: rules.genant.names.map(() => 0),
    shape: null,
    z: [NaN, NaN],
    posteriorExpected: sure.expected[2],
    weakNorm: norm.weak,
    reason,
    flag: null,
  };
  if (reason !== null) return blank;
  const columns = losses(sure.heights, sure.expected, rules);
  const loss = Math.max(...columns, 0);
  const grade = gradeOfLoss(loss, rules.genant);
  return {
    ...blank,
    loss,
    ...knownSure(sure, loss, grade, rules),
    grade,
    shape: shapeOfLosses(columns, rules.genant),
    z: [(ratio[0] - norm.ha_hp) / norm.ha_hp_sd, (ratio[1] - norm.hm_hp) / norm.hm_hp_sd],
    flag: rules.genant.flags[grade],
  };
}

/** @typedef {{interval: [number, number], gradeProbability: number[]}} Sureness */

/**
 * While one body is dragged, most others are as sure as before, and this takes most of the time.
 *
 * @type {WeakMap<Rules, Map<string, Sureness>>}
 */
const worked = new WeakMap();
const KEPT = 400;

/**
 * `howSure` of what was asked before is looked up.
 *
 * @param {Uncertain} sure
 * @param {number} loss
 * @param {number} grade
 * @param {Rules} rules
 * @returns {Sureness}
 */
function knownSure(sure, loss, grade, rules) {
  const known = worked.get(rules) ?? new Map();
  const key = [...sure.heights, ...sure.sd, ...sure.expected, sure.posteriorSd].join();
  const found = known.get(key) ?? howSure(sure, loss, grade, rules);
  if (known.size >= KEPT) known.clear();
  worked.set(rules, known.set(key, found));
  return found;
}

/**
 * Interval of the loss, which always holds it, and the grades' probabilities.
 *
 * @param {Uncertain} sure
 * @param {number} loss
 * @param {number} grade
 * @param {Rules} rules
 * @returns {Sureness}
 */
function howSure(sure, loss, grade, rules) {
  if (sure.sd.every((sd) => sd === 0)) {
    return { interval: [loss, loss], gradeProbability: rules.genant.names.map((_, g) => (g === grade ? 1 : 0)) };
  }
  const [low, high] = interval(sure, rules.spread);
  return {
    interval: [Math.min(low, loss), Math.max(high, loss)],
    gradeProbability: gradeProbabilities(sure, rules.genant.loss, rules.spread),
  };
}
