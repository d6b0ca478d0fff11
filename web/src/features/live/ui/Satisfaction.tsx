import { useCallback, useEffect, useState } from "react";
import { useT } from "../../../i18n";
import { useSettings } from "../../../shared/settings";
import { MAX_LINES, mean, type SatisfactionSeries, satisfactionSeries } from "../engine/satisfaction";
import { session } from "../store";
import { type Line, LineChart, lastKnown } from "./chart";
import { type Drawing, DrawingPlace } from "./Drawing";

const DASHES = [[], [6, 3], [2, 3], [8, 3, 2, 3]] as const;
const people: readonly Line[] = Array.from({ length: MAX_LINES }, (_, i) => ({
  colour: "--muted",
  dash: DASHES[i % DASHES.length] ?? [],
  width: 1.5,
}));
const average: Line = { colour: "#2F6FED", dash: [], width: 3 };
const TABLE_MS = 2000;

function read(chosen: number | null): SatisfactionSeries {
  return satisfactionSeries(session.history, session.clock.now() / 1000, chosen);
}

/** A line for each person and one for their average. */
export function Satisfaction({ selected }: { readonly selected: number | null }) {
  const t = useT();
  const theme = useSettings((state) => state.theme);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the chart reads its colours from the page, which changes with the theme
  const make = useCallback(
    (host: HTMLElement): Drawing => {
      const chart = new LineChart(host, {
        lines: [...people, average],
        max: 100,
        marks: [0, 50, 100],
        now: t("chart.now"),
        value: (value) => value.toFixed(0),
      });
      const draw = () => {
        const series = read(selected);
        const none = series.times.map(() => null);
        const own = people.map((_, i) => series.people[i]?.line ?? none);
        const names = people.map((_, i) => {
          const person = series.people[i];
          return person === undefined ? null : t("people.face", { number: person.track });
        });
        // One person is their own average.
        const lines = [...own, series.people.length > 1 ? series.average : none];
        chart.draw({ times: series.times, lines, names: [...names, t("chart.average")] });
        host.dataset.tracks = series.people.map(({ track }) => track).join(" ");
      };
      return { draw, resize: () => chart.resize(), destroy: () => chart.destroy() };
    },
    [t, theme, selected],
  );

  return <DrawingPlace make={make} testid="satisfaction" label={t("chart.satisfaction.label")} />;
}

/** The same in numbers that can be read while they change. */
export function SatisfactionTable({ selected }: { readonly selected: number | null }) {
  const t = useT();
  const [series, setSeries] = useState(() => read(selected));
  useEffect(() => {
    setSeries(read(selected));
    const timer = window.setInterval(() => setSeries(read(selected)), TABLE_MS);
    return () => window.clearInterval(timer);
  }, [selected]);
  const show = (value: number | null) => value?.toFixed(0) ?? "–";
  const rows = series.people.map(({ track, line }) => ({ name: t("people.face", { number: track }), line }));
  if (rows.length > 1) rows.push({ name: t("chart.average"), line: series.average });
  return (
    <table
      data-testid="satisfaction-table"
      className="h-fit w-72 shrink-0 border-collapse self-center text-14 max-lg:w-full lg:max-xl:sr-only"
    >
      <caption className="pb-2 text-left text-muted">{t("signal.satisfaction.note")}</caption>
      <thead>
        <tr className="text-muted">
          <th className="text-left font-normal" scope="col">
            {t("chart.satisfaction")}
          </th>
          <th className="w-12 text-right font-normal" scope="col">
            {t("table.now")}
          </th>
          <th className="w-24 pr-2 text-right font-normal whitespace-nowrap" scope="col">
            {t("table.mean")}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, line }) => (
          <tr key={name}>
            <th className="text-left font-normal" scope="row">
              {name}
            </th>
            <td className="text-right">{show(lastKnown(series.times, line))}</td>
            <td className="pr-2 text-right">{show(mean(line))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
