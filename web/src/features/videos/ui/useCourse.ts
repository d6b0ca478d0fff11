import { useEffect, useState } from "react";
import type { Span } from "../../../shared/span";
import * as api from "../engine/api";

export interface CourseState {
  /** The whole video's, for the table. */
  readonly whole: api.Course | null;
  /** That of the span that is shown. */
  readonly shown: api.Course | null;
  readonly span: Span;
  setSpan(span: Span): void;
}

const POINTS = 600;
const PAUSE_MS = 150;
const GROWTH_SECONDS = 2;

/** Fetches the timeline anew when another part is wanted, or when the analysis has come further. */
export function useCourse(video: api.Video, duration: number): CourseState {
  const [chosen, setSpan] = useState<Span | null>(null);
  const [whole, setWhole] = useState<api.Course | null>(null);
  const [part, setPart] = useState<api.Course | null>(null);
  const span = chosen ?? { from: 0, to: duration };
  const { id, state } = video;
  // Steps, so that a running analysis is not asked about several times a second.
  const reached = Math.floor(video.time / GROWTH_SECONDS);
  // biome-ignore lint/correctness/useExhaustiveDependencies: "reached" and "state" say that there is more to fetch
  useEffect(() => {
    if (duration <= 0) return;
    let wanted = true;
    const late = window.setTimeout(
      () =>
        api
          .course(id, 0, duration, POINTS)
          .then((found) => wanted && setWhole(found))
          // The next step of the analysis, or the next visit, asks again.
          .catch(() => undefined),
      PAUSE_MS,
    );
    return () => {
      wanted = false;
      window.clearTimeout(late);
    };
  }, [id, duration, reached, state]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: "reached" and "state" say that there is more to fetch
  useEffect(() => {
    if (chosen === null) {
      setPart(null);
      return;
    }
    let wanted = true;
    const late = window.setTimeout(
      () =>
        api
          .course(id, chosen.from, chosen.to, POINTS)
          .then((found) => wanted && setPart(found))
          .catch(() => undefined),
      PAUSE_MS,
    );
    return () => {
      wanted = false;
      window.clearTimeout(late);
    };
  }, [id, chosen, reached, state]);
  const full = chosen === null || (chosen.from <= 0 && chosen.to >= duration);
  return { whole, shown: full ? whole : (part ?? whole), span, setSpan };
}
