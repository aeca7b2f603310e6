// @ts-check
/** Scans in: files and folders that are chosen or dropped, and folders that lie on the server. */

import { send, upload } from "../api.js";
import { byId } from "../element.js";
import { entriesOf, piecesIn, piecesOf, titleOf } from "./gather.js";

/** @typedef {import("../api.js").Piece} Piece */
/** @typedef {import("./types.js").Job} Job */

/**
 * @typedef {object} Sending an upload that goes on
 * @property {string} id
 * @property {string} name
 * @property {number} files
 * @property {number} bytes
 * @property {number} share from 0 to 1; at 1 the service still looks at it
 * @property {AbortController} stop
 */

/**
 * @typedef {object} Told
 * @property {(sending: Sending[]) => void} sending those that go on, whenever that changes
 * @property {(job: Job) => void} ordered
 * @property {(message: string) => void} failed
 */

/** @param {Told} told */
export function sender(told) {
  /** @type {Set<Sending>} */
  const going = new Set();
  let number = 0;
  const changed = () => told.sending([...going]);
  addEventListener("beforeunload", (event) => going.size && event.preventDefault());

  /** @param {Piece[]} pieces */
  return async function sendAll(pieces) {
    if (pieces.length === 0)
      return told.failed("There was no file in what you chose. Choose DICOM files, a folder or zip of them, NIfTI, NRRD or MHA.");
    const bytes = pieces.reduce((sum, { file }) => sum + file.size, 0);
    /** @type {Sending} */
    const sending = {
      id: `sending-${(number += 1)}`,
      name: titleOf(pieces),
      files: pieces.length,
      bytes,
      share: 0,
      stop: new AbortController(),
    };
    going.add(sending);
    changed();
    /** @param {number} share */
    const progress = (share) => {
      sending.share = share;
      changed();
    };
    try {
      told.ordered(await upload(pieces, progress, { name: sending.name, signal: sending.stop.signal }));
    } catch (error) {
      if (!sending.stop.signal.aborted) told.failed(`${sending.name} was not taken: ${message(error)}`);
    } finally {
      going.delete(sending);
      changed();
    }
  };
}

/**
 * The two buttons of the upload's dialogue, and the whole page for what is dropped.
 *
 * @param {(pieces: Piece[]) => void} sendAll
 * @param {(message: string) => void} failed
 */
export function takeFiles(sendAll, failed) {
  const dialog = byId("upload", HTMLDialogElement);
  for (const id of ["files", "folder"]) {
    const input = byId(`${id}-input`, HTMLInputElement);
    byId(`${id}-choose`, HTMLButtonElement).addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      dialog.close();
      sendAll(input.files ? piecesIn(input.files) : []);
      input.value = "";
    });
  }
  takeDrops(sendAll, failed);
}

/**
 * @param {(pieces: Piece[]) => void} sendAll
 * @param {(message: string) => void} failed
 */
function takeDrops(sendAll, failed) {
  const veil = byId("drop", HTMLElement);
  let inside = 0;
  /** @param {DragEvent} event */
  const holdsFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;
  addEventListener("dragenter", (event) => {
    if (holdsFiles(event)) inside += 1;
    veil.hidden = inside === 0;
  });
  addEventListener("dragleave", (event) => {
    if (holdsFiles(event)) inside = Math.max(inside - 1, 0);
    veil.hidden = inside === 0;
  });
  addEventListener("dragover", (event) => holdsFiles(event) && event.preventDefault());
  addEventListener("drop", (event) => {
    if (!event.dataTransfer || !holdsFiles(event)) return;
    event.preventDefault();
    inside = 0;
    veil.hidden = true;
    document.querySelectorAll("dialog").forEach((dialog) => dialog.close());
    const unreadable = (/** @type {unknown} */ error) => failed(`What was dropped cannot be read: ${message(error)}`);
    piecesOf(entriesOf(event.dataTransfer)).then(sendAll, unreadable);
  });
}

/**
 * The dialogue for a folder on the server.
 *
 * @param {(job: Job) => void} ordered
 */
export function takeServerFolders(ordered) {
  const dialog = byId("server-folder", HTMLDialogElement);
  const form = byId("server-folder-form", HTMLFormElement);
  const alert = byId("server-folder-alert", HTMLElement);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = new FormData(form);
    try {
      const { content } = await send("POST", "/folders", { path: String(said.get("path")).trim(), kind: said.get("kind") });
      alert.hidden = true;
      dialog.close();
      ordered(content);
    } catch (error) {
      alert.textContent = message(error);
      alert.hidden = false;
    }
  });
}

/** @param {unknown} error */
export const message = (error) => (error instanceof Error ? error.message : String(error));
