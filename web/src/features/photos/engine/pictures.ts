/** Pictures as the browser has them: made fit to be sent, and drawn with what was seen. */

import { drawFaces, type ShownFace } from "../../../shared/faces";
import type { Size } from "../../../shared/geometry";
import type { Heat } from "../../../shared/ui/Heat";

/** What the server reads as it is. */
const SENT_AS_IS = ["image/jpeg", "image/png", "image/webp"];
const QUALITY = 0.95;
/** The long side of a picture on which lines and letters have their usual size, in pixels. */
const USUAL_SIDE = 1280;

/** The file itself, or for a kind that only this browser knows the same picture as JPEG. */
export async function sendable(file: File): Promise<Blob> {
  if (SENT_AS_IS.includes(file.type)) return file;
  const bitmap = await bitmapOf(file);
  // The server says what is wrong with it.
  if (bitmap === null) return file;
  const canvas = document.createElement("canvas");
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d", { alpha: false })?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return (await jpegOf(canvas)) ?? file;
}

/** Null for what this browser cannot read. */
async function bitmapOf(file: Blob): Promise<ImageBitmap | null> {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
}

function jpegOf(canvas: HTMLCanvasElement): Promise<Blob | null> {
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
}

/**
 * The picture in its full size with maps, boxes and labels drawn in.
 *
 * @param size of the picture in pixels, to which the maps refer
 * @param facesAt the faces on a canvas of the given size
 * @returns null when the browser cannot make it
 */
export async function annotated(
  file: File,
  size: Size,
  maps: readonly Heat[],
  facesAt: (canvas: Size) => readonly ShownFace[],
): Promise<Blob | null> {
  const bitmap = await bitmapOf(file);
  const canvas = document.createElement("canvas");
  canvas.width = size.width;
  canvas.height = size.height;
  const context = canvas.getContext("2d", { alpha: false });
  if (bitmap === null || context === null) return null;
  context.drawImage(bitmap, 0, 0, size.width, size.height);
  bitmap.close();
  for (const { box, image } of maps) {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = box;
    const map = new Image();
    map.src = image;
    await map.decode();
    context.drawImage(map, x1, y1, x2 - x1, y2 - y1);
  }
  const unit = Math.max(1, Math.max(size.width, size.height) / USUAL_SIDE);
  const shown = { width: size.width / unit, height: size.height / unit };
  context.scale(unit, unit);
  drawFaces(context, facesAt(shown), shown);
  return jpegOf(canvas);
}

/** "holiday.png" → "holiday-mien.jpg". */
export function annotatedName(name: string): string {
  return `${name.replace(/\.[^.]*$/, "")}-mien.jpg`;
}
