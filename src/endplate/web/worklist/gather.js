// @ts-check
/** Files out of what was dropped or chosen, with the path of each below the folder that it came in. */

/** @typedef {import("../api.js").Piece} Piece */

/** What desktops leave in folders. */
const LITTER = new Set([".DS_Store", "Thumbs.db", "desktop.ini"]);

/**
 * The entries of a drop; must be asked for before the drop's event has ended.
 *
 * @param {DataTransfer} dropped
 */
export function entriesOf(dropped) {
  const entries = Array.from(dropped.items, (item) => (item.kind === "file" ? item.webkitGetAsEntry() : null));
  return entries.filter((entry) => entry !== null);
}

/**
 * @param {FileSystemEntry[]} entries
 * @returns {Promise<Piece[]>}
 */
export async function piecesOf(entries) {
  /** @type {Piece[]} */
  const found = [];
  const waiting = [...entries];
  for (let entry = waiting.pop(); entry !== undefined; entry = waiting.pop()) {
    if (entry.isDirectory) waiting.push(...(await content(/** @type {FileSystemDirectoryEntry} */ (entry))));
    else if (!LITTER.has(entry.name))
      found.push({ file: await fileOf(/** @type {FileSystemFileEntry} */ (entry)), path: entry.fullPath.slice(1) });
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * @param {FileList} files of an input
 * @returns {Piece[]}
 */
export function piecesIn(files) {
  const kept = Array.from(files).filter((file) => !LITTER.has(file.name));
  return kept.map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

/**
 * What the upload is called in the list of jobs.
 *
 * @param {Piece[]} pieces
 */
export function titleOf(pieces) {
  const tops = new Set(pieces.map(({ path }) => path.split("/")[0]));
  const [first] = tops;
  return tops.size === 1 ? first : `${first} and ${tops.size - 1} more`;
}

/**
 * All entries of a folder: the browser gives them by the hundred.
 *
 * @param {FileSystemDirectoryEntry} folder
 * @returns {Promise<FileSystemEntry[]>}
 */
async function content(folder) {
  const reader = folder.createReader();
  /** @type {FileSystemEntry[]} */
  const all = [];
  for (;;) {
    /** @type {FileSystemEntry[]} */
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return all;
    all.push(...some);
  }
}

/**
 * @param {FileSystemFileEntry} entry
 * @returns {Promise<File>}
 */
const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));
