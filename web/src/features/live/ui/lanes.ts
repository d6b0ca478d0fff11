/** Draws a lane for each person: the eight probabilities of the last minute, stacked. */

import { FONT_FAMILY } from "../../../shared/canvas";
import { emotions, looks } from "../../../shared/emotions";
import { type Bins, WINDOW_SECONDS } from "../engine/history";
import { NAMES_WIDTH, SCALE_WIDTH, TIME_MARKS, TIMES_HEIGHT, timeMark } from "./chart";

export interface Lane {
  readonly track: number;
  readonly bins: Bins;
  /** What is shown now, and its place in `emotions`; null for whoever left. */
  readonly label: { readonly text: string; readonly emotion: number } | null;
}

export interface LaneStyle {
  readonly text: string;
  readonly muted: string;
  readonly line: string;
}

const FONT = `12px ${FONT_FAMILY}`;
const TALLEST = 56;
export const LEAST_HEIGHT = 20;
const GAP = 6;

/** How many lanes find room in a chart of this height. */
export function lanesIn(height: number): number {
  return Math.max(1, Math.floor((height - TIMES_HEIGHT) / LEAST_HEIGHT));
}

/** @param width, height of the canvas in CSS pixels */
export function drawLanes(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  lanes: readonly Lane[],
  now: string,
  style: LaneStyle,
): void {
  context.clearRect(0, 0, width, height);
  context.font = FONT;
  context.textBaseline = "middle";
  const left = SCALE_WIDTH;
  const right = width - NAMES_WIDTH;
  const bottom = height - TIMES_HEIGHT;
  const x = (seconds: number) => right + (seconds / WINDOW_SECONDS) * (right - left);
  drawTimes(context, x, bottom, now, style);
  const each = Math.min(TALLEST, bottom / Math.max(1, lanes.length));
  lanes.forEach(({ track, bins, label }, i) => {
    const top = i * each + GAP / 2;
    const tall = each - GAP;
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, tall);
    context.clip();
    drawStack(context, bins, x, top, tall);
    context.restore();
    const middle = top + tall / 2;
    context.fillStyle = style.text;
    context.textAlign = "right";
    context.fillText(String(track), left - 12, middle);
    if (label === null) return;
    context.textAlign = "left";
    context.fillText(label.text, right + 21, middle);
    context.fillStyle = looks[emotions[label.emotion] ?? "neutral"].colour;
    context.fillRect(right + 8, middle - 4, 8, 8);
  });
}

function drawTimes(
  context: CanvasRenderingContext2D,
  x: (seconds: number) => number,
  bottom: number,
  now: string,
  style: LaneStyle,
): void {
  context.strokeStyle = style.line;
  context.lineWidth = 1;
  context.fillStyle = style.muted;
  context.textAlign = "center";
  for (const seconds of TIME_MARKS) {
    const at = Math.round(x(seconds)) + 0.5;
    context.beginPath();
    context.moveTo(at, 0);
    context.lineTo(at, bottom);
    context.stroke();
    context.fillText(timeMark(seconds, now), at, bottom + TIMES_HEIGHT / 2);
  }
}

/** Runs of stretches in which something was seen; between them the lane stays empty. */
export function runsOf({ times, values }: Bins): [first: number, end: number][] {
  const runs: [number, number][] = [];
  let first: number | null = null;
  for (let i = 0; i <= times.length; i++) {
    const seen = i < times.length && !Number.isNaN(values[i * emotions.length]);
    if (seen) first ??= i;
    else if (first !== null) {
      runs.push([first, i]);
      first = null;
    }
  }
  return runs;
}

function drawStack(
  context: CanvasRenderingContext2D,
  bins: Bins,
  x: (seconds: number) => number,
  top: number,
  tall: number,
): void {
  const step = (bins.times[1] ?? 0) - (bins.times[0] ?? 0);
  for (const [first, end] of runsOf(bins)) {
    const below = new Float32Array(end - first);
    const places = Array.from(below, (_, i) => x(bins.times[first + i] ?? 0));
    const edges = [x((bins.times[first] ?? 0) - step / 2), x((bins.times[end - 1] ?? 0) + step / 2)] as const;
    emotions.forEach((emotion, k) => {
      context.beginPath();
      const y = (i: number) => top + tall * (1 - (below[i] ?? 0));
      context.moveTo(edges[0], y(0));
      places.forEach((place, i) => {
        context.lineTo(place, y(i));
      });
      context.lineTo(edges[1], y(below.length - 1));
      for (let i = 0; i < below.length; i++)
        below[i] = (below[i] ?? 0) + (bins.values[(first + i) * emotions.length + k] ?? 0);
      context.lineTo(edges[1], y(below.length - 1));
      for (let i = below.length - 1; i >= 0; i--) context.lineTo(places[i] ?? 0, y(i));
      context.lineTo(edges[0], y(0));
      context.fillStyle = looks[emotion].colour;
      context.fill();
    });
  }
}
