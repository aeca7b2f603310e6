// @ts-check
/** The worklist: binds the address, the list, the jobs and the keys together. */

import { get, send } from "../api.js";
import { byId } from "../element.js";
import { listen } from "../live.js";
import { counted } from "../words.js";
import { deletion } from "./deletion.js";
import { Jobs } from "./jobs.js";
import { takeKeys } from "./keys.js";
import { News } from "./news.js";
import { pager } from "./pager.js";
import { addressOf, placeOf, queryOf } from "./place.js";
import { message, sender, takeFiles, takeServerFolders } from "./sending.js";
import { Table } from "./table.js";
import { VIEWS, chips, viewOf } from "./views.js";

/** @typedef {import("./place.js").Place} Place */
/** @typedef {import("./types.js").Page} Page */
/** @typedef {import("./types.js").Job} Job */

const SEARCH_MS = 200;
/** Least time between two looks at the list while jobs run, and most time without one. */
const REFRESH_MS = 1000;
const STALE_MS = 60_000;
const LOST = "No connection to the service: the list may be out of date. Is endplate serve still running?";

let place = placeOf(location.search);
/** of the latest question; answers to earlier ones are dropped */
let asked = 0;
let refreshing = false;
/** Whether the next answer is for another place: the list then begins at its top. */
let moved = false;
/** Id of the scan that the reader comes back from with the back button. */
let returning = history.state?.opened ?? "";
/** Whether the last question for the list failed, which the alarm then tells. */
let unanswered = false;
/** Ids of jobs that were ordered here, whose failure is told here. */
const own = new Set();

const search = byId("search", HTMLInputElement);
const grade = byId("grade", HTMLSelectElement);
const listed = byId("list", HTMLElement);
const changed = byId("changed", HTMLButtonElement);
const jobs = new Jobs(alarm);
const askDelete = deletion(() => void load(), alarm);
const table = new Table(
  (sort) => go({ ...sort, page: 1 }),
  (scan) => jobs.jobOf(scan),
  askDelete,
);
const news = new News(byId("news", HTMLElement));
const pages = pager(() => place.page, go);
const showChips = chips(byId("views", HTMLElement), (view) => go({ view, page: 1 }));

/**
 * Leads to another place in the list.
 *
 * @param {Partial<Place>} change
 * @param {boolean} [instead] of the entry in the history that stands there now
 */
function go(change, instead = false) {
  place = { ...place, ...change };
  if (instead) history.replaceState(null, "", addressOf(place));
  else history.pushState(null, "", addressOf(place));
  moved = true;
  void load();
}

/**
 * Asks for the list and shows it.
 *
 * @param {boolean} [quietly] keeps the order under the reader's hand: what is new then waits behind a button
 */
async function load(quietly = false) {
  asked += 1;
  const mine = asked;
  showPlace(null);
  listed.dataset.state = "asked";
  try {
    /** @type {Page} */
    const page = await get(queryOf(place));
    if (mine !== asked) return;
    if (unanswered) alarm("");
    unanswered = false;
    const last = Math.max(Math.ceil(page.total / place.size), 1);
    if (place.page > last) return go({ page: last }, true);
    accept(page, quietly);
  } catch (error) {
    if (mine !== asked) return;
    alarm(message(error));
    unanswered = true;
  }
  if (mine === asked) listed.dataset.state = "shown";
}

/**
 * @param {Page} page
 * @param {boolean} quietly
 */
function accept(page, quietly) {
  showPlace(page.counts);
  pages.show(place, page.total);
  summarise(page);
  for (const scan of page.scans) news.hear(scan);
  const same = page.scans.map((scan) => scan.id).join() === [...table.scans.keys()].join();
  changed.hidden = !(quietly && !same && table.inHand);
  if (changed.hidden && !same) table.show(page.scans);
  else for (const scan of page.scans) table.change(scan);
  table.order(place);
  if (moved) table.toTop();
  if (returning) table.hold(returning);
  moved = false;
  returning = "";
}

/** @param {Record<string, number> | null} counts */
function showPlace(counts) {
  showChips(place.view, (view) => addressOf({ ...place, view, page: 1 }), counts);
  if (document.activeElement !== search) search.value = place.search;
  grade.value = String(place.grade);
  byId("unsorted", HTMLButtonElement).hidden = place.sort === "priority";
}

/** @param {Page} page */
function summarise({ scans, total, counts }) {
  const first = (place.page - 1) * place.size + 1;
  const range = total > scans.length ? `${first} to ${first + scans.length - 1} of ` : "";
  const order = place.sort === "priority" ? ", flagged first" : "";
  const text = total === 0 ? "No scan" : `${range}${counted(total, "scan")}${order}`;
  const summary = byId("summary", HTMLElement);
  if (summary.textContent !== text) summary.textContent = text;
  const any = VIEWS[0].count(counts) > 0;
  byId("empty", HTMLElement).hidden = any;
  byId("nothing", HTMLElement).hidden = !any || total > 0;
  byId("table", HTMLElement).hidden = total === 0;
  document.title = `${place.view === "all" ? "Worklist" : viewOf(place.view).label} (${total.toLocaleString("en-GB")}) - endplate`;
}

