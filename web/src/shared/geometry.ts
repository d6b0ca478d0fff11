/** Where the picture lies on the screen, and where a face lies in it. */

/** x1, y1, x2, y2: in pixels of the picture, or as fractions of it where a comment says so. */
export type Box = readonly [number, number, number, number];

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Rect extends Size {
  readonly x: number;
  readonly y: number;
}

/** A box of a picture of this size, in pixels, as fractions of it. */
export function fractions([x1 = 0, y1 = 0, x2 = 0, y2 = 0]: readonly number[], { width, height }: Size): Box {
  return [x1 / width, y1 / height, x2 / width, y2 / height];
}

/** The other way round: fractions of a picture of this size, in pixels. */
export function pixels([x1, y1, x2, y2]: Box, { width, height }: Size): Box {
  return [x1 * width, y1 * height, x2 * width, y2 * height];
}

/** Where CSS `object-fit: contain` puts a picture inside a box. */
export function contain(picture: Size, box: Size): Rect {
  if (picture.width <= 0 || picture.height <= 0) return { x: 0, y: 0, width: 0, height: 0 };
  const scale = Math.min(box.width / picture.width, box.height / picture.height);
  const width = picture.width * scale;
  const height = picture.height * scale;
  return { x: (box.width - width) / 2, y: (box.height - height) / 2, width, height };
}

/** Bring a face box (fractions of the picture) to the screen; `mirrored` when the picture is shown mirrored. */
export function place(box: Box, rect: Rect, mirrored: boolean): Rect {
  const left = mirrored ? 1 - box[2] : box[0];
  return {
    x: rect.x + left * rect.width,
    y: rect.y + box[1] * rect.height,
    width: (box[2] - box[0]) * rect.width,
    height: (box[3] - box[1]) * rect.height,
  };
}

/** Shrink a size so that its long side fits; never enlarge. Both sides stay at least one pixel. */
export function shrink(size: Size, longSide: number): Size {
  const scale = Math.min(1, longSide / Math.max(size.width, size.height));
  return { width: Math.max(1, Math.round(size.width * scale)), height: Math.max(1, Math.round(size.height * scale)) };
}

/** For each rectangle, whether it covers part of another one. */
export function overlapping(rects: readonly Rect[]): boolean[] {
  const cover = (a: Rect, b: Rect) =>
    a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
  return rects.map((one, i) => rects.some((other, j) => i !== j && cover(one, other)));
}
