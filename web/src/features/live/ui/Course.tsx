import { useCallback } from "react";
import { useLanguage, useT } from "../../../i18n";
import { emotions, looks } from "../../../shared/emotions";
import { capitalized, percent } from "../../../shared/format";
import { useSettings } from "../../../shared/settings";
import { session } from "../store";
import { LineChart } from "./chart";
import { type Drawing, DrawingPlace } from "./Drawing";

/** Lines below this share get no name at their end. */
const NAMED_FROM = 0.12;
const NAMED_AT_MOST = 3;

/** The names of the leading expressions; null for the others. */
export function leading(names: readonly string[], values: readonly number[]): (string | null)[] {
  const ranks = values.map((_, i) => i).sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0));
  return names.map((name, i) => (ranks.indexOf(i) < NAMED_AT_MOST && (values[i] ?? 0) >= NAMED_FROM ? name : null));
}

/** One person's eight probabilities as lines. */
export function Course({ track }: { readonly track: number | null }) {
  const t = useT();
  const language = useLanguage().code;
  const theme = useSettings((state) => state.theme);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the chart reads its colours from the page, which changes with the theme
  const make = useCallback(
    (host: HTMLElement): Drawing => {
      const names = emotions.map((emotion) => capitalized(t(`emotion.${emotion}`), language));
      const chart = new LineChart(host, {
        lines: emotions.map((emotion) => ({ colour: looks[emotion].colour, dash: looks[emotion].dash, width: 2 })),
        max: 1,
        marks: [0, 0.5, 1],
        now: t("chart.now"),
        value: (value) => percent(value, language),
      });
      const draw = () => {
        const now = session.clock.now() / 1000;
        const ring = track === null ? undefined : session.history.of(track);
        const series = ring?.series(now);
        const values = series?.lines.map((line) => line.at(-1) ?? 0) ?? [];
        chart.draw(series === undefined ? null : { ...series, names: leading(names, values) });
        host.dataset.track = track === null ? "" : String(track);
        host.dataset.points = String(ring?.count(now) ?? 0);
        host.dataset.last = ring === undefined ? "" : ring.last.toFixed(2);
      };
      return { draw, resize: () => chart.resize(), destroy: () => chart.destroy() };
    },
    [t, language, theme, track],
  );

  return <DrawingPlace make={make} testid="chart" label={t("chart.label")} />;
}
