// @ts-check
/** The service as the pages see it: every request goes through here, errors come as Refused with the service's own words. */

/** What the service refuses, in its own words. */
export class Refused extends Error {
  /**
   * @param {number} status of HTTP; 0 where the service does not answer
   * @param {{code?: string, message?: string, version?: number}} said
   */
  constructor(status, said) {
    super(said.message ?? `the service answered with status ${status}`);
    this.status = status;
    this.code = said.code ?? "unknown";
    /** the version that is saved now, where somebody else saved in between */
    this.version = said.version;
  }
}

/** Asks for the token, and comes back here; the page that asks stays where it is. */
function signIn() {
  if (location.pathname !== "/login") location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

/**
 * @param {string} path below /api
 * @param {RequestInit} [init]
 * @returns {Promise<Response>}
 */
async function request(path, init) {
  let answer;
  try {
    answer = await fetch(`/api${path}`, init);
  } catch {
    throw new Refused(0, { code: "unreachable", message: "the service does not answer; is endplate serve still running?" });
  }
  if (answer.ok) return answer;
  if (answer.status === 401) signIn();
  throw new Refused(answer.status, await answer.json().catch(() => ({})));
}

/**
 * @param {string} path
 * @returns {Promise<any>}
 */
export async function get(path) {
  return (await request(path)).json();
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [content]
 * @param {string} [etag] of the version that the reader has loaded
 * @returns {Promise<{content: any, etag: string | null}>}
 */
export async function send(method, path, content, etag) {
  const headers = new Headers();
  if (content !== undefined) headers.set("Content-Type", "application/json");
  if (etag !== undefined) headers.set("If-Match", etag);
  const body = content === undefined ? undefined : JSON.stringify(content);
  const answer = await request(path, { method, headers, body });
  return { content: answer.status === 204 ? null : await answer.json(), etag: answer.headers.get("ETag") };
}

/**
 * A document and the ETag that a later save must name.
 *
 * @param {string} path
 */
export async function getTagged(path) {
  const answer = await request(path);
  return { content: await answer.json(), etag: answer.headers.get("ETag") ?? "" };
}

/**
 * Hounsfield units, little endian as every processor that runs a browser.
 *
 * @param {string} path
 */
export async function getPixels(path) {
  const answer = await request(path);
  const shape = ["X-Rows", "X-Columns"].map((name) => Number(answer.headers.get(name)));
  return { hu: new Int16Array(await answer.arrayBuffer()), rows: shape[0], columns: shape[1] };
}

/**
 * A file, and the name that the service gives it.
 *
 * @param {string} path
 */
export async function getFile(path) {
  const answer = await request(path);
  const named = /filename="([^"]*)"/.exec(answer.headers.get("Content-Disposition") ?? "");
  return { blob: await answer.blob(), name: named ? named[1] : "" };
}

/**
 * @typedef {object} Piece a file and where it lay in what the user chose
 * @property {File} file
 * @property {string} path
 */

/**
 * Uploads files and tells how far it is; fetch cannot.
 *
 * @param {(File | Piece)[]} files
 * @param {(share: number) => void} told
 * @param {{name?: string, signal?: AbortSignal}} [how] name of the upload; signal breaks it off
 * @returns {Promise<any>} the job
 */
export function upload(files, told, how = {}) {
  const form = new FormData();
  for (const one of files) {
    if (one instanceof File) form.append("files", one, one.webkitRelativePath || one.name);
    else form.append("files", one.file, one.path);
  }
  if (how.name) form.append("name", how.name);
  return new Promise((resolve, reject) => {
    const sending = new XMLHttpRequest();
    /** @param {string} code @param {string} message */
    const refuse = (code, message) => reject(new Refused(0, { code, message }));
    sending.open("POST", "/api/uploads");
    sending.responseType = "json";
    sending.upload.onprogress = (event) => event.lengthComputable && told(event.loaded / event.total);
    sending.onload = () => {
      if (sending.status === 401) signIn();
      if (sending.status < 300) resolve(sending.response);
      else reject(new Refused(sending.status, sending.response ?? {}));
    };
    sending.onerror = () => refuse("unreachable", "the upload broke off; try it again");
    sending.onabort = () => refuse("cancelled", "the upload was cancelled");
    how.signal?.addEventListener("abort", () => sending.abort());
    sending.send(form);
  });
}
