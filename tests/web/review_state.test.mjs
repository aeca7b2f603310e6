// The review page's state without a browser: WEB=src/endplate/web VECTORS=vectors.json node --test review_state.test.mjs
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const load = (name) => import(`${pathToFileURL(process.env.WEB).href}/review/${name}.js`);
const { State } = await load("state");
const edits = await load("vertebrae");
const { merged } = await load("merge");
const { isEdited, modelDoubt } = await load("opened");
const { Places, schematic } = await load("places");
const view = await load("view");
const { report, review, rules, doubts, shifts, rows, size } = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));

const opened = () => new State(report, rules, structuredClone(review), 0);
const levels = (state) => state.vertebrae.map((v) => v.level);
const lifted = (v, column, end, mm) => v.points_lps_mm[column][end].map((x, i) => (i === 2 ? x + mm : x));
const at = (state, level) => state.vertebrae.find((v) => v.level === level);
const dragged = (state, level, mm, joining) => {
  const v = at(state, level);
  return state.edit((all) => edits.moved(all, v.id, { column: "anterior", end: 0 }, lifted(v, "anterior", 0, mm)), joining);
};

test("a drag is undone and done again as one, and measured at once", () => {
  const state = opened();
  const before = state.sentence;
  for (let i = 0; i < 5; i++) dragged(state, "L1", -1.5, "drag");
  state.settle();
  const after = state.sentence;
  assert.notEqual(after, before);
  assert.match(after, /L1 wedge/);
  assert.ok(state.unsaved && state.edited && state.canUndo && !state.canRedo);
  state.undo();
  assert.equal(state.sentence, before);
  assert.ok(!state.unsaved && !state.edited && !state.canUndo && state.canRedo);
  state.redo();
  assert.equal(state.sentence, after);
});

test("undo has no end, and a new edit forgets what could be redone", () => {
  const state = opened();
  for (let i = 0; i < 500; i++) dragged(state, "L1", 0.01 * (i % 2 ? -1 : 1));
  for (let i = 0; i < 500; i++) state.undo();
  assert.ok(!state.canUndo && !state.unsaved);
  dragged(state, "L1", -1);
  assert.ok(!state.canRedo);
});

test("an edit that changes nothing is none", () => {
  const state = opened();
  assert.ok(!state.edit((all) => all));
  assert.ok(!state.edit((all) => edits.changed(all, all[0].id, { level: all[0].level })));
  assert.ok(!state.canUndo);
});

test("nothing that is not the last draft can be edited", () => {
  const state = opened();
  state.look({ ...review, version: 1 });
  assert.ok(!dragged(state, "L1", -1));
  state.look(null);
  const signed = { ...review, version: 1, decision: "accepted", reader: "R" };
  state.keep(state.document("accepted", "R"), signed, 1);
  assert.equal(state.mode, "signed");
  assert.ok(!dragged(state, "L1", -1));
  state.amend();
  assert.ok(dragged(state, "L1", -1));
  assert.equal(state.document().version, 2);
});

test("what was edited while it was being saved stays unsaved", () => {
  const state = opened();
  dragged(state, "L1", -1);
  const sent = state.document();
  dragged(state, "L1", -1);
  state.keep(sent, structuredClone(sent), 1);
  assert.ok(state.unsaved);
  const again = state.document();
  state.keep(again, structuredClone(again), 2);
  assert.ok(!state.unsaved && state.canUndo);
});

test("what a signature on its way stands under cannot be edited", () => {
  const state = opened();
  dragged(state, "L1", -1);
  state.freeze(true);
  assert.ok(!dragged(state, "L1", -1) && !state.canUndo);
  const sent = state.document("accepted_with_edits", "R");
  state.look({ ...review, version: 1 });
  state.keep(sent, structuredClone(sent), 1);
  state.freeze(false);
  assert.equal(state.mode, "old");
  state.look(null);
  assert.equal(state.mode, "signed");
  state.amend();
  assert.ok(dragged(state, "L1", -1));
  const draft = state.document();
  state.keep(draft, structuredClone(draft), 2);
  assert.equal(state.mode, "edit");
});

test("nothing is called signed that differs from what was signed", () => {
  const state = opened();
  const sent = state.document("accepted", "R");
  dragged(state, "L1", -1);
  state.keep(sent, structuredClone(sent), 1);
  assert.equal(state.mode, "edit");
});

test("somebody else's version comes in, and undo brings the reader's back", () => {
  const state = opened();
  dragged(state, "L1", -4);
  const mine = state.vertebrae;
  state.take({ ...review, version: 7 }, 7);
  assert.ok(!state.unsaved);
  state.undo();
  assert.deepEqual(state.vertebrae, mine);
  assert.ok(state.unsaved);
  assert.equal(state.document().version, 8);
});

