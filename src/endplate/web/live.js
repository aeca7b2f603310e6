// @ts-check
/** What changes in the service, as it changes (server-sent events). */

import { get } from "./api.js";

/** @typedef {import("./worklist/types.js").Scan} Scan */
/** @typedef {import("./worklist/types.js").Job} Job */

/**
 * Listens while the page can be seen: a browser keeps only six connections to one service, and every open tab would hold one.
 *
 * @param {{job: (job: Job) => void, scan: (scan: Scan) => void, begun: () => void, lost: () => void}} told `begun` each time that
 *   listening begins, when anything may have changed before; `lost` where the service does not answer
 */
export function listen(told) {
  /** @type {EventSource | null} */
  let source = null;
  let failures = 0;

  function open() {
    if (source !== null || document.visibilityState !== "visible") return;
    source = new EventSource("/api/events");
    source.addEventListener("job", (event) => told.job(JSON.parse(event.data)));
    source.addEventListener("scan", (event) => told.scan(JSON.parse(event.data)));
    source.onopen = () => {
      failures = 0;
      told.begun();
    };
    source.onerror = () => broken();
  }

  function close() {
    source?.close();
    source = null;
  }

  /** The browser tries again by itself, unless the answer was an error; then a request that the page understands tells why. */
  function broken() {
    failures += 1;
    const ended = source?.readyState === EventSource.CLOSED;
    if (ended || failures > 1) told.lost();
    if (!ended) return;
    close();
    get("/scans?size=1").catch(() => {});
    setTimeout(open, 3000);
  }

  document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? open() : close()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
}
