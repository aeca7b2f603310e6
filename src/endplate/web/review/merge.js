// @ts-check
/** Two readers' edits of one version, brought together: each keeps what only one of them changed. */

import { centreOf, COLUMNS, isPossible } from "./vertebrae.js";

/** @typedef {import("../rules/types.js").Point} Point */
/** @typedef {import("../rules/types.js").ReviewVertebra} ReviewVertebra */

/**
 * My edits on top of theirs; where both changed the same point, name, its confirmation or doubt, mine counts. Mine alone where
 * that cannot be.
 *
 * @param {ReviewVertebra[]} base that both began with
 * @param {ReviewVertebra[]} mine
 * @param {ReviewVertebra[]} theirs
 * @returns {ReviewVertebra[]}
 */
export function merged(base, mine, theirs) {
  const [was, my] = [byId(base), byId(mine)];
  const kept = theirs.filter((v) => my.has(v.id) || !was.has(v.id)).map((v) => both(was.get(v.id), my.get(v.id), v));
  const present = byId(kept);
  // what I added, and what they deleted while I changed it
  const own = mine.filter((v) => !present.has(v.id) && !same(bare(was.get(v.id)), bare(v)));
  const after = [...kept, ...own].sort((a, b) => centreOf(b)[2] - centreOf(a)[2]);
  return isPossible(after) ? after : mine;
}

/**
 * @param {ReviewVertebra | undefined} was
 * @param {ReviewVertebra | undefined} mine
 * @param {ReviewVertebra} theirs
 * @returns {ReviewVertebra}
 */
function both(was, mine, theirs) {
  if (!was || !mine) return theirs;
  const [anterior, middle, posterior] = COLUMNS.map((column) => {
    const [a, b, c] = [was, mine, theirs].map((v) => v.points_lps_mm[column]);
    /** @type {[Point, Point]} */
    const pair = [chosen(a[0], b[0], c[0]), chosen(a[1], b[1], c[1])];
    return pair;
  });
  const level = chosen(was.level, mine.level, theirs.level);
  const [before, here, there] = [was, mine, theirs].map((v) => v.level_confirmed === true);
  const told = (here && mine.level !== was.level) || chosen(before, here, there);
  // only the name of which somebody said it: one may have confirmed what the other changed
  const level_confirmed = told && [mine, theirs].some((v) => v.level_confirmed === true && v.level === level);
  const not_assessable = chosen(was.not_assessable, mine.not_assessable, theirs.not_assessable);
  return { ...theirs, level, not_assessable, level_confirmed, points_lps_mm: { anterior, middle, posterior } };
}

/**
 * @template T
 * @param {T} was
 * @param {T} mine
 * @param {T} theirs
 */
const chosen = (was, mine, theirs) => (same(was, mine) ? theirs : mine);

/**
 * To confirm a name is no edit of the body: where they deleted it, it stays deleted.
 *
 * @param {ReviewVertebra | undefined} v
 */
const bare = (v) => v && { ...v, level_confirmed: undefined };

/** @param {ReviewVertebra[]} vertebrae */
const byId = (vertebrae) => new Map(vertebrae.map((v) => [v.id, v]));

/**
 * @param {unknown} a
 * @param {unknown} b
 */
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
