/** Pictures of a recording, and which of them belongs to a moment. */

import type { Picture } from "./api";

/** A picture stands for a moment no further from it than this; where none is so near, none is shown. */
const NEAR_SECONDS = 2;

/** The picture that is nearest to a moment; null where none is near. `pictures` are in the order of time. */
export function pictureAt(pictures: readonly Picture[], time: number): Picture | null {
  let low = 0;
  let high = pictures.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((pictures[middle]?.time ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  const near = [pictures[low - 1], pictures[low]].filter((picture) => picture !== undefined);
  const [best] = near.toSorted((a, b) => Math.abs(a.time - time) - Math.abs(b.time - time));
  return best !== undefined && Math.abs(best.time - time) <= NEAR_SECONDS ? best : null;
}

/** At most `count` of them, evenly spread, the first and the last included. */
export function spread<Item>(items: readonly Item[], count: number): Item[] {
  if (items.length <= count) return [...items];
  const step = (items.length - 1) / (count - 1);
  return Array.from({ length: count }, (_, i) => items[Math.round(i * step)]).filter((item) => item !== undefined);
}
