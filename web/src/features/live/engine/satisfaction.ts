/** A scale from angry to happy, by convention: `docs/signals.md`. That a smile is satisfaction is the convention's claim. */

import { type Emotion, emotions } from "../../../shared/emotions";
import type { Bins, History } from "./history";

/** Contempt has no place on the scale and is left out of the mean. */
const POINTS: Readonly<Record<Emotion, number | null>> = {
  happiness: 100,
  surprise: 67,
  neutral: 50,
  disgust: 43,
  sadness: 33,
  fear: 17,
  anger: 0,
  contempt: null,
};
const points = emotions.map((emotion) => POINTS[emotion]);

/** So many people get a line of their own. */
export const MAX_LINES = 8;
const BIN_SECONDS = 0.25;

/** @returns from 0 to 100; 50 where all is contempt, null without probabilities */
export function satisfactionOf(probabilities: ArrayLike<number>): number | null {
  let sum = 0;
  let total = 0;
  for (const [i, weight] of points.entries()) {
    if (weight === null) continue;
    const p = probabilities[i] ?? Number.NaN;
    sum += p * weight;
    total += p;
  }
  if (Number.isNaN(total)) return null;
  return total > 1e-6 ? sum / total : 50;
}

export interface SatisfactionSeries {
  readonly times: readonly number[];
  /** By number; null breaks the line. */
  readonly people: readonly { readonly track: number; readonly line: readonly (number | null)[] }[];
  /** Over whoever was seen at each time. */
  readonly average: readonly (number | null)[];
}

/** The last minute of everybody; lines for those seen last and the chosen one. */
export function satisfactionSeries(history: History, now: number, chosen: number | null): SatisfactionSeries {
  const recent = history.recent(now).map(({ track, ring }) => {
    const bins = ring.bins(now, BIN_SECONDS);
    return { track, last: ring.last, times: bins.times, line: lineOf(bins) };
  });
  const times = recent[0]?.times ?? [];
  const average = times.map((_, i) => mean(recent.map(({ line }) => line[i] ?? null)));
  const age = (track: number, last: number) => (track === chosen ? Number.POSITIVE_INFINITY : last);
  const people = recent
    .toSorted((a, b) => age(b.track, b.last) - age(a.track, a.last))
    .slice(0, MAX_LINES)
    .sort((a, b) => a.track - b.track)
    .map(({ track, line }) => ({ track, line }));
  return { times, people, average };
}

/** The mean of what is known. */
export function mean(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

function lineOf({ times, values }: Bins): (number | null)[] {
  const width = emotions.length;
  return times.map((_, i) => satisfactionOf(values.subarray(i * width, (i + 1) * width)));
}
