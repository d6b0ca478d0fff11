/** What a recording's timeline shows beside its lanes: gaps and markers. */

import { AXIS_HEIGHT, LEFT, placeAt } from "../../../shared/lanes";
import type { Span } from "../../../shared/span";
import type { Course, Marker } from "../engine/api";
import { gapsOf } from "../engine/course";

const HATCH = 8;

/** Hatch what was not recorded, so that it does not look like an empty room. */
export function drawGaps(
  context: CanvasRenderingContext2D,
  course: Course,
  width: number,
  height: number,
  span: Span,
  colour: string,
): void {
  const tall = height - AXIS_HEIGHT;
  for (const [from, to] of gapsOf(course)) {
    const left = Math.max(LEFT, placeAt(from, width, span));
    const right = Math.min(width, placeAt(to, width, span));
    if (right - left < 2) continue;
    context.save();
    context.beginPath();
    context.rect(left, AXIS_HEIGHT, right - left, tall);
    context.clip();
    context.strokeStyle = colour;
    context.lineWidth = 1;
    context.beginPath();
    for (let x = left - tall; x < right; x += HATCH) {
      context.moveTo(x, height);
      context.lineTo(x + tall, AXIS_HEIGHT);
    }
    context.stroke();
    context.restore();
  }
}

/** A flag at each moment that somebody noted; the list below has their words. */
export function drawMarkers(
  context: CanvasRenderingContext2D,
  markers: readonly Marker[],
  width: number,
  height: number,
  span: Span,
  colour: string,
): void {
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 1;
  for (const { time } of markers) {
    const x = Math.round(placeAt(time, width, span)) + 0.5;
    if (x < LEFT || x > width) continue;
    context.beginPath();
    context.moveTo(x, AXIS_HEIGHT - 4);
    context.lineTo(x, height);
    context.stroke();
    context.beginPath();
    context.moveTo(x, AXIS_HEIGHT - 6);
    context.lineTo(x + 8, AXIS_HEIGHT - 2);
    context.lineTo(x, AXIS_HEIGHT + 2);
    context.fill();
  }
}
