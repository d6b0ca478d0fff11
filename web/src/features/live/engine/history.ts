/** The last minute of probabilities of every person, in ring buffers of a fixed size. */

import { emotions } from "../../../shared/emotions";

export const WINDOW_SECONDS = 60;
/** Room for a minute at 60 results a second. */
const CAPACITY = 4096;
/** A longer silence than this many seconds is a gap: the line is broken there, not drawn across … */
const GAP_SECONDS = 1;
/** … or than this where the server was slow and no result came meanwhile. */
const SLOW_GAP_SECONDS = 4;
const MAX_PEOPLE = 32;

/** One time axis (seconds before now, negative) and a line for each emotion; null breaks the line. */
export interface Series {
  readonly times: number[];
  readonly lines: (number | null)[][];
}

/** Means over equal stretches of the last minute, the same stretches for everybody. */
export interface Bins {
  /** The middle of each, in seconds before now (negative). */
  readonly times: readonly number[];
  /** A row of eight probabilities for each; NaN where nothing was seen. */
  readonly values: Float32Array;
}

/** The most probable emotion's place in `emotions`. */
export function likeliest(probabilities: readonly number[]): number {
  return probabilities.indexOf(Math.max(...probabilities));
}

export class Ring {
  readonly #times = new Float64Array(CAPACITY);
  readonly #labels = new Uint8Array(CAPACITY);
  /** 1 where there is a gap before the value. */
  readonly #gaps = new Uint8Array(CAPACITY);
  readonly #values = new Float32Array(CAPACITY * emotions.length);
  #next = 0;
  #length = 0;

  get last(): number {
    return this.#length === 0 ? Number.NEGATIVE_INFINITY : (this.#times[(this.#next + CAPACITY - 1) % CAPACITY] ?? 0);
  }

  /**
   * @param time seconds, not before the last one
   * @param label the shown emotion's place in `emotions`
   * @param patience seconds of silence that are no gap
   */
  add(time: number, probabilities: readonly number[], label = likeliest(probabilities), patience = GAP_SECONDS): void {
    this.#gaps[this.#next] = time - this.last > patience ? 1 : 0;
    this.#labels[this.#next] = label;
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
      if (before !== null && this.#gapBefore(i)) {
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

  /** The last minute in stretches of `width` seconds; a short silence is filled with what was seen before it. */
  bins(now: number, width: number): Bins {
    const first = Math.floor((now - WINDOW_SECONDS) / width) + 1;
    const count = Math.floor(now / width) - first + 1;
    const values = new Float32Array(count * emotions.length);
    const seen = new Uint16Array(count);
    const filled: [empty: number, from: number][] = [];
    let before: number | null = null;
    for (let i = 0; i < this.#length; i++) {
      const time = this.#time(i);
      const bin = Math.floor(time / width) - first;
      if (bin < 0 || bin >= count) continue;
      seen[bin] = (seen[bin] ?? 0) + 1;
      for (let k = 0; k < emotions.length; k++) {
        const at = bin * emotions.length + k;
        values[at] = (values[at] ?? 0) + this.#value(i, k);
      }
      if (before !== null && !this.#gapBefore(i))
        for (let empty = before + 1; empty < bin; empty++) filled.push([empty, before]);
      before = bin;
    }
    for (let at = 0; at < values.length; at++)
      values[at] = (values[at] ?? 0) / (seen[Math.floor(at / emotions.length)] ?? 0);
    for (const [empty, from] of filled)
      values.copyWithin(empty * emotions.length, from * emotions.length, (from + 1) * emotions.length);
    return { times: Array.from({ length: count }, (_, i) => (first + i + 0.5) * width - now), values };
  }

  /** For how many seconds of the last minute each emotion was the shown one. */
  shownFor(now: number): number[] {
    const seconds = emotions.map(() => 0);
    for (let i = 0; i + 1 < this.#length; i++) {
      const time = this.#time(i);
      if (time < now - WINDOW_SECONDS || this.#gapBefore(i + 1)) continue;
      const label = this.#labels[this.#slot(i)] ?? 0;
      seconds[label] = (seconds[label] ?? 0) + this.#time(i + 1) - time;
    }
    return seconds;
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

  #gapBefore(i: number): boolean {
    return this.#gaps[this.#slot(i)] === 1;
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
  /** The result in which each was last seen. */
  readonly #seenIn = new Map<number, number>();
  #results = 0;

  /** A result begins: who is not added to it was not seen. */
  begin(): void {
    this.#results++;
  }

  add(track: number, time: number, probabilities: readonly number[], label = likeliest(probabilities)): void {
    let ring = this.#rings.get(track);
    if (!ring) {
      this.#makeRoom(time);
      ring = new Ring();
      this.#rings.set(track, ring);
    }
    const missed = this.#seenIn.get(track) !== this.#results - 1;
    ring.add(time, probabilities, label, missed ? GAP_SECONDS : SLOW_GAP_SECONDS);
    this.#seenIn.set(track, this.#results);
  }

  of(track: number): Ring | undefined {
    return this.#rings.get(track);
  }

  /** Whoever was seen in the last minute, by number. */
  recent(now: number): { readonly track: number; readonly ring: Ring }[] {
    return [...this.#rings]
      .filter(([, ring]) => ring.last >= now - WINDOW_SECONDS)
      .map(([track, ring]) => ({ track, ring }))
      .sort((a, b) => a.track - b.track);
  }

  clear(): void {
    this.#rings.clear();
    this.#seenIn.clear();
  }

  /** Forget whoever was not seen for a minute, and beyond the limit whoever was seen longest ago. */
  #makeRoom(now: number): void {
    const byAge = [...this.#rings].sort(([, a], [, b]) => a.last - b.last);
    for (const [track, ring] of byAge) {
      if (this.#rings.size < MAX_PEOPLE && ring.last >= now - WINDOW_SECONDS) return;
      this.#rings.delete(track);
      this.#seenIn.delete(track);
    }
  }
}
