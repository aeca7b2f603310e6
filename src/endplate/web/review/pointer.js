// @ts-check
/** Mouse, pen and finger on the straight image: drag a point, pan, zoom, window, choose a vertebra. */

import { COLUMNS, moved } from "./vertebrae.js";
import { underScreen } from "./view.js";

/** @typedef {import("./image.js").Stage} Stage */
/** @typedef {import("./vertebrae.js").Which} Which */
/** @typedef {[number, number]} XY */
/** @typedef {{pointer: number, kind: "point" | "click" | "pan" | "window", from: XY, last: XY, far: boolean, id: string | null, which: Which | null, grab: XY, lateral: number}} Drag */

const REACH_PX = { mouse: 10, pen: 12, touch: 20 };
const CLICK_PX = 3;
/** CSS px per mm from which every body's points can be taken, not only those of the selected one: below they lie too dense */
const EASY_SCALE = 2.5;
const ZOOM_PER_PX = 1.0015;
const NOTCH_PX = 50;

export class Pointer {
  /** @type {Drag | null} */
  #drag = null;
  #turned = 0;
  /** of the stage in the window */
  #corner = { left: 0, top: 0 };
  space = false;
  /** waits for a click that says where a new vertebra lies */
  adding = false;

  /** @param {Stage} stage */
  constructor(stage) {
    this.stage = stage;
    /** @type {(pixel: [number, number]) => void} */
    this.onAdd = () => {};
    const { host } = stage;
    host.addEventListener("pointerdown", (event) => this.#down(event));
    host.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) host.addEventListener(end, (event) => this.#up(/** @type {PointerEvent} */ (event)));
    host.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    host.addEventListener("dblclick", (event) => this.#nothingAt(this.#at(event)) && stage.fit());
    host.addEventListener("contextmenu", (event) => event.preventDefault());
  }

  get held() {
    return this.#drag !== null;
  }

  get dragging() {
    return this.#drag?.kind === "point" && this.#drag.far;
  }

  /**
   * @param {MouseEvent} event
   * @returns {XY}
   */
  #at(event) {
    // the place is asked for once per drag: asking lays the page out, and a drag has just changed it
    if (!this.#drag) this.#corner = this.stage.host.getBoundingClientRect();
    const { left, top } = this.#corner;
    return [event.clientX - left, event.clientY - top];
  }

  /**
   * The point under the pointer.
   *
   * @param {XY} at
   * @param {number} reach px
   * @returns {{id: string, which: Which, xy: XY} | null}
   */
  point(at, reach) {
    const { state, points, view, places, bare } = this.stage;
    const easy = view.scale / places.rows.pixel_mm >= EASY_SCALE;
    let [best, found] = [reach, /** @type {{id: string, which: Which, xy: XY} | null} */ (null)];
    for (const v of bare ? [] : state.shown) {
      const selected = v.id === state.selected;
      if (!easy && !selected) continue;
      points.screen(v.points_lps_mm, view).forEach((xy, i) => {
        const away = Math.hypot(xy[0] - at[0], xy[1] - at[1]) - (selected ? 2 : 0);
        if (away >= best) return;
        [best, found] = [away, { id: v.id, which: { column: COLUMNS[i >> 1], end: i % 2 === 0 ? 0 : 1 }, xy }];
      });
    }
    return found;
  }

  /**
   * The vertebra under the pointer.
   *
   * @param {XY} at
   */
  body([x, y]) {
    const { state, points, view } = this.stage;
    for (const v of state.shown) {
      const six = points.screen(v.points_lps_mm, view);
      const [xs, ys] = [six.map((p) => p[0]), six.map((p) => p[1])];
      const inside = x > Math.min(...xs) - 8 && x < Math.max(...xs) + 8 && y > Math.min(...ys) - 3 && y < Math.max(...ys) + 3;
      if (inside) return v.id;
    }
    return null;
  }

  /** @param {XY} at */
  #nothingAt(at) {
    return !this.point(at, REACH_PX.mouse) && !this.body(at);
  }

  /** @param {PointerEvent} event */
  #down(event) {
    if (this.#drag) return;
    const at = this.#at(event);
    if (this.adding && event.button === 0) return this.onAdd(underScreen(this.stage.view, at));
    this.#drag = this.#begun(event, at);
    this.stage.host.setPointerCapture(event.pointerId);
    if (event.button === 1) event.preventDefault();
    if (this.#drag.kind === "point") this.#choose(this.#drag);
  }

  /**
   * @param {PointerEvent} event
   * @param {XY} at
   * @returns {Drag}
   */
  #begun(event, at) {
    /** @type {Drag} */
    const blank = { pointer: event.pointerId, kind: "pan", from: at, last: at, far: false, id: null, which: null, grab: [0, 0], lateral: 0 };
    if (event.button === 2 || (event.button === 0 && event.shiftKey)) return { ...blank, kind: "window" };
    if (event.button !== 0 || this.space) return blank;
    const hit = this.point(at, REACH_PX[/** @type {"mouse"} */ (event.pointerType)] ?? REACH_PX.mouse);
    if (!hit) return { ...blank, kind: "click", id: this.body(at) };
    const { places, state } = this.stage;
    const v = state.shown.find(({ id }) => id === hit.id);
    const lateral = v ? places.one(v.points_lps_mm, hit.which).lateral : 0;
    return { ...blank, kind: "point", id: hit.id, which: hit.which, grab: [hit.xy[0] - at[0], hit.xy[1] - at[1]], lateral };
  }

  /** @param {Drag} drag */
  #choose(drag) {
    this.stage.state.select(drag.id, drag.which);
    this.stage.focusPoint();
  }