test("what somebody else saved is kept when mine comes back on top of it", () => {
  const state = opened();
  const theirs = opened();
  dragged(theirs, "L2", -3);
  dragged(theirs, "L1", -9);
  theirs.edit((all) => edits.removed(all, at(theirs, "L3").id));
  const id = at(state, "L1").id;
  dragged(state, "L1", -4);
  state.edit((all) => edits.changed(all, id, { not_assessable: "metal" }));
  const mine = at(state, "L1").points_lps_mm;
  state.take({ ...review, version: 1, vertebrae: theirs.vertebrae }, 1);
  assert.deepEqual(state.vertebrae, theirs.vertebrae);
  state.undo();
  assert.ok(!state.canUndo);
  assert.deepEqual(at(state, "L2"), at(theirs, "L2"));
  assert.equal(at(state, "L3"), undefined);
  assert.equal(at(state, "L1").not_assessable, "metal");
  assert.deepEqual(at(state, "L1").points_lps_mm, mine);
  state.redo();
  assert.deepEqual(state.vertebrae, theirs.vertebrae);
  // a body that one added and one that the other deleted
  const other = opened();
  other.edit((all) => edits.removed(all, at(other, "L2").id));
  const lower = (v, mm) => ({ ...v, points_lps_mm: Object.fromEntries(Object.entries(v.points_lps_mm).map(([k, pair]) => [k, pair.map((p) => [p[0], p[1], p[2] + mm])])) });
  other.edit((all) => [...all, lower({ ...all.at(-1), id: "r1", model_index: null, level: null }, -35)]);
  other.take({ ...review, version: 1, vertebrae: theirs.vertebrae }, 1);
  other.undo();
  assert.equal(at(other, "L2"), undefined);
  assert.equal(at(other, "L3"), undefined);
  assert.equal(other.vertebrae.at(-1).id, "r1");
  assert.deepEqual(at(other, "L1"), at(theirs, "L1"));
});

test("names are confirmed as one edit, and undo takes that back", () => {
  const state = opened();
  const before = state.vertebrae;
  assert.ok(state.edit(edits.confirmed));
  assert.ok(state.vertebrae.every((v) => v.level_confirmed));
  assert.ok(state.unsaved && !state.edited);
  assert.ok(!state.edit(edits.confirmed));
  assert.ok(state.findings.every(({ body }) => body.levelConfidence === 1));
  state.undo();
  assert.equal(state.vertebrae, before);
  const nameless = edits.confirmed(edits.renamed(before, before[0].id, null));
  assert.deepEqual(nameless.map((v) => v.level_confirmed), before.map((_, i) => i > 0));
});

test("another name is not the one that was confirmed", () => {
  const state = opened();
  state.edit(edits.confirmed);
  const id = at(state, "L4").id;
  state.edit((all) => edits.renamed(all, id, "L5"));
  assert.equal(at(state, "L5").level_confirmed, false);
  assert.ok(at(state, "L3").level_confirmed);
  state.edit((all) => edits.renamed(all, id, "L4"));
  assert.equal(at(state, "L4").level_confirmed, false);
  state.undo();
  state.undo();
  assert.ok(at(state, "L4").level_confirmed);
  state.edit((all) => edits.shifted(all, 1, rules));
  assert.ok(state.vertebrae.every((v) => !v.level_confirmed));
});

test("a version that knows of no confirmation is read as one that confirms nothing", () => {
  const old = structuredClone(review);
  for (const v of old.vertebrae) delete v.level_confirmed;
  const state = new State(report, rules, old, 1);
  assert.deepEqual(state.findings.map(({ body }) => body.levelConfidence), report.vertebrae.map((e) => e.level_confidence));
  assert.ok(!state.edited && !state.unsaved);
  assert.ok(state.edit(edits.confirmed));
});

test("what one reader confirmed survives the other's edits, but not the other's name", () => {
  const both = (mine, theirs, base = review.vertebrae) => merged(base, mine, theirs);
  const all = edits.confirmed(review.vertebrae);
  const id = review.vertebrae.at(-1).id;
  const further = edits.renamed(review.vertebrae, id, "L5");
  for (const [mine, theirs] of [[all, further], [further, all]]) {
    const after = both(mine, theirs);
    assert.deepEqual(after.map((v) => v.level_confirmed), [...Array(after.length - 1).fill(true), false]);
    assert.equal(after.at(-1).level, "L5");
  }
  const set = edits.changed(review.vertebrae, id, { not_assessable: "metal" });
  assert.deepEqual(both(set, all), edits.changed(all, id, { not_assessable: "metal" }));
  assert.deepEqual(both(all, set), edits.changed(all, id, { not_assessable: "metal" }));
  // who took the confirmation back counts
  assert.deepEqual(both(review.vertebrae, edits.changed(all, id, { not_assessable: "metal" }), all), set);
  assert.deepEqual(both(edits.confirmed(further), all).map((v) => v.level_confirmed), Array(all.length).fill(true));
  // both gave another name, and mine stands with what I said of it
  const mine = edits.confirmed(further);
  assert.deepEqual(both(mine, edits.renamed(all, id, "L6"), all), mine);
  // who confirms a body's name has not edited the body
  assert.deepEqual(both(all, edits.removed(review.vertebrae, id)), all.slice(0, -1));
});

