/** The last minute of probabilities of every person, in ring buffers of a fixed size. */

import { emotions } from "../../../shared/emotions";

export const WINDOW_SECONDS = 60;
/** Room for a minute at 60 results a second. */
const CAPACITY = 4096;
/** A longer silence than this many seconds is a gap: the line is broken there, not drawn across. */
const GAP_SECONDS = 1;
const MAX_PEOPLE = 32;

/** One time axis (seconds before now, negative) and a line for each emotion; null breaks the line. */
export interface Series {
  readonly times: number[];
  readonly lines: (number | null)[][];
}

export class Ring {
  readonly #times = new Float64Array(CAPACITY);
  readonly #values = new Float32Array(CAPACITY * emotions.length);
  #next = 0;
  #length = 0;

  get last(): number {
    return this.#length === 0 ? Number.NEGATIVE_INFINITY : (this.#times[(this.#next + CAPACITY - 1) % CAPACITY] ?? 0);
  }

  /** @param time seconds, not before the last one */
  add(time: number, probabilities: readonly number[]): void {
    this.#times[this.#next] = time;
    this.#values.set(probabilities, this.#next * emotions.length);
    this.#next = (this.#next + 1) % CAPACITY;
    this.#length = Math.min(CAPACITY, this.#length + 1);
  }

  /** How many values lie in the last minute. */
  count(now: number): number {
    let count = 0;
    for (let i = 0; i < this.#length; i++) if (this.#time(i) >= now - WINDOW_SECONDS) count++;
    return count;
  }

  series(now: number): Series {
    const times: number[] = [];
    const lines: (number | null)[][] = emotions.map(() => []);
    let before: number | null = null;
    for (let i = 0; i < this.#length; i++) {
      const time = this.#time(i);
      if (time < now - WINDOW_SECONDS) continue;
      if (before !== null && time - before > GAP_SECONDS) {
        times.push((before + time) / 2 - now);
        for (const line of lines) line.push(null);
      }
      times.push(time - now);
      lines.forEach((line, emotion) => {
        line.push(this.#value(i, emotion));
      });
      before = time;
    }
    return { times, lines };
  }

  /** The mean of each emotion over the last minute; null without values. */
  means(now: number): number[] | null {
    const sums = emotions.map(() => 0);
    let count = 0;
    for (let i = 0; i < this.#length; i++) {
      if (this.#time(i) < now - WINDOW_SECONDS) continue;
      count++;
      for (let emotion = 0; emotion < sums.length; emotion++)
        sums[emotion] = (sums[emotion] ?? 0) + this.#value(i, emotion);
    }
    return count === 0 ? null : sums.map((sum) => sum / count);
  }

  #slot(i: number): number {
    return (this.#next - this.#length + i + CAPACITY) % CAPACITY;
  }

  #time(i: number): number {
    return this.#times[this.#slot(i)] ?? 0;
  }

  #value(i: number, emotion: number): number {
    return this.#values[this.#slot(i) * emotions.length + emotion] ?? 0;
  }
}

export class History {
  readonly #rings = new Map<number, Ring>();

  add(track: number, time: number, probabilities: readonly number[]): void {
    let ring = this.#rings.get(track);
    if (!ring) {
      this.#makeRoom(time);
      ring = new Ring();
      this.#rings.set(track, ring);
    }
    ring.add(time, probabilities);
  }

  of(track: number): Ring | undefined {
    return this.#rings.get(track);
  }

  clear(): void {
    this.#rings.clear();
  }

  /** Forget whoever was not seen for a minute, and beyond the limit whoever was seen longest ago. */
  #makeRoom(now: number): void {
    const byAge = [...this.#rings].sort(([, a], [, b]) => a.last - b.last);
    for (const [track, ring] of byAge) {
      if (this.#rings.size < MAX_PEOPLE && ring.last >= now - WINDOW_SECONDS) return;
      this.#rings.delete(track);
    }
  }
}
