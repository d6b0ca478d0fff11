import { type PointerEvent, type RefObject, useCallback, useEffect, useMemo, useRef } from "react";
import { useT } from "../../../i18n";
import { fitCanvas } from "../../../shared/canvas";
import { AXIS_HEIGHT, drawTimeline, LANE_HEIGHT, timeAt } from "../../../shared/lanes";
import { including, shift, zoom } from "../../../shared/span";
import { Button } from "../../../shared/ui/Button";
import type { CourseState } from "./useCourse";

interface Props {
  readonly course: CourseState;
  readonly duration: number;
  /** Of the results, in seconds. */
  readonly time: number;
  readonly busy: boolean;
  readonly element: RefObject<HTMLVideoElement | null>;
  readonly offset: number;
  onSeek(time: number): void;
}

const MOST_LANES = 24;
const CLOSER = 0.5;

/** A lane per person, in step with the video: hover to read the time, click to go there, zoom to see more. */
export function Timeline({ course, duration, time, busy, element, offset, onSeek }: Props) {
  const t = useT();
  const canvas = useRef<HTMLCanvasElement>(null);
  const hover = useRef<number | null>(null);
  const { span, setSpan, shown, whole } = course;
  const ranked = useMemo(
    () => [...(whole?.people ?? [])].sort((a, b) => b.frames - a.frames).slice(0, MOST_LANES),
    [whole],
  );
  const people = useMemo(() => {
    const kept = new Set(ranked.map(({ track }) => track));
    const there = new Map((shown?.people ?? []).map((person) => [person.track, person]));
    return [...ranked]
      .sort((a, b) => a.track - b.track)
      .flatMap((person) => (kept.has(person.track) ? [there.get(person.track) ?? { ...person, bins: [] }] : []));
  }, [ranked, shown]);
  const left = (whole?.people.length ?? 0) - ranked.length;
  const draw = useCallback(() => {
    const surface = canvas.current;
    const context = surface?.getContext("2d");
    if (!surface || !context) return;
    const style = getComputedStyle(surface);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const { width, height } = fitCanvas(surface);
    const playhead = (element.current?.currentTime ?? 0) - offset;
    const colours = {
      text: colour("--text"),
      muted: colour("--muted"),
      line: colour("--line"),
      track: colour("--track"),
      accent: "#2f6fed",
    };
    drawTimeline(context, width, height, span, shown, people, { playhead, hover: hover.current }, colours);
  }, [span, shown, people, element, offset]);
  useEffect(draw);
  useEffect(() => {
    const surface = canvas.current;
    if (surface === null) return;
    const watcher = new ResizeObserver(draw);
    watcher.observe(surface);
    return () => watcher.disconnect();
  }, [draw]);
  useEffect(() => {
    const scheme = window.matchMedia("(prefers-color-scheme: dark)");
    scheme.addEventListener("change", draw);
    return () => scheme.removeEventListener("change", draw);
  }, [draw]);
  const whileZoomed = span.to - span.from < duration - 1e-6;
  useEffect(() => {
    if (!whileZoomed || element.current?.paused !== false) return;
    const moved = including(span, time, duration);
    if (moved !== span) setSpan(moved);
  }, [whileZoomed, element, span, time, duration, setSpan]);
  const pointed = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return timeAt(event.clientX - box.left, box.width, span);
  };
  const by = (factor: number) =>
    setSpan(zoom(span, factor, including(span, time, duration) === span ? time : (span.from + span.to) / 2, duration));
  useWheel(canvas, (event, at) => {
    if (event.ctrlKey || event.metaKey) return false;
    if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      setSpan(shift(span, (event.deltaX / 600) * (span.to - span.from), duration));
      return true;
    }
    if (!event.shiftKey) return false;
    setSpan(zoom(span, event.deltaY > 0 ? 1 / 0.8 : 0.8, timeAt(at, canvas.current?.clientWidth ?? 1, span), duration));
    return true;
  });
  return (
    <section className="timeline grid gap-2 rounded-card border border-line bg-surface p-3">
      <div className="flex flex-wrap items-center gap-1">
        <h2 className="mr-auto text-16 font-semibold">{t("videos.timeline")}</h2>
        <Button
          look="quiet"
          icon="plus"
          compact="always"
          title={t("videos.zoom.in")}
          onClick={() => by(CLOSER)}
          data-testid="zoom-in"
        >
          {t("videos.zoom.in")}
        </Button>
        <Button
          look="quiet"
          icon="minus"
          compact="always"
          title={t("videos.zoom.out")}
          disabled={!whileZoomed}
          onClick={() => by(1 / CLOSER)}
        >
          {t("videos.zoom.out")}
        </Button>
        <Button look="quiet" disabled={!whileZoomed} onClick={() => setSpan({ from: 0, to: duration })}>
          {t("videos.zoom.all")}
        </Button>
      </div>
      <canvas
        ref={canvas}
        role="img"
        aria-label={t("videos.timeline.label")}
        data-testid="timeline"
        data-lanes={people.map(({ track }) => track).join(" ")}
        data-span={`${span.from.toFixed(2)} ${span.to.toFixed(2)}`}
        className="w-full cursor-crosshair touch-pan-y"
        style={{ height: AXIS_HEIGHT + Math.max(1, people.length) * LANE_HEIGHT }}
        onPointerMove={(event) => {
          hover.current = pointed(event);
          draw();
        }}
        onPointerLeave={() => {
          hover.current = null;
          draw();
        }}
        onClick={(event) => {
          const box = event.currentTarget.getBoundingClientRect();
          onSeek(timeAt(event.clientX - box.left, box.width, span));
        }}
      />
      {people.length === 0 && (
        <p className="text-14 text-muted">{busy ? t("videos.timeline.wait") : t("videos.timeline.empty")}</p>
      )}
      {left > 0 && <p className="text-14 text-muted">{t("videos.timeline.more", { count: left })}</p>}
    </section>
  );
}

/** React's own wheel listeners cannot keep the page from scrolling. @param act returns whether it used the wheel */
function useWheel(canvas: RefObject<HTMLCanvasElement | null>, act: (event: WheelEvent, at: number) => boolean): void {
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    const surface = canvas.current;
    if (surface === null) return;
    const onWheel = (event: WheelEvent) => {
      if (latest.current(event, event.clientX - surface.getBoundingClientRect().left)) event.preventDefault();
    };
    surface.addEventListener("wheel", onWheel, { passive: false });
    return () => surface.removeEventListener("wheel", onWheel);
  }, [canvas]);
}
