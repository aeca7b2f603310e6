// @ts-check
/** The straight image: window and level, zoom, pan, parasagittal scroll, and what the pointer does on it. */

import { banner } from "./dialogue.js";
import { part, put, say } from "./dom.js";
import { channelsOf, draggedWindow, GreyImage, middleOf, PRESETS, sharp } from "./grey.js";
import { Pointer } from "./pointer.js";
import { Points } from "./points.js";
import { SIX } from "./vertebrae.js";
import { fitted, onScreen, panned, recentred, scaleBar, showing, zoomed } from "./view.js";

/** @typedef {import("./grey.js").Window} Window */
/** @typedef {import("./places.js").Places} Places */
/** @typedef {import("./state.js").State} State */
/** @typedef {import("./types.js").ImagesInfo} ImagesInfo */
/** @typedef {import("./view.js").View} View */

/** mm that are seen around a vertebra that is zoomed to, at least */
const AROUND_MM = [78, 86];
/** from here on a slab is beside the points, which are then drawn faint */
const FAR_MM = 4;
/** between a point that is brought onto the screen and its edge */
const MARGIN_PX = 60;

export class Stage {
  #canvas = /** @type {HTMLCanvasElement} */ (/** @type {unknown} */ (part("image")));
  #grey = new GreyImage();
  /** @type {import("./grey.js").Pixels[]} */
  #channels = [];
  /** what the canvas shows @type {unknown[]} */
  #drawn = [];
  /** @type {View} */
  view = { scale: 1, x: 0, y: 0 };
  /** @type {Window} */
  window = PRESETS.bone.window;
  channel = 0;
  fitted = true;
  bare = false;

