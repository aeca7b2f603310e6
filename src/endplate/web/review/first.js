// @ts-check
/** Asks for the scan, and shows its image, before the page's other modules have come: it is what a reader waits for. */

import { get, getPixels, getTagged, Refused } from "../api.js";
import { channelsOf, GreyImage, middleOf, PRESETS, sharp } from "./grey.js";
import { fitted } from "./view.js";

/** @typedef {import("./types.js").Opened} Opened */

export const scanId = decodeURIComponent(location.pathname.split("/")[2] ?? "");
export const path = `/scans/${encodeURIComponent(scanId)}`;

/** @type {Promise<Opened>} fails where there is no such scan */
export const opened = get(path);
/** null where there are none */
export const pixels = getPixels(`${path}/images/straight`).catch(() => null);
/** null where there is nothing to review */
export const review = getTagged(`${path}/review`).catch((error) => {
  if (!(error instanceof Refused)) throw error;
  if (error.status === 404 || error.status === 422) return null;
  throw new Refused(error.status, { code: error.code, message: `The review did not come: ${error.message}. Reload the page to try again.` });
});

async function show() {
  const [{ images }, straight] = await Promise.all([opened, pixels]);
  const [stage, canvas] = [document.getElementById("stage"), document.getElementById("image")];
  if (!images || !straight || !stage || !(canvas instanceof HTMLCanvasElement) || stage.dataset.drawn) return;
  const middle = channelsOf(straight.hu, images.straight)[middleOf(images.straight)];
  const size = { width: stage.clientWidth, height: stage.clientHeight };
  const { x, y, scale } = fitted(size, middle);
  const place = /** @type {[number, number, number, number]} */ ([x, y, middle.columns * scale, middle.rows * scale]);
  new GreyImage().draw(sharp(canvas, [size.width, size.height]), middle, PRESETS.bone.window, place);
  stage.dataset.drawn = "image";
}

show().catch(() => {});
// who awaits it hears of a failure; until then it is not unhandled
for (const one of [opened, review]) one.catch(() => {});