  /** @param {PointerEvent} event */
  #move(event) {
    const at = this.#at(event);
    const drag = this.#drag;
    if (!drag) return this.#hover(at);
    if (event.pointerId !== drag.pointer) return;
    const [dx, dy] = [at[0] - drag.last[0], at[1] - drag.last[1]];
    drag.far ||= Math.hypot(at[0] - drag.from[0], at[1] - drag.from[1]) >= CLICK_PX;
    if (!drag.far) return;
    drag.last = at;
    if (drag.kind === "window") this.stage.dragWindow(dx, dy);
    else if (drag.kind === "point") this.#movePoint(drag, at);
    else this.stage.pan(dx, dy);
  }

  /**
   * @param {Drag} drag
   * @param {XY} at
   */
  #movePoint({ id, which, grab, lateral }, at) {
    const { state, places, view, pictured } = this.stage;
    if (id === null || which === null || !pictured) return;
    const pixel = underScreen(view, [at[0] + grab[0], at[1] + grab[1]]);
    const to = places.patient({ pixel, lateral });
    state.edit((vertebrae) => moved(vertebrae, id, which, to), "drag");
  }

  /** @param {XY} at */
  #hover(at) {
    const { host, state } = this.stage;
    const over = this.adding ? "copy" : this.space ? "grab" : this.point(at, REACH_PX.mouse) ? (state.editable ? "move" : "pointer") : this.body(at) ? "pointer" : "";
    if (host.style.cursor !== over) host.style.cursor = over;
  }

  /** @param {PointerEvent} event */
  #up(event) {
    const drag = this.#drag;
    // a second finger or a palm neither moves nor ends what the first one does
    if (event.pointerId !== drag?.pointer) return;
    this.#drag = null;
    this.stage.host.releasePointerCapture(event.pointerId);
    const { state } = this.stage;
    if (drag.kind === "point" && drag.far) state.settle();
    else if (drag.kind === "click" && !drag.far && drag.id !== null) this.#clicked(drag.id);
  }

  /** @param {string} id */
  #clicked(id) {
    const { state } = this.stage;
    const already = state.selected === id;
    state.select(id);
    if (!already || this.stage.fitted) this.stage.zoomToSelected();
  }

  /** @param {WheelEvent} event */
  #wheel(event) {
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1;
    const turned = (event.deltaY || event.deltaX) * lines;
    if (event.shiftKey) this.#turn(turned);
    else this.stage.zoom(ZOOM_PER_PX ** -turned, this.#at(event));
  }

  /**
   * One slab for each notch of a wheel, however finely a touchpad divides it.
   *
   * @param {number} turned px
   */
  #turn(turned) {
    this.#turned = Math.sign(turned) === Math.sign(this.#turned) ? this.#turned + turned : turned;
    if (Math.abs(this.#turned) < NOTCH_PX) return;
    this.stage.scroll(Math.sign(this.#turned));
    this.#turned = 0;
  }
}
