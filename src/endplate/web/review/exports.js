// @ts-check
/** The menu of exports. A file that the service refuses is told of in its own words, which a plain link would swallow. */

import { getFile, Refused } from "../api.js";
import { element } from "../element.js";
import { banner } from "./dialogue.js";
import { part } from "./dom.js";

/** @typedef {import("./state.js").State} State */

const EXPORTS = [
  ["report.pdf", "Report (PDF)"],
  ["report.html", "Report (HTML)"],
  ["findings.csv", "Table (CSV)"],
  ["report.json", "Report (JSON)"],
  ["review.json", "Review (JSON)"],
  ["overview.png", "Overview (PNG)"],
  ["report.sr.dcm", "DICOM structured report"],
  ["overview.sc.dcm", "DICOM secondary capture"],
  ["report.pdf.dcm", "DICOM encapsulated PDF"],
  ["fhir.json", "FHIR (JSON)"],
  ["slicer.mrk.json", "3D Slicer markups"],
  ["truth.json", "Truth for training (signed only)"],
];

export class Exports {
  #menu = /** @type {HTMLDetailsElement} */ (part("exports"));

  /**
   * @param {State} state
   * @param {string} path of the scan
   */
  constructor(state, path) {
    this.state = state;
    this.path = path;
    const menu = this.#menu;
    addEventListener("pointerdown", (event) => {
      if (!menu.contains(/** @type {Node} */ (event.target))) menu.open = false;
    });
    menu.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && menu.open) this.#close(event);
    });
    menu.addEventListener("toggle", () => this.#links());
  }

  /** @param {Event} event */
  #close(event) {
    this.#menu.open = false;
    this.#menu.querySelector("summary")?.focus();
    event.preventDefault();
  }

  #links() {
    const { version, old, unsaved } = this.state;
    const shown = old?.version ?? version;
    const links = EXPORTS.map(([name, text]) => {
      const path = `${this.path}/exports/${name}?version=${shown}`;
      /** @param {Event} event */
      const click = (event) => {
        this.#close(event);
        void fetched(path, name, text);
      };
      return element("li", {}, element("a", { href: `/api${path}`, download: name, click }, text));
    });
    const what = shown ? `Version ${shown} as it is saved${unsaved && !old ? "; your last edits are not in it" : ""}.` : "What the model said, not reviewed.";
    part("export-list").replaceChildren(element("li", { class: "notice" }, what), ...links);
  }
}

/**
 * @param {string} path
 * @param {string} name where the service gives none
 * @param {string} text of the menu
 */
async function fetched(path, name, text) {
  const close = { text: "Close", act: () => banner("export", null) };
  banner("export", `${text} is being made…`);
  try {
    const { blob, name: given } = await getFile(path);
    const href = URL.createObjectURL(blob);
    element("a", { href, download: given || name }).click();
    URL.revokeObjectURL(href);
    banner("export", null);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    banner("export", `${text} was not made: ${error.message}`, [close], "alert");
  }
}
