/** The part of a video that the timeline shows. */

export interface Span {
  readonly from: number;
  readonly to: number;
}

export const LEAST_SECONDS = 1;

/** Zoom by `factor` (below 1 is closer) so that the moment `at` stays where it is; never beyond the video. */
export function zoom(span: Span, factor: number, at: number, duration: number): Span {
  const least = Math.min(LEAST_SECONDS, duration);
  const width = Math.min(duration, Math.max(least, (span.to - span.from) * factor));
  const share = (at - span.from) / Math.max(1e-9, span.to - span.from);
  return shift({ from: at - share * width, to: at - share * width + width }, 0, duration);
}

/** Move by `seconds`, never beyond the video. */
export function shift(span: Span, seconds: number, duration: number): Span {
  const width = Math.min(duration, span.to - span.from);
  const from = Math.min(Math.max(0, span.from + seconds), Math.max(0, duration - width));
  return { from, to: from + width };
}

/** Move on so that `time` is within, if it is not. */
export function including(span: Span, time: number, duration: number): Span {
  if (time >= span.from && time <= span.to) return span;
  return shift(span, time - span.from - 0.1 * (span.to - span.from), duration);
}

/** Times for marks on the axis, about so many, at round numbers. */
export function marks(span: Span, about: number): number[] {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
  const wanted = (span.to - span.from) / Math.max(1, about);
  const step = steps.find((each) => each >= wanted) ?? 7200;
  const first = Math.ceil(span.from / step - 1e-9);
  const count = Math.max(0, Math.floor(span.to / step + 1e-9) - first + 1);
  return Array.from({ length: count }, (_, i) => (first + i) * step);
}
