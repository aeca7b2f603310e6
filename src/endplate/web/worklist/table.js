// @ts-check
/** The table: its sortable head, its lines, and which line the keyboard is on. */

import { byId, element, present } from "../element.js";
import { row, status } from "./row.js";

/** @typedef {import("./types.js").Scan} Scan */
/** @typedef {import("./types.js").Job} Job */

/** A column, and whether a first click puts the largest first. */
const COLUMNS = [
  { sort: "grade", label: "Worst level", down: true },
  { sort: "probability", label: "Probability", down: true, title: "Probability of any grade 2 or 3" },
  { sort: "patient", label: "Patient", down: false },
  { sort: "study_date", label: "Study", down: true },
  { sort: "review", label: "Review", down: false },
  { sort: "status", label: "Status", down: false },
];

/**
 * What a click on a column's head leads to: its own order, the other way round, and back to flagged first.
 *
 * @param {{sort: string, descending: boolean}} now
 * @param {{sort: string, down: boolean}} column
 */
export function nextSort(now, column) {
  if (now.sort !== column.sort) return { sort: column.sort, descending: column.down };
  if (now.descending === column.down) return { sort: column.sort, descending: !column.down };
  return { sort: "priority", descending: false };
}

export class Table {
  /**
   * @param {(sort: {sort: string, descending: boolean}) => void} sorted
   * @param {(scan: string) => Job | undefined} jobOf the job that measures a scan now
   * @param {(scan: Scan | undefined) => void} deleted
   */
  constructor(sorted, jobOf, deleted) {
    this.jobOf = jobOf;
    /** @type {Map<string, Scan>} by id, in order */
    this.scans = new Map();
    this.now = { sort: "priority", descending: false };
    this.body = byId("scans", HTMLTableSectionElement);
    this.heads = COLUMNS.map((column) => {
      const button = element(
        "button",
        { class: "head", type: "button", title: column.title, click: () => sorted(nextSort(this.now, column)) },
        column.label,
      );
      return element("th", { scope: "col", "data-sort": column.sort }, button);
    });
    byId("heads", HTMLTableRowElement).replaceChildren(...this.heads);
    this.deleted = deleted;
    this.body.addEventListener("click", (event) => this.clicked(event));
    this.body.addEventListener("auxclick", (event) => this.clicked(event));
  }

  /** @param {Scan[]} scans */
  show(scans) {
    const held = this.focused();
    this.scans = new Map(scans.map((scan) => [scan.id, scan]));
    this.body.replaceChildren(...scans.map((scan) => row(scan, this.jobOf(scan.id))));
    if (held !== null) this.link(held)?.focus({ preventScroll: true });
  }

  /** @param {{sort: string, descending: boolean}} now */
  order(now) {
    this.now = { sort: now.sort, descending: now.descending };
    for (const head of this.heads) {
      const order = head.dataset.sort !== now.sort ? "none" : now.descending ? "descending" : "ascending";
      head.setAttribute("aria-sort", order);
    }
  }

  /** @param {Scan} scan that changed; nothing happens where it is not shown */
  change(scan) {
    const old = this.row(scan.id);
    // what has not changed stays the same element: else a click could miss it, and marked text be lost
    if (old === null || JSON.stringify(this.scans.get(scan.id)) === JSON.stringify(scan)) return;
    const held = this.focused() === scan.id;
    this.scans.set(scan.id, scan);
    old.replaceWith(row(scan, this.jobOf(scan.id)));
    if (held) this.link(scan.id)?.focus({ preventScroll: true });
  }

  /** @param {Job} job how far the measuring of a scan is */
  progress(job) {
    const scan = this.scans.get(job.scan_id ?? "");
    if (scan === undefined || job.state !== "running") return;
    scan.status = scan.status === "waiting" ? "running" : scan.status;
    this.row(scan.id)
      ?.querySelector(".status .how")
      ?.replaceChildren(...present(status(scan, job)));
  }

  /** The first line is seen, and held where another was. */
  toTop() {
    const [first] = this.scans.keys();
    if (this.focused() !== null && first !== undefined) this.link(first)?.focus({ preventScroll: true });
    byId("list", HTMLElement).scrollTop = 0;
  }

  /** @param {string} id of the scan that the reader comes back from */
  hold(id) {
    this.link(id)?.focus({ preventScroll: true });
    this.row(id)?.scrollIntoView({ block: "center" });
  }

  /** @param {number} step 1 for the next line, -1 for the one before */
  move(step) {
    const links = Array.from(this.body.querySelectorAll("th a"));
    const held = this.focused();
    const at = links.findIndex((link) => link.closest("tr")?.dataset.scan === held);
    const to = links[Math.min(Math.max(at < 0 ? 0 : at + step, 0), links.length - 1)];
    if (!(to instanceof HTMLElement)) return;
    to.focus({ preventScroll: true });
    to.closest("tr")?.scrollIntoView({ block: "nearest" });
  }

  /** Whether the reader's hand is on the list, so that it must not change its order now. */
  get inHand() {
    return this.body.matches(":hover") || this.focused() !== null;
  }

  /** The scan of the line that is held. */
  get held() {
    return this.scans.get(this.focused() ?? "");
  }

  /** @returns {string | null} */
  focused() {
    const line = document.activeElement?.closest("tr[data-scan]");
    return line instanceof HTMLElement ? (line.dataset.scan ?? null) : null;
  }

  /** @param {string} id */
  row(id) {
    return this.body.querySelector(`tr[data-scan="${CSS.escape(id)}"]`);
  }

  /**
   * @param {string} id
   * @returns {HTMLAnchorElement | null | undefined}
   */
  link(id) {
    return this.row(id)?.querySelector("th a");
  }

  /** @param {MouseEvent} event anywhere in a line, which then does what its link does; text can still be marked and copied */
  clicked(event) {
    const target = event.target;
    if (!(target instanceof Element)) return;
    const opened = target.closest("th a")?.closest("tr")?.dataset.scan;
    if (opened) history.replaceState({ opened }, "");
    if (target.closest("button.delete")) return this.deleted(this.scans.get(target.closest("tr")?.dataset.scan ?? ""));
    if (target.closest("a, button") || String(getSelection() ?? "") || event.button > 1) return;
    const link = target.closest("tr")?.querySelector("th a");
    if (!(link instanceof HTMLAnchorElement)) return;
    if (event.button === 1 || event.ctrlKey || event.metaKey) window.open(link.href, "_blank");
    else link.click();
  }
}
