// @ts-check
/** What came and what was measured, in a line that a screen reader speaks: once for all that happens within a second. */

import { counted } from "../words.js";
import { isFlagged } from "./row.js";

/** @typedef {import("./types.js").Scan} Scan */

const GATHER_MS = 1000;

export class News {
  /** @param {HTMLElement} line with aria-live */
  constructor(line) {
    this.line = line;
    /** @type {Map<string, string>} status of each scan as last heard of */
    this.known = new Map();
    this.fresh = { added: 0, measured: 0, flagged: 0, lost: 0 };
    this.timer = 0;
  }

  /** @param {Scan} scan that was there already */
  know(scan) {
    this.known.set(scan.id, scan.status);
  }

  /** @param {Scan} scan as the list has it, which may tell of a result before the stream of events does, or of a failure retried since */
  hear(scan) {
    if (!this.known.has(scan.id)) this.know(scan);
    else if (scan.status === "measured") this.take(scan);
  }

  /** @param {Scan} scan that changed */
  take(scan) {
    const before = this.known.get(scan.id);
    this.know(scan);
    if (before === scan.status) return;
    if (before === undefined && (scan.status === "waiting" || scan.status === "running")) this.fresh.added += 1;
    else if (scan.status === "measured" && scan.review === null) {
      this.fresh.measured += 1;
      this.fresh.flagged += isFlagged(scan) ? 1 : 0;
    } else if (scan.status === "failed" || scan.status === "refused" || scan.status === "no_spine") this.fresh.lost += 1;
    else return;
    this.timer ||= window.setTimeout(() => this.tell(), GATHER_MS);
  }

  tell() {
    const { added, measured, flagged, lost } = this.fresh;
    const parts = [
      added && `${counted(added, "scan")} added`,
      measured && `${measured} measured${flagged ? `, ${flagged} flagged` : ""}`,
      lost && `${lost} without a result`,
    ];
    this.line.textContent = parts.filter(Boolean).join("; ");
    this.fresh = { added: 0, measured: 0, flagged: 0, lost: 0 };
    this.timer = 0;
  }
}
