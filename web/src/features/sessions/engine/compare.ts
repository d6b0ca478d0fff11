/** What two recordings have in common and in what they differ, as numbers. */

import { type Emotion, emotions } from "../../../shared/emotions";
import type { Course, Detail } from "./api";
import { heldSteps } from "./course";

/** Time in view, and which share of it each expression was shown; `uncertain` belongs to none of them. */
export interface Shares {
  readonly seconds: number;
  readonly of: Readonly<Record<Emotion | "uncertain", number>>;
}

export const parts = [...emotions, "uncertain"] as const;

/** @param person null for everybody together. @returns null where nobody was in view for any time */
export function sharesOf({ persons }: Detail, person: number | null): Shares | null {
  const chosen = persons.filter((each) => person === null || each.person === person);
  const seconds = chosen.reduce((sum, each) => sum + each.seconds, 0);
  if (seconds <= 0) return null;
  const share = (part: (typeof parts)[number]) =>
    chosen.reduce((sum, each) => sum + each.shares[part] * each.seconds, 0) / seconds;
  const of = Object.fromEntries(parts.map((part) => [part, share(part)])) as Record<Emotion | "uncertain", number>;
  return { seconds, of };
}

/** By how much B's share is larger, and between what that lies wherever the uncertain time belongs. */
export interface Difference {
  readonly by: number;
  readonly least: number;
  readonly most: number;
  /** Whether it has the same sign wherever the uncertain time belongs. */
  readonly sure: boolean;
}

export function differenceOf(emotion: Emotion, a: Shares, b: Shares): Difference {
  const by = b.of[emotion] - a.of[emotion];
  const least = by - a.of.uncertain;
  const most = by + b.of.uncertain;
  return { by, least, most, sure: least > 0 || most < 0 };
}

const kinds = ["smile", "blink", "eyes closed", "yawn", "looks away", "face lost"] as const;
export type Kind = (typeof kinds)[number];
const needLandmarks: readonly Kind[] = ["blink", "eyes closed", "yawn", "looks away"];

/** Events per minute in view while they were looked for; null where they never were. */
export function ratesOf(session: Detail, person: number | null): Readonly<Record<Kind, number | null>> {
  const chosen = session.persons.filter((each) => person === null || each.person === person);
  // Options may be switched on half-way. Servers of before did not tell for how long they were.
  const followed = chosen.reduce((sum, each) => sum + each.followed, 0);
  const minutes = (followed > 0 ? followed : chosen.reduce((sum, each) => sum + each.seconds, 0)) / 60;
  const rate = (kind: Kind): number | null => {
    const count = chosen.reduce((sum, { events }) => sum + (events[kind] ?? 0), 0);
    const { signals, landmarks } = session.settings;
    const looked = (signals === true || followed > 0) && (landmarks === true || !needLandmarks.includes(kind));
    return minutes > 0 && (looked || count > 0) ? count / minutes : null;
  };
  return Object.fromEntries(kinds.map((kind) => [kind, rate(kind)])) as Record<Kind, number | null>;
}

export const eventKinds: readonly Kind[] = kinds;

/** What was shown in a step: an expression, or that it was uncertain, or nobody there, or nothing recorded. */
export type Shown = Emotion | "uncertain" | "nobody" | null;

/** The course of one person or of all together, in equal steps. */
export interface Curve {
  readonly step: number;
  readonly shown: readonly Shown[];
  readonly satisfaction: readonly (number | null)[];
  readonly attention: readonly (number | null)[];
}

export function curveOf(course: Course, person: number | null): Curve {
  const lanes = course.people.filter((lane) => person === null || lane.person === person);
  const inView = heldSteps(course).map((held) =>
    held === null
      ? null
      : { held, seen: lanes.filter(({ probabilities }) => (probabilities.neutral?.[held] ?? null) !== null) },
  );
  const mean = (name: "satisfaction" | "attention") =>
    inView.map((step) => (step === null ? null : meanOf(step.seen.map((lane) => lane[name][step.held] ?? null))));
  const shown = inView.map((step): Shown => {
    if (step === null) return null;
    if (step.seen.length === 0) return "nobody";
    const sure = step.seen.filter(({ dominant }) => (dominant[step.held] ?? null) !== null);
    if (sure.length === 0) return "uncertain";
    const sums = emotions.map((name) =>
      sure.reduce((sum, { probabilities }) => sum + (probabilities[name]?.[step.held] ?? 0), 0),
    );
    return emotions[sums.indexOf(Math.max(...sums))] ?? "uncertain";
  });
  return { step: course.step, shown, satisfaction: mean("satisfaction"), attention: mean("attention") };
}

/** The mean of what is known; null when nothing is. */
export function meanOf(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** Neighbours that are the same: [first, end) and what they are. */
export function runsOfSame<Value>(values: readonly Value[]): [first: number, end: number, value: Value][] {
  const runs: [number, number, Value][] = [];
  values.forEach((value, i) => {
    const last = runs.at(-1);
    if (last !== undefined && last[2] === value) last[1] = i + 1;
    else runs.push([i, i + 1, value]);
  });
  return runs;
}

/** What a reader should know before comparing the two. */
export type Caution = "lengths" | "short" | "going" | "models" | "baseline" | "uncertain";

const LONGER = 1.5;
const SHORT_SECONDS = 30;
const MUCH_UNCERTAIN = 0.3;

export function cautionsOf(a: Detail, b: Detail, shares: readonly [Shares | null, Shares | null]): Caution[] {
  const cautions: Caution[] = [];
  const [shorter, longer] = [Math.min(a.duration, b.duration), Math.max(a.duration, b.duration)];
  if (longer > LONGER * shorter) cautions.push("lengths");
  if (shares.some((each) => (each?.seconds ?? 0) < SHORT_SECONDS)) cautions.push("short");
  if (a.state === "recording" || b.state === "recording") cautions.push("going");
  if (different(a.models, b.models)) cautions.push("models");
  if (a.settings.baseline !== b.settings.baseline) cautions.push("baseline");
  if (shares.some((each) => (each?.of.uncertain ?? 0) > MUCH_UNCERTAIN)) cautions.push("uncertain");
  return cautions;
}

function different(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  const text = (values: Readonly<Record<string, unknown>>) =>
    JSON.stringify(Object.entries(values).sort(([one], [other]) => (one < other ? -1 : 1)));
  return text(a) !== text(b);
}
