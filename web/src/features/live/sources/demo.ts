/** The demo: a public-domain portrait, slowly panned and zoomed, read by the server like any camera. */

import { everyFrame, type Source, SourceError } from "./source";

const WIDTH = 960;
const HEIGHT = 540;

/** The part of the portrait (fractions: centre x, centre y, width) that is shown at a time in seconds. */
export function view(seconds: number): { x: number; y: number; width: number } {
  const turn = (period: number, phase: number) => Math.sin((2 * Math.PI * seconds) / period + phase);
  return { x: 0.47 + 0.05 * turn(17, 0), y: 0.3 + 0.025 * turn(13, 1), width: 0.76 + 0.14 * turn(23, 2) };
}

/** @throws SourceError when the picture cannot be fetched */
export async function openDemo(): Promise<Source> {
  const portrait = new Image();
  portrait.src = "/demo.jpg";
  try {
    await portrait.decode();
  } catch (error) {
    throw new SourceError({ kind: "demo" }, { cause: error });
  }
  return new Demo(portrait, matchMedia("(prefers-reduced-motion: reduce)").matches);
}

class Demo implements Source {
  readonly kind = "demo";
  readonly name = "Eileen Collins";
  readonly tape = null;
  readonly deviceId = null;
  readonly facesUser = false;
  readonly element = document.createElement("canvas");
  readonly #context = this.element.getContext("2d", { alpha: false });
  #playing = true;
  #seconds = 0;
  #drawnAt = performance.now();

  constructor(
    private readonly portrait: HTMLImageElement,
    private readonly still: boolean,
  ) {
    this.element.width = WIDTH;
    this.element.height = HEIGHT;
    this.#draw();
  }

  size() {
    return { width: WIDTH, height: HEIGHT };
  }

  onPicture(call: () => void) {
    return everyFrame(() => {
      const now = performance.now();
      // A browser that slept must not make the picture leap.
      if (this.#playing && !this.still) this.#seconds += Math.min(0.1, (now - this.#drawnAt) / 1000);
      this.#drawnAt = now;
      this.#draw();
      call();
    });
  }

  onEnd() {}

  pause() {
    this.#playing = false;
  }

  resume() {
    this.#playing = true;
  }

  close() {
    this.#playing = false;
  }

  #draw(): void {
    const { naturalWidth, naturalHeight } = this.portrait;
    const { x, y, width } = view(this.#seconds);
    const w = width * naturalWidth;
    const h = (w * HEIGHT) / WIDTH;
    const left = Math.min(naturalWidth - w, Math.max(0, x * naturalWidth - w / 2));
    const top = Math.min(naturalHeight - h, Math.max(0, y * naturalHeight - h / 2));
    this.#context?.drawImage(this.portrait, left, top, w, h, 0, 0, WIDTH, HEIGHT);
  }
}