  /**
   * @param {State} state
   * @param {Places} places
   * @param {boolean} pictured whether there are images; without them points cannot be moved
   * @param {{redraw: () => void}} told
   */
  constructor(state, places, pictured, told) {
    this.state = state;
    this.places = places;
    this.pictured = pictured;
    this.told = told;
    /** @type {number[]} */
    this.offsets = [0];
    this.host = part("stage");
    this.points = new Points(/** @type {any} */ (part("marks")), places, state);
    this.points.handles.forEach((handle, i) => handle.addEventListener("focus", () => this.#take(i)));
    this.pointer = new Pointer(this);
    this.size = { width: this.host.clientWidth, height: this.host.clientHeight };
    new ResizeObserver(([{ contentRect }]) => this.#resized(contentRect)).observe(this.host);
    this.fit();
  }

  /** @param {number} i of the point that has got the keyboard */
  #take(i) {
    this.state.select(this.state.selected, SIX[i]);
    // a point that the pointer holds stays under it
    if (!this.pointer.held) this.reveal();
  }

  /**
   * @param {Int16Array} hu channels, rows and columns
   * @param {ImagesInfo["straight"]} info
   */
  show(hu, info) {
    this.#channels = channelsOf(hu, info);
    this.offsets = info.offsets_mm;
    this.channel = middleOf(info);
    this.told.redraw();
  }

  /** @param {string} why there are no images after all */
  without(why) {
    this.pictured = false;
    banner("imageless", why, [], "alert");
    this.told.redraw();
  }

  /** @param {{width: number, height: number}} size */
  #resized({ width, height }) {
    const before = this.size;
    this.size = { width, height };
    if (this.fitted) this.fit();
    else this.view = recentred(this.view, before, this.size);
    this.told.redraw();
  }

  fit() {
    this.view = fitted(this.size, this.places.size);
    this.fitted = true;
    this.told.redraw();
  }

  /** Shows the selected vertebra with what is next to it. */
  zoomToSelected() {
    const v = this.state.selectedVertebra;
    if (!v) return;
    const box = this.places.box([v]);
    const [row, column] = [(box.top + box.bottom) / 2, (box.left + box.right) / 2];
    const [tall, wide] = AROUND_MM.map((mm) => mm / this.places.rows.pixel_mm / 2);
    this.view = showing(this.size, { top: row - tall, bottom: row + tall, left: column - 0.8 * wide, right: column + 1.2 * wide });
    this.fitted = false;
    this.told.redraw();
  }

  /** Moves the image no more than is needed to have the chosen point on the screen. */
  reveal() {
    const { selectedVertebra: v, point } = this.state;
    if (!v || !point) return;
    const [x, y] = onScreen(this.view, this.places.one(v.points_lps_mm, point).pixel);
    const [dx, dy] = [into(x, this.size.width), into(y, this.size.height)];
    if (dx || dy) this.pan(dx, dy);
  }

  /**
   * @param {number} factor
   * @param {[number, number]} [at]
   */
  zoom(factor, at = [this.size.width / 2, this.size.height / 2]) {
    this.view = zoomed(this.view, factor, at);
    this.fitted = false;
    this.told.redraw();
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    this.view = panned(this.view, dx, dy);
    this.fitted = false;
    this.told.redraw();
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  dragWindow(dx, dy) {
    this.setWindow(draggedWindow(this.window, dx, dy));
  }

  /** @param {Window} window */
  setWindow(window) {
    this.window = window;
    this.told.redraw();
  }

  /** @param {number} by towards the patient's left where positive */
  scroll(by) {
    this.toChannel(this.channel + by);
  }

  /** @param {number} channel */
  toChannel(channel) {
    this.channel = Math.min(Math.max(channel, 0), this.offsets.length - 1);
    this.told.redraw();
  }

  /** Gives the chosen point the keyboard. */
  focusPoint() {
    const { point } = this.state;
    const at = SIX.findIndex(({ column, end }) => column === point?.column && end === point.end);
    if (at >= 0) this.points.handles[at].focus({ preventScroll: true });
  }

  toggleBare() {
    this.bare = !this.bare;
    this.told.redraw();
  }

  draw() {
    const { view, channel, window } = this;
    const { width, height } = this.size;
    if (!this.#channels.length && this.pictured) return;
    const facts = [view, channel, window, width, height, devicePixelRatio, this.#channels];
    if (facts.some((fact, i) => fact !== this.#drawn[i])) this.#picture();
    this.#drawn = facts;
    this.host.classList.toggle("bare", this.bare);
    this.host.classList.toggle("beside", Math.abs(this.offsets[channel]) > FAR_MM);
    this.points.draw(view, width);
    this.#around();
    this.#tools();
  }

  #picture() {
    const context = sharp(this.#canvas, [this.size.width, this.size.height]);
    const pixels = this.#channels[this.channel];
    const { scale, x, y } = this.view;
    if (pixels) this.#grey.draw(context, pixels, this.window, [x, y, pixels.columns * scale, pixels.rows * scale]);
    put(this.host, "data-drawn", pixels ? "image" : "points");
  }

  /** Scale bar and lateral offset. */
  #around() {
    const pxPerMm = this.view.scale / this.places.rows.pixel_mm;
    const mm = scaleBar(pxPerMm);
    part("bar").style.width = `${mm * pxPerMm}px`;
    say(part("bar-mm"), `${mm} mm`);
    const slider = /** @type {HTMLInputElement} */ (part("offset"));
    slider.max = String(this.offsets.length - 1);
    slider.value = String(this.channel);
    const words = offsetWords(this.offsets[this.channel]);
    put(slider, "aria-valuetext", words);
    say(part("offset-mm"), words);
  }

  #tools() {
    put(part("bare"), "aria-pressed", String(this.bare));
    put(part("add"), "aria-pressed", String(this.pointer.adding));
    const { centre, width } = this.window;
    say(part("window-said"), `C ${centre.toFixed(0)} W ${width.toFixed(0)} HU`);
    for (const button of Array.from(part("presets").children)) {
      put(button, "aria-pressed", String(PRESETS[button.getAttribute("data-preset") ?? ""]?.window === this.window));
    }
  }
}

/**
 * How far a place must move to lie on the screen, with a margin.
 *
 * @param {number} at
 * @param {number} size of the screen
 */
function into(at, size) {
  if (at > 0 && at < size) return 0;
  return (at <= 0 ? MARGIN_PX : size - MARGIN_PX) - at;
}

/** @param {number} mm towards the patient's left */
export function offsetWords(mm) {
  return mm === 0 ? "midline" : `${mm > 0 ? "L" : "R"} ${Math.abs(mm)} mm`;
}