test("bodies stay head to feet whatever is dragged where", () => {
  const state = opened();
  assert.ok(!dragged(state, "L1", 900));
  assert.ok(!dragged(state, "L1", NaN));
  assert.ok(!dragged(state, "L1", 1e6));
});

test("names move as the service moves them", () => {
  for (const { levels: names, by, expected } of shifts) {
    const vertebrae = names.map((level, i) => ({ ...review.vertebrae[0], id: `v${i}`, level }));
    const after = edits.shifted(vertebrae, by, rules);
    assert.deepEqual(after && after.map((v) => v.level), expected, `${names} by ${by}`);
  }
});

test("names from one body down move without meeting the one above", () => {
  const state = opened();
  const last = state.vertebrae.length - 1;
  const down = edits.shifted(state.vertebrae, 1, rules, last);
  assert.equal(down[last].level, "L5");
  assert.deepEqual(down.slice(0, last), state.vertebrae.slice(0, last));
  assert.equal(edits.shifted(state.vertebrae, -1, rules, last), null);
});

test("only names between the neighbours' can be chosen", () => {
  const state = opened();
  const i = levels(state).indexOf("T12");
  assert.deepEqual(edits.fittingNames(state.vertebrae, i, rules), ["T12", "T13"]);
  assert.deepEqual(edits.fittingNames(state.vertebrae, i, rules, true), []);
  assert.equal(edits.misnamed(["T9", null, "T9"], rules).join(), "T9,T9");
  assert.equal(edits.misnamed(["T9", null, "T13", "L1"], rules), null);
});

test("a vertebra that was deleted and added again is named by the count and lies between its neighbours", () => {
  const state = opened();
  const places = new Places(rows, size);
  const [above, gone, below] = ["T11", "T12", "L1"].map((level) => at(state, level));
  state.edit((all) => edits.removed(all, gone.id));
  const boxes = [above, gone, below].map((v) => places.box([v]));
  const pixel = [(boxes[1].top + boxes[1].bottom) / 2, (boxes[1].left + boxes[1].right) / 2];
  const points = places.between(pixel, above, below);
  assert.ok(state.edit((all) => edits.added(all, points, "r1", rules)));
  assert.deepEqual(levels(state).join(), review.vertebrae.map((v) => v.level).join());
  const made = at(state, "T12");
  assert.equal(made.model_index, null);
  const away = edits.pointsOf(made).map((p, i) => edits.distance(p, edits.pointsOf(gone)[i]));
  assert.ok(Math.max(...away) < 6, String(away));
  assert.ok(state.findings[state.vertebrae.indexOf(made)].grade !== null);
  assert.deepEqual(state.findings[state.vertebrae.indexOf(made)].body.sd.flat(), Array(6).fill(rules.reader_sd_mm));
});

test("what the model doubts is what the service opens a review with", () => {
  assert.deepEqual(report.vertebrae.map((entry) => modelDoubt(entry, rules)), review.vertebrae.map((v) => v.not_assessable));
  for (const { entry, doubt } of doubts) assert.equal(modelDoubt(entry, rules), doubt, entry.reason);
  assert.ok(!isEdited(review.vertebrae, report.vertebrae, rules));
});

test("the worst comes first, then the next, and around", () => {
  const state = opened();
  dragged(state, "L2", -9);
  const seen = state.vertebrae.map(() => (state.select(state.worst()), state.selectedVertebra.level));
  assert.equal(seen[0], "L2");
  assert.equal(new Set(seen).size, state.vertebrae.length);
  state.select(state.worst());
  assert.equal(state.selectedVertebra.level, "L2");
  state.select(state.worst(-1));
  assert.equal(state.selectedVertebra.level, seen.at(-1));
});

test("without images the points still have a side view, anterior left and head up", () => {
  const places = schematic(review.vertebrae);
  const six = places.of(review.vertebrae[0].points_lps_mm).map(({ pixel }) => pixel);
  assert.ok(six[0][0] < six[1][0] && six[0][1] < six[4][1]);
  const point = review.vertebrae[2].points_lps_mm.middle[0];
  const back = places.patient(places.one(review.vertebrae[2].points_lps_mm, { column: "middle", end: 0 }));
  assert.ok(edits.distance(point, back) < 1e-6);
  assert.ok(schematic([]).size.rows > 0);
});

test("zooming holds the pixel under the pointer", () => {
  const before = view.showing({ width: 400, height: 600 }, { top: -0.5, bottom: 299.5, left: -0.5, right: 99.5 });
  const pixel = view.underScreen(before, [123, 234]);
  const after = view.zoomed(before, 3, [123, 234]);
  assert.ok(Math.abs(view.underScreen(after, [123, 234])[0] - pixel[0]) < 1e-9);
  assert.deepEqual(view.onScreen(before, [149.5, 49.5]).map(Math.round), [200, 300]);
});
