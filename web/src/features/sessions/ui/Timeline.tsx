import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLanguage, useT } from "../../../i18n";
import { fitCanvas } from "../../../shared/canvas";
import { clock, percent } from "../../../shared/format";
import { AXIS_HEIGHT, drawTimeline, LANE_HEIGHT, timeAt } from "../../../shared/lanes";
import { failureText } from "../../../shared/refusals";
import { including, type Span, zoom } from "../../../shared/span";
import { Button } from "../../../shared/ui/Button";
import { EmotionGlyph } from "../../../shared/ui/Icon";
import * as api from "../engine/api";
import { gapsOf, laneOf, stepsOf, type Value, valuesAt } from "../engine/course";
import { drawGaps, drawMarkers } from "./drawing";
import { emotionWord } from "./words";

interface Props {
  readonly session: api.Detail;
  /** The moment of the address; null when it names none. */
  readonly time: number | null;
  onTime(time: number): void;
  /** What is pointed at; null when nothing is. */
  readonly hover: number | null;
  onHover(time: number | null): void;
}

const POINTS = 600;
const CLOSER = 0.5;

/** A lane per person over the whole recording or a part of it; a click or the slider goes to a moment. */
export function Timeline({ session, time, onTime, hover, onHover }: Props) {
  const t = useT();
  const { duration } = session;
  const [chosen, setChosen] = useState<Span | null>(null);
  const span = useMemo(() => chosen ?? { from: 0, to: Math.max(0.1, duration) }, [chosen, duration]);
  const { course, failure } = useCourse(session, chosen);
  const at = Math.min(time ?? 0, duration);
  const whole = chosen === null;
  const lanes = useMemo(() => course?.people ?? [], [course]);
  const by = (factor: number) => {
    const held = including(span, at, duration) === span ? at : (span.from + span.to) / 2;
    const next = zoom(span, factor, held, duration);
    setChosen(next.to - next.from >= duration ? null : next);
  };
  const values = course === null ? [] : valuesAt(course, hover ?? at);
  return (
    <section className="grid gap-2 rounded-card border border-line bg-surface p-3">
      <div className="flex flex-wrap items-center gap-1">
        <h2 className="mr-auto text-16 font-semibold">{t("sessions.course")}</h2>
        <Button look="quiet" icon="plus" compact="always" title={t("sessions.zoom.in")} onClick={() => by(CLOSER)}>
          {t("sessions.zoom.in")}
        </Button>
        <Button
          look="quiet"
          icon="minus"
          compact="always"
          title={t("sessions.zoom.out")}
          disabled={whole}
          onClick={() => by(1 / CLOSER)}
        >
          {t("sessions.zoom.out")}
        </Button>
        <Button look="quiet" disabled={whole} onClick={() => setChosen(null)}>
          {t("sessions.zoom.all")}
        </Button>
      </div>
      {failure !== null && (
        <p role="alert" className="text-14 text-warn">
          {t("sessions.failed", { message: failureText(failure, t) })}
        </p>
      )}
      <Canvas
        course={course}
        lanes={lanes}
        span={span}
        markers={session.markers}
        at={at}
        hover={hover}
        onHover={onHover}
        onTime={(to) => onTime(Math.min(to, duration))}
      />
      {/* The thumb's middle, 8 px from its edge, goes from lanes.LEFT to the end of the lanes. */}
      <input
        type="range"
        className="ml-8 w-[calc(100%-24px)] accent-accent"
        min={0}
        max={Math.max(0.1, duration)}
        step={0.1}
        value={at}
        aria-label={t("sessions.position")}
        aria-valuetext={clock(at)}
        data-testid="session-position"
        onChange={(event) => onTime(Number(event.target.value))}
      />
      <Values time={hover ?? at} values={values} />
      {course !== null && course.others > 0 && (
        <p className="text-14 text-muted">{t("sessions.course.more", { count: course.others })}</p>
      )}
    </section>
  );
}

