// @ts-check
/** Takes a scan out of the worklist, after asking. */

import { send } from "../api.js";
import { byId } from "../element.js";
import { nameOf } from "./row.js";
import { message } from "./sending.js";

/** @typedef {import("./types.js").Scan} Scan */

/**
 * @param {() => void} done
 * @param {(message: string) => void} failed
 * @returns {(scan: Scan | undefined) => void} asks
 */
export function deletion(done, failed) {
  const dialog = byId("delete", HTMLDialogElement);
  /** @type {Scan | undefined} */
  let asked;
  byId("delete-yes", HTMLButtonElement).addEventListener("click", async () => {
    dialog.close();
    if (asked === undefined) return;
    try {
      await send("DELETE", `/scans/${encodeURIComponent(asked.id)}`);
      done();
    } catch (error) {
      failed(`${nameOf(asked)} was not deleted: ${message(error)}`);
    }
  });
  return (scan) => {
    if (scan === undefined) return;
    asked = scan;
    byId("delete-name", HTMLElement).textContent = [nameOf(scan), scan.patient.id, scan.name].filter(Boolean).join(", ");
    dialog.showModal();
  };
}
