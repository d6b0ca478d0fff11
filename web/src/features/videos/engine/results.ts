/** The results of a video, fetched in pieces as the player comes to them. */

import type { FrameLine } from "./api";

export const PIECE_SECONDS = 10;
const MOST_PIECES = 30;

type Fetch = (from: number, to: number) => Promise<FrameLine[]>;

export class Results {
  readonly #pieces = new Map<number, readonly FrameLine[]>();
  readonly #asked = new Set<number>();

  /**
   * @param fetch gets the lines between two times
   * @param onChange called whenever more lines are there
   */
  constructor(
    private readonly fetch: Fetch,
    private readonly onChange: () => void,
  ) {}

  /** Forget what may have grown since it was fetched: everything from `time` on. */
  stale(time: number): void {
    for (const piece of [...this.#pieces.keys()]) if ((piece + 1) * PIECE_SECONDS >= time) this.#pieces.delete(piece);
  }

  /** The line of the frame shown at `time`, if it is there; asks for it and what follows if not. */
  at(time: number, step: number): FrameLine | null {
    const piece = Math.floor(Math.max(0, time) / PIECE_SECONDS);
    this.#need(piece);
    if (time % PIECE_SECONDS > PIECE_SECONDS * 0.6) this.#need(piece + 1);
    const near = [piece - 1, piece, piece + 1].flatMap((each) => this.#pieces.get(each) ?? []);
    return nearest(near, time, step);
  }

  #need(piece: number): void {
    if (this.#pieces.has(piece) || this.#asked.has(piece)) return;
    this.#asked.add(piece);
    const from = piece * PIECE_SECONDS;
    this.fetch(from, from + PIECE_SECONDS - 1e-6)
      .then((lines) => {
        this.#pieces.set(piece, lines);
        const oldest = this.#pieces.keys().next().value;
        if (this.#pieces.size > MOST_PIECES && oldest !== undefined) this.#pieces.delete(oldest);
        this.onChange();
      })
      // Asked for again with the next frame that needs it.
      .catch(() => undefined)
      .finally(() => this.#asked.delete(piece));
  }
}

/** The line nearest to `time`, no further away than a frame; null where there is none. */
export function nearest(lines: readonly FrameLine[], time: number, step: number): FrameLine | null {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lines[middle]?.time ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [lines[low - 1], lines[low]];
  const distance = (line: FrameLine | undefined) =>
    line === undefined ? Number.POSITIVE_INFINITY : Math.abs(line.time - time);
  const best = distance(before) < distance(after) ? before : after;
  return best !== undefined && distance(best) <= Math.max(step, 0.02) ? best : null;
}
