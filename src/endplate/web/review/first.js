// @ts-check
/** Asks for the scan before the page's other modules have come: the image is what a reader waits for. */

import { get, getPixels, getTagged } from "../api.js";

/** @typedef {import("./types.js").Opened} Opened */

export const scanId = decodeURIComponent(location.pathname.split("/")[2] ?? "");
export const path = `/scans/${encodeURIComponent(scanId)}`;

/** @type {Promise<Opened>} fails where there is no such scan */
export const opened = get(path);
/** null where there are none */
export const pixels = getPixels(`${path}/images/straight`).catch(() => null);
/** null where there is nothing to review */
export const review = getTagged(`${path}/review`).catch(() => null);

// who awaits it hears of a failure; until then it is not unhandled
opened.catch(() => {});