/** The same facts as the chart at one moment, in words. */
function Values({ time, values }: { readonly time: number; readonly values: readonly Value[] }) {
  const t = useT();
  const language = useLanguage().code;
  return (
    <div className="flex min-h-6 flex-wrap gap-x-4 gap-y-1 text-14" data-testid="session-values">
      <span className="min-w-14 font-semibold">{clock(time)}</span>
      {values.length === 0 && <span className="text-muted">{t("sessions.nobody")}</span>}
      {values.map(({ person, label, probability, uncertain, satisfaction }) => (
        <span key={person} className="flex items-center gap-1">
          <span className="text-muted">{t("people.face", { number: person })}</span>
          <EmotionGlyph emotion={label} />
          {uncertain ? t("emotion.uncertain") : `${emotionWord(label, t, language)} ${percent(probability, language)}`}
          {satisfaction !== null && (
            <span className="text-muted">
              · {t("signal.satisfaction")} {Math.round(satisfaction)}
            </span>
          )}
        </span>
      ))}
    </div>
  );
}

interface CanvasProps {
  readonly course: api.Course | null;
  readonly lanes: readonly api.Person[];
  readonly span: Span;
  readonly markers: readonly api.Marker[];
  readonly at: number;
  readonly hover: number | null;
  onHover(time: number | null): void;
  onTime(time: number): void;
}

function Canvas({ course, lanes, span, markers, at, hover, onHover, onTime }: CanvasProps) {
  const t = useT();
  const canvas = useRef<HTMLCanvasElement>(null);
  const people = useMemo(() => (course === null ? [] : lanes.map((lane) => laneOf(lane, course))), [lanes, course]);
  const draw = useCallback(() => {
    const surface = canvas.current;
    const context = surface?.getContext("2d");
    if (!surface || !context) return;
    const style = getComputedStyle(surface);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const colours = {
      text: colour("--text"),
      muted: colour("--muted"),
      line: colour("--line"),
      track: colour("--track"),
      accent: "#2f6fed",
    };
    const { width, height } = fitCanvas(surface);
    const steps = course === null ? null : stepsOf(course);
    drawTimeline(context, width, height, span, steps, people, { playhead: at, hover }, colours);
    if (course !== null) drawGaps(context, course, width, height, span, colours.line);
    drawMarkers(context, markers, width, height, span, colours.text);
  }, [course, people, span, markers, at, hover]);
  useEffect(draw);
  useEffect(() => {
    const surface = canvas.current;
    if (surface === null) return;
    const watcher = new ResizeObserver(draw);
    const scheme = window.matchMedia("(prefers-color-scheme: dark)");
    watcher.observe(surface);
    scheme.addEventListener("change", draw);
    return () => {
      watcher.disconnect();
      scheme.removeEventListener("change", draw);
    };
  }, [draw]);
  const pointed = (event: { clientX: number; currentTarget: HTMLElement }) => {
    const box = event.currentTarget.getBoundingClientRect();
    return timeAt(event.clientX - box.left, box.width, span);
  };
  return (
    <canvas
      ref={canvas}
      role="img"
      aria-label={t("sessions.course.label")}
      data-testid="session-timeline"
      data-lanes={people.map(({ track }) => track).join(" ")}
      data-gaps={course === null ? undefined : gapsOf(course).length}
      className="w-full cursor-crosshair touch-pan-y"
      style={{ height: AXIS_HEIGHT + Math.max(1, people.length) * LANE_HEIGHT }}
      onPointerMove={(event) => onHover(pointed(event))}
      onPointerLeave={() => onHover(null)}
      onClick={(event) => onTime(pointed(event))}
    />
  );
}

/** The course of the part that is shown; fetched anew when that or the recording has changed. */
function useCourse(session: api.Detail, part: Span | null) {
  const [course, setCourse] = useState<api.Course | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const { id } = session;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a recording that was read anew may have another course
  useEffect(() => {
    let wanted = true;
    api.course(id, part?.from ?? 0, part?.to ?? null, POINTS).then(
      (found) => {
        if (!wanted) return;
        setCourse(found);
        setFailure(null);
      },
      (error: unknown) => wanted && setFailure(error),
    );
    return () => {
      wanted = false;
    };
  }, [id, session, part]);
  return { course, failure };
}
