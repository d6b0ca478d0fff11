/** Draws the lanes of a timeline: eight probabilities per person, stacked; nothing where nobody was seen. */

import { FONT_FAMILY } from "./canvas";
import { emotions, looks } from "./emotions";
import { clock } from "./format";
import { marks, type Span } from "./span";

export const LANE_HEIGHT = 44;
export const AXIS_HEIGHT = 24;
export const LEFT = 40;
const GAP = 8;
const FONT = `12px ${FONT_FAMILY}`;

/** One person's lane: mean probabilities in the order of `emotions` for each step, null where nobody was seen. */
export interface Lane {
  readonly track: number;
  readonly bins: readonly (readonly number[] | null)[];
}

/** Where the steps of all lanes are, in seconds. */
export interface Steps {
  readonly from: number;
  readonly step: number;
}

export interface Colours {
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly track: string;
  readonly accent: string;
}

export interface Cursors {
  readonly playhead: number;
  readonly hover: number | null;
}

export function timeAt(x: number, width: number, span: Span): number {
  return span.from + Math.max(0, Math.min(1, (x - LEFT) / Math.max(1, width - LEFT))) * (span.to - span.from);
}

export function placeAt(time: number, width: number, span: Span): number {
  return LEFT + ((time - span.from) / Math.max(1e-9, span.to - span.from)) * (width - LEFT);
}

/** Runs of stretches in which the person was seen. */
export function runsOf(bins: Lane["bins"]): [first: number, end: number][] {
  const runs: [number, number][] = [];
  let first: number | null = null;
  for (let i = 0; i <= bins.length; i++) {
    if (i < bins.length && bins[i] !== null) first ??= i;
    else if (first !== null) {
      runs.push([first, i]);
      first = null;
    }
  }
  return runs;
}

export function drawTimeline(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  span: Span,
  course: Steps | null,
  people: readonly Lane[],
  { playhead, hover }: Cursors,
  colours: Colours,
): void {
  context.clearRect(0, 0, width, height);
  context.font = FONT;
  context.textBaseline = "middle";
  const x = (time: number) => placeAt(time, width, span);
  drawAxis(context, width, height, span, x, colours);
  people.forEach((person, i) => {
    const top = AXIS_HEIGHT + i * LANE_HEIGHT;
    context.fillStyle = colours.text;
    context.textAlign = "right";
    context.fillText(String(person.track), LEFT - 10, top + LANE_HEIGHT / 2);
    context.fillStyle = colours.track;
    context.fillRect(LEFT, top + LANE_HEIGHT - GAP / 2 - 1, width - LEFT, 1);
    if (course !== null) drawStack(context, person, course, x, top + GAP / 2, LANE_HEIGHT - GAP, width);
  });
  if (hover !== null) drawCursor(context, x(hover), height, colours.muted, clock(hover), width);
  drawCursor(context, x(playhead), height, colours.accent, null, width);
}

function drawAxis(
  context: CanvasRenderingContext2D,
  width: number,
  height: number,
  span: Span,
  x: (time: number) => number,
  { muted, line }: Colours,
): void {
  context.strokeStyle = line;
  context.fillStyle = muted;
  context.textAlign = "center";
  context.lineWidth = 1;
  for (const time of marks(span, (width - LEFT) / 90)) {
    const at = Math.round(x(time)) + 0.5;
    context.beginPath();
    context.moveTo(at, AXIS_HEIGHT);
    context.lineTo(at, height);
    context.stroke();
    const half = context.measureText(clock(time)).width / 2;
    context.fillText(clock(time), Math.min(width - half, Math.max(half, at)), AXIS_HEIGHT / 2);
  }
}

function drawStack(
  context: CanvasRenderingContext2D,
  { bins }: Lane,
  course: Steps,
  x: (time: number) => number,
  top: number,
  tall: number,
  width: number,
): void {
  context.save();
  context.beginPath();
  context.rect(LEFT, top, width - LEFT, tall);
  context.clip();
  for (const [first, end] of runsOf(bins)) {
    for (let i = first; i < end; i++) {
      // Whole pixels, so that no seams show between neighbours.
      const left = Math.round(x(course.from + i * course.step));
      const wide = Math.round(x(course.from + (i + 1) * course.step)) - left;
      let below = 0;
      emotions.forEach((emotion, k) => {
        const share = bins[i]?.[k] ?? 0;
        context.fillStyle = looks[emotion].colour;
        context.fillRect(left, top + tall * (1 - below - share), wide, tall * share);
        below += share;
      });
    }
  }
  context.restore();
}

function drawCursor(
  context: CanvasRenderingContext2D,
  at: number,
  height: number,
  colour: string,
  label: string | null,
  width: number,
): void {
  if (at < LEFT - 1 || at > width + 1) return;
  context.strokeStyle = colour;
  context.lineWidth = label === null ? 2 : 1;
  context.beginPath();
  context.moveTo(at, 0);
  context.lineTo(at, height);
  context.stroke();
  if (label === null) return;
  const wide = context.measureText(label).width + 12;
  const left = Math.min(width - wide, Math.max(0, at - wide / 2));
  context.fillStyle = "rgb(15 18 22 / 0.9)";
  context.beginPath();
  context.roundRect(left, 1, wide, AXIS_HEIGHT - 4, 6);
  context.fill();
  context.fillStyle = "#ffffff";
  context.textAlign = "left";
  context.fillText(label, left + 6, AXIS_HEIGHT / 2 - 1);
}
