/** A recording's timeline as the lanes that are drawn, and its values at one moment. */

import { type Emotion, emotions } from "../../../shared/emotions";
import type { Lane, Steps } from "../../../shared/lanes";
import type { Course, Person } from "./api";

export function stepsOf({ start, step }: Course): Steps {
  return { from: start, step };
}

/** What was seen on a frame holds for no longer than this, as the server counts it. */
const HOLDS_SECONDS = 1;

/**
 * For each step the one whose values hold in it: itself, or the last before it while there was just no frame, or the
 * first of all while that was on its way. Null where nothing was recorded.
 */
export function heldSteps({ step, faces }: Course): (number | null)[] {
  const first = faces.findIndex((count) => count !== null);
  let last: number | null = first === -1 ? null : first;
  return faces.map((count, i) => {
    if (count !== null) last = i;
    return last !== null && (last === i || Math.abs(i - last) * step < HOLDS_SECONDS) ? last : null;
  });
}

/** The person's mean probabilities in each step; null where they were not seen or nothing was read. */
export function laneOf({ person, probabilities }: Person, course: Course): Lane {
  const bins = heldSteps(course).map((held) => {
    if (held === null) return null;
    const values = emotions.map((emotion) => probabilities[emotion]?.[held] ?? null);
    return values.every((value) => value !== null) ? values : null;
  });
  return { track: person, bins };
}

export interface Value {
  readonly person: number;
  readonly label: Emotion;
  readonly probability: number;
  readonly uncertain: boolean;
  readonly satisfaction: number | null;
}

/** The step that a moment lies in; null beyond the timeline. */
export function stepAt({ start, step, times }: Course, time: number): number | null {
  if (times.length === 0) return null;
  const i = Math.floor((time - start) / Math.max(step, 1e-9) + 1e-6);
  if (i === times.length && time - start <= times.length * step + 1e-6) return i - 1;
  return i >= 0 && i < times.length ? i : null;
}

/** What those in view showed at a moment. */
export function valuesAt(course: Course, time: number): Value[] {
  const i = heldSteps(course)[stepAt(course, time) ?? -1] ?? null;
  if (i === null) return [];
  return course.people.flatMap((lane) => {
    const bin = laneOf(lane, course).bins[i] ?? null;
    if (bin === null) return [];
    const top = bin.indexOf(Math.max(...bin));
    const label = emotions[top] ?? "neutral";
    return [
      {
        person: lane.person,
        label,
        probability: bin[top] ?? 0,
        uncertain: (lane.uncertain[i] ?? 0) > 0.5,
        satisfaction: lane.satisfaction[i] ?? null,
      },
    ];
  });
}

/** Stretches of which nothing was recorded, in seconds: [from, to]. */
export function gapsOf(course: Course): [from: number, to: number][] {
  const { start, step } = course;
  const gaps: [number, number][] = [];
  heldSteps(course).forEach((held, i) => {
    if (held !== null) return;
    const from = start + i * step;
    const last = gaps.at(-1);
    if (last !== undefined && Math.abs(last[1] - from) < 1e-6) last[1] = from + step;
    else gaps.push([from, from + step]);
  });
  return gaps;
}
