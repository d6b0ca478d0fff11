/** Turns the picture on the screen into JPEG bytes, small enough to send many times a second. */

import { type Size, shrink } from "../../../shared/geometry";

export type Picture = HTMLVideoElement | HTMLCanvasElement | HTMLImageElement;

const QUALITY = 0.8;
const FALLBACK_QUALITY = 0.5;

export class Encoder {
  readonly #canvas = document.createElement("canvas");
  readonly #context = this.#canvas.getContext("2d", { alpha: false });

  /**
   * Encode what the element shows now, never mirrored.
   *
   * @param longSide in pixels; larger pictures are shrunk, smaller ones stay
   * @param maxBytes what the server accepts
   * @returns null when the browser could not encode, or not small enough
   */
  async encode(picture: Picture, size: Size, longSide: number, maxBytes: number): Promise<Uint8Array | null> {
    if (this.#context === null) return null;
    const { width, height } = shrink(size, longSide);
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.#context.drawImage(picture, 0, 0, width, height);
    const bytes = await this.#jpeg(QUALITY);
    return bytes === null || bytes.byteLength <= maxBytes ? bytes : this.#smaller(maxBytes);
  }

  async #smaller(maxBytes: number): Promise<Uint8Array | null> {
    const bytes = await this.#jpeg(FALLBACK_QUALITY);
    return bytes !== null && bytes.byteLength <= maxBytes ? bytes : null;
  }

  async #jpeg(quality: number): Promise<Uint8Array | null> {
    const blob = await new Promise<Blob | null>((done) => this.#canvas.toBlob(done, "image/jpeg", quality));
    return blob === null ? null : new Uint8Array(await blob.arrayBuffer());
  }
}