/** Looks at the list again soon, once for all that happens until then. */
function refresh() {
  if (refreshing) return;
  refreshing = true;
  setTimeout(() => {
    refreshing = false;
    void load(true);
  }, REFRESH_MS);
}

/** @param {string} text what went wrong; empty where nothing does any more */
function alarm(text) {
  byId("alert", HTMLElement).hidden = text === "";
  byId("alert-text", HTMLElement).textContent = text;
}

/** @param {Job} job */
function ordered(job) {
  own.add(job.id);
  jobs.take(job);
  jobs.open(true);
}

function takeLive() {
  let first = true;
  listen({
    job(job) {
      jobs.take(job);
      if (job.kind === "measure") table.progress(job);
      if (job.state !== "running") refresh();
      if (job.state === "failed" && own.delete(job.id)) alarm(`${job.name}: ${job.message}`);
    },
    scan(scan) {
      news.take(scan);
      table.change(scan);
      refresh();
    },
    begun() {
      jobs.begin();
      void past();
      byId("lost", HTMLElement).hidden = true;
      if (!first) void load(true);
      first = false;
    },
    lost() {
      byId("lost", HTMLElement).textContent = LOST;
      byId("lost", HTMLElement).hidden = false;
    },
  });
  setInterval(() => document.visibilityState === "visible" && refresh(), STALE_MS);
}

/** Jobs that are over, which the service does not tell of itself. */
async function past() {
  try {
    const answers = await Promise.all(
      ["state=failed&state=cancelled", "kind=find", "kind=import"].map((what) => get(`/jobs?${what}`)),
    );
    for (const answer of answers) for (const job of answer.jobs) jobs.take(job);
  } catch (error) {
    alarm(message(error));
  }
}

function takeFilters() {
  let typing = 0;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = window.setTimeout(() => go({ search: search.value, page: 1 }, place.search !== ""), SEARCH_MS);
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && search.value) (([search.value] = [""]), search.dispatchEvent(new Event("input")));
    else if (event.key === "Escape" || event.key === "Enter" || event.key === "ArrowDown") table.move(0);
    else return;
    event.preventDefault();
  });
  grade.addEventListener("change", () => go({ grade: Number(grade.value), page: 1 }));
  changed.addEventListener("click", () => void load());
  byId("unsorted", HTMLButtonElement).addEventListener("click", () => go({ sort: "priority", descending: false, page: 1 }));
  byId("show-all", HTMLButtonElement).addEventListener("click", () => go({ view: "all", grade: 0, search: "", page: 1 }));
  byId("alert-close", HTMLButtonElement).addEventListener("click", () => alarm(""));
  addEventListener("popstate", (event) => {
    returning = event.state?.opened ?? "";
    place = placeOf(location.search);
    search.value = place.search;
    moved = true;
    void load();
  });
}

function takeScans() {
  const sendAll = sender({ sending: (all) => jobs.takeSending(all), ordered, failed: alarm });
  /** @param {import("../api.js").Piece[]} pieces */
  const begin = (pieces) => {
    if (pieces.length) jobs.open(true);
    void sendAll(pieces);
  };
  takeFiles(begin, alarm);
  takeServerFolders(ordered);
}

/** Buttons that open a dialogue, and those that close the one they stand in. */
function takeDialogs() {
  document.querySelectorAll("button[data-dialog]").forEach((button) => {
    button.addEventListener("click", showing(button.getAttribute("data-dialog") ?? ""));
  });
  document.querySelectorAll("button[data-close]").forEach((button) => {
    button.addEventListener("click", () => button.closest("dialog")?.close());
  });
}

async function takeSession() {
  const session = await get("/session");
  const out = byId("sign-out", HTMLButtonElement);
  out.hidden = !session.token_needed;
  out.addEventListener("click", async () => {
    await send("DELETE", "/session");
    location.assign("/login");
  });
}

/** @param {string} id of a dialogue */
const showing = (id) => () => byId(id, HTMLDialogElement).showModal();
/** @param {number} step */
const moving = (step) => () => table.move(step);

takeKeys({
  "/": () => (search.focus(), search.select()),
  j: moving(1),
  k: moving(-1),
  ArrowDown: moving(1),
  ArrowUp: moving(-1),
  n: () => pages.turn(1),
  p: () => pages.turn(-1),
  r: () => void load(),
  u: showing("upload"),
  a: showing("server-folder"),
  o: () => jobs.open(jobs.panel.hidden === true),
  Delete: () => askDelete(table.held),
  "?": showing("help"),
  Escape: () => jobs.open(false),
  ...Object.fromEntries(VIEWS.map((view, at) => [String(at + 1), () => go({ view: view.id, page: 1 })])),
});
takeFilters();
takeScans();
takeDialogs();
search.value = place.search;
void load();
takeLive();
takeSession().catch((error) => alarm(message(error)));
