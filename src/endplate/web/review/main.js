// @ts-check
/** The review page: loads a scan, and redraws what changed once per frame. */

import { get, getPixels, getTagged } from "../api.js";
import { byId, say } from "./dom.js";
import { Stage } from "./image.js";
import { Places, schematic } from "./places.js";
import { Planes } from "./planes.js";
import { State } from "./state.js";
import { Table } from "./table.js";

/** @typedef {import("./types.js").Opened} Opened */

const scanId = decodeURIComponent(location.pathname.split("/")[2] ?? "");

async function main() {
  const path = `/scans/${scanId}`;
  const pixels = getPixels(`${path}/images/straight`).catch(() => null);
  const [opened, tagged] = await Promise.all([/** @type {Promise<Opened>} */ (get(path)), getTagged(`${path}/review`).catch(() => null)]);
  const { report, rules, images } = opened;
  if (!report || !rules || !tagged) return;
  const state = new State(report, rules, tagged.content, Number(tagged.etag.replace(/\D/g, "")));
  const places = images ? placesOf(images) : schematic(state.vertebrae);
  let asked = false;
  const redraw = () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      draw();
    });
  };
  const stage = new Stage(state, places, { redraw, windowed: redraw });
  const table = new Table(state, (id) => {
    state.select(id);
    stage.zoomToSelected();
  });
  const planes = new Planes(state, scanId, images?.context ?? null, redraw);
  function draw() {
    stage.draw();
    table.draw();
    planes.draw(stage.window);
    say(byId("sentence"), state.sentence);
  }
  state.listen(redraw);
  state.select(state.worst());
  const straight = await pixels;
  if (straight && images) stage.show(straight.hu, images.straight);
}

/** @param {import("./types.js").ImagesInfo} images */
function placesOf(images) {
  const [, rows, columns] = images.straight.shape;
  return new Places(images.straight.rows, { rows, columns });
}

void main();
