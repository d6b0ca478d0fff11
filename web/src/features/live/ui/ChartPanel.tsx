import { useEffect, useRef } from "react";
import { useLanguage, useT } from "../../../i18n";
import { emotions } from "../../../shared/emotions";
import { capitalized, percent } from "../../../shared/format";
import { useSettings } from "../../../shared/settings";
import { everyFrame } from "../sources/source";
import { session, useSession } from "../store";
import { CourseChart } from "./chart";
import { ProbabilityTable } from "./ProbabilityTable";

/** A minute on a chart this wide moves less than a pixel in this time. */
const REDRAW_MS = 66;

export function ChartPanel({ shown }: { readonly shown: boolean }) {
  const t = useT();
  const { stage, selected } = useSession();
  const photo = stage.phase === "running" && stage.source.kind === "photo";
  return (
    <section
      className="chart flex min-w-0 flex-col overflow-hidden rounded-card border border-line bg-surface"
      data-shown={shown}
      aria-label={t("chart.title")}
    >
      <h2 className="px-4 pt-3 text-14 font-semibold">
        {selected === null ? t("chart.title") : t("chart.of", { number: selected })}
      </h2>
      <div className="flex min-h-0 flex-1 gap-4 px-2 pb-2 max-lg:flex-col max-lg:overflow-y-auto">
        <div className="relative min-h-36 min-w-0 flex-1">
          <Course selected={selected} photo={photo} />
          {(selected === null || photo) && (
            <p className="absolute inset-0 grid place-items-center bg-surface/85 px-6 text-center text-14 text-muted">
              {photo ? t("chart.photo") : t("chart.empty")}
            </p>
          )}
        </div>
        <ProbabilityTable selected={selected} />
      </div>
    </section>
  );
}

function Course({ selected, photo }: { readonly selected: number | null; readonly photo: boolean }) {
  const t = useT();
  const language = useLanguage().code;
  const theme = useSettings((state) => state.theme);
  const ref = useRef<HTMLDivElement>(null);
  const chosen = useRef(selected);
  chosen.current = photo ? null : selected;

  // biome-ignore lint/correctness/useExhaustiveDependencies: the chart reads its colours from the page, which changes with the theme
  useEffect(() => {
    const host = ref.current;
    if (host === null) return;
    const chart = new CourseChart(host, {
      names: emotions.map((emotion) => capitalized(t(`emotion.${emotion}`), language)),
      now: t("chart.now"),
      percent: (value) => percent(value, language),
    });
    const observer = new ResizeObserver(() => chart.resize());
    observer.observe(host);
    let drawnAt = Number.NEGATIVE_INFINITY;
    const stop = everyFrame(() => {
      const wall = performance.now();
      if (wall - drawnAt < REDRAW_MS) return;
      drawnAt = wall;
      drawCourse(host, chart, chosen.current);
    });
    return () => {
      stop();
      observer.disconnect();
      chart.destroy();
    };
  }, [t, language, theme]);

  return <div ref={ref} className="absolute inset-0" data-testid="chart" role="img" aria-label={t("chart.label")} />;
}

function drawCourse(host: HTMLElement, chart: CourseChart, track: number | null): void {
  const now = session.clock.now() / 1000;
  const ring = track === null ? undefined : session.history.of(track);
  const series = ring?.series(now) ?? null;
  chart.draw(series);
  host.dataset.track = track === null ? "" : String(track);
  host.dataset.points = String(ring?.count(now) ?? 0);
  host.dataset.last = ring === undefined ? "" : ring.last.toFixed(2);
}
