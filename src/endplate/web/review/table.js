// @ts-check
/** The vertebrae in a table: what they measure now, and beside it what the model said. */

import { element, gradeBadge } from "../element.js";
import { part, put, say } from "./dom.js";
import { lossSaid, millimetres, percent, ratio } from "./numbers.js";
import { isChanged } from "./opened.js";

/** @typedef {import("../rules/types.js").Finding} Finding */
/** @typedef {import("../rules/types.js").ReviewVertebra} ReviewVertebra */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./types.js").ModelEntry} ModelEntry */
/** @typedef {{row: HTMLTableRowElement, name: HTMLButtonElement, cells: HTMLTableCellElement[], grade: Grade, model: HTMLTableCellElement}} Row */
/** @typedef {{badge: HTMLSpanElement, word: HTMLSpanElement}} Grade */

export class Table {
  /** @type {Map<string, Row>} */
  #rows = new Map();
  #body = part("vertebrae");
  /** @type {string | null} */
  #selected = null;

  /**
   * @param {State} state
   * @param {(id: string) => void} chosen
   */
  constructor(state, chosen) {
    this.state = state;
    this.chosen = chosen;
    // what appears below it or above the page must not cover the chosen row
    const place = /** @type {HTMLElement} */ (this.#body.closest(".scroll"));
    new ResizeObserver(() => this.#rows.get(this.#selected ?? "")?.row.scrollIntoView({ block: "nearest" })).observe(place);
  }

  draw() {
    const { shown, findings, selected } = this.state;
    const ids = shown.map((v) => v.id);
    for (const [id, { row }] of this.#rows) {
      if (ids.includes(id)) continue;
      row.remove();
      this.#rows.delete(id);
    }
    const worst = this.#worst();
    shown.forEach((v, i) => {
      const row = this.#row(v.id);
      if (this.#body.children[i] !== row.row) this.#body.insertBefore(row.row, this.#body.children[i] ?? null);
      this.#fill(row, v, findings[i], i === worst);
    });
    if (selected !== this.#selected) this.#scroll(selected);
    this.#selected = selected;
  }

  #worst() {
    const losses = this.state.findings.map((f) => (f.grade ? f.loss : -1));
    const most = Math.max(...losses);
    return most > 0 ? losses.indexOf(most) : -1;
  }

  /** @param {string | null} selected */
  #scroll(selected) {
    const row = this.#rows.get(selected ?? "");
    row?.row.scrollIntoView({ block: "nearest" });
    if (this.#body.contains(document.activeElement)) row?.name.focus();
  }

  /** @param {string} id */
  #row(id) {
    const known = this.#rows.get(id);
    if (known) return known;
    const choose = () => this.chosen(id);
    const name = element("button", { class: "plain level", type: "button", click: choose });
    const cells = Array.from({ length: 6 }, () => element("td", { class: "number" }));
    const [grade, model] = [newGrade(), element("td", { class: "model" })];
    const first = element("th", { scope: "row" }, name);
    const row = element("tr", { "data-id": id, click: choose }, first, ...cells, element("td", {}, grade.badge), model);
    const made = { row, name, cells, grade, model };
    this.#rows.set(id, made);
    return made;
  }

  /**
   * @param {Row} row
   * @param {ReviewVertebra} v
   * @param {Finding} finding
   * @param {boolean} worst
   */
  #fill({ row, name, cells, grade, model }, v, finding, worst) {
    const { report, rules, selected } = this.state;
    const entry = v.model_index === null ? null : report.vertebrae[v.model_index];
    const changed = isChanged(v, report.vertebrae, rules);
    put(row, "aria-selected", String(v.id === selected));
    put(name, "tabindex", v.id === selected ? 0 : -1);
    put(row, "data-grade", finding.grade ?? "none");
    row.classList.toggle("changed", changed);
    row.classList.toggle("worst", worst);
    const doubted = v.level !== null && finding.body.levelConfidence < rules.uncertain_level;
    say(name, `${v.level ?? "?"}${doubted ? " ?" : ""}`);
    put(name, "aria-label", `${v.level ?? "unnamed vertebra"}${worst ? ", worst" : ""}${changed ? ", changed by the reader" : ""}`);
    const [a, m, p] = finding.heights;
    const said = [millimetres(a), millimetres(m), millimetres(p), ratio(finding.ratios[0]), ratio(finding.ratios[1])];
    [...said, lossSaid(finding.loss, finding.interval)].forEach((text, i) => say(cells[i], text));
    fillGrade(grade, finding.grade, finding.shape, rules.genant.names);
    put(grade.badge, "title", finding.reason ?? "");
    say(model, modelSaid(entry, v));
    model.classList.toggle("differs", changed);
  }
}

/** @returns {Grade} */
function newGrade() {
  const word = element("span");
  const badge = gradeBadge(0, "");
  badge.append(word);
  return { badge, word };
}

/**
 * @param {Grade} grade
 * @param {number | null} value
 * @param {string | null} shape
 * @param {string[]} names
 */
function fillGrade({ badge, word }, value, shape, names) {
  put(badge, "data-grade", value ?? "none");
  badge.classList.toggle("blank", value === null);
  badge.classList.toggle("solid", (value ?? 0) >= 2);
  say(word, gradeSaid(value, shape, names));
}

/**
 * "2 moderate wedge".
 *
 * @param {number | null} grade
 * @param {string | null} shape
 * @param {string[]} names
 */
export function gradeSaid(grade, shape, names) {
  if (grade === null) return "not assessed";
  return grade === 0 ? "0" : [grade, names[grade], shape].filter(Boolean).join(" ");
}

/**
 * What the model said, in few letters: its name where the reader gave another, its loss, its grade.
 *
 * @param {ModelEntry | null} entry
 * @param {ReviewVertebra} v
 */
function modelSaid(entry, v) {
  if (entry === null) return "not found";
  const name = entry.level === v.level ? "" : `${entry.level ?? "?"}: `;
  return name + (entry.grade === null ? "n/a" : `${percent(entry.loss)}, ${entry.grade}`);
}
