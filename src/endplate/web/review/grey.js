// @ts-check
/** Hounsfield units to grey by window centre and width. */

/** @typedef {{centre: number, width: number}} Window in HU */
/** @typedef {{hu: Int16Array, rows: number, columns: number}} Pixels row by row */

/** @type {Record<string, {name: string, window: Window}>} bone is what the overview shows */
export const PRESETS = {
  bone: { name: "Bone", window: { centre: 350, width: 1200 } },
  wide: { name: "Wide", window: { centre: 500, width: 2000 } },
  soft: { name: "Soft", window: { centre: 50, width: 400 } },
};

const LEAST_WIDTH = 20;
const MOST_WIDTH = 6000;

/**
 * The window after a drag, as readers know it: to the right wider, upwards brighter.
 *
 * @param {Window} window
 * @param {number} dx px
 * @param {number} dy px
 * @returns {Window}
 */
export function draggedWindow(window, dx, dy) {
  const step = Math.max(window.width / 300, 0.5);
  const width = Math.min(Math.max(window.width + dx * step, LEAST_WIDTH), MOST_WIDTH);
  return { centre: Math.min(Math.max(window.centre + dy * step, -1500), 4000), width };
}

/**
 * Grey, opaque.
 *
 * @param {Pixels} pixels
 * @param {Window} window
 * @param {Uint8ClampedArray} rgba to fill
 */
export function fillGrey({ hu }, { centre, width }, rgba) {
  const packed = new Uint32Array(rgba.buffer);
  const [low, step] = [centre - width / 2, 256 / width];
  for (let i = 0; i < hu.length; i++) {
    const grey = Math.min(Math.max((hu[i] - low) * step, 0), 255) | 0;
    packed[i] = 0xff000000 | (grey << 16) | (grey << 8) | grey;
  }
}

/** An image that is turned to grey once per window, and then drawn at any scale. */
export class GreyImage {
  #canvas = document.createElement("canvas");
  #key = "";
  /** @type {Pixels | null} */
  #pixels = null;

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Pixels} pixels
   * @param {Window} window
   * @param {[number, number, number, number]} place x, y, width and height
   */
  draw(context, pixels, window, place) {
    const key = `${window.centre} ${window.width}`;
    if (pixels !== this.#pixels || key !== this.#key) this.#fill(pixels, window);
    [this.#pixels, this.#key] = [pixels, key];
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.#canvas, ...place);
  }

  /**
   * @param {Pixels} pixels
   * @param {Window} window
   */
  #fill(pixels, window) {
    [this.#canvas.width, this.#canvas.height] = [pixels.columns, pixels.rows];
    const context = /** @type {CanvasRenderingContext2D} */ (this.#canvas.getContext("2d"));
    const image = context.createImageData(pixels.columns, pixels.rows);
    fillGrey(pixels, window, image.data);
    context.putImageData(image, 0, 0);
  }
}

/**
 * A canvas's context in CSS px, emptied, its store as fine as the screen.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {[number, number]} size in CSS px, which a canvas is only asked for where it changes: asking lays the page out
 * @returns {CanvasRenderingContext2D}
 */
export function sharp(canvas, [width, height]) {
  const fine = window.devicePixelRatio || 1;
  const [across, down] = [Math.round(width * fine), Math.round(height * fine)];
  if (canvas.width !== across || canvas.height !== down) [canvas.width, canvas.height] = [across, down];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(fine, 0, 0, fine, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}
