import { useEffect, useState } from "react";
import { useLanguage, useT } from "../../../i18n";
import { emotions } from "../../../shared/emotions";
import { capitalized, percent } from "../../../shared/format";
import { EmotionGlyph } from "../../../shared/ui/Icon";
import type { Obstacle } from "../../../shared/words";
import { session } from "../store";

/** A table that can be read while it changes: new numbers come every two seconds. */
const REFRESH_MS = 2000;

interface Numbers {
  readonly quality: number | null;
  readonly obstacle: Obstacle | null;
  readonly now: readonly number[] | null;
  /** Before the resting face was taken off; null where nothing was. */
  readonly raw: readonly number[] | null;
  readonly means: readonly number[] | null;
}

function read(track: number | null): Numbers {
  const seconds = session.clock.now() / 1000;
  const person = session.snapshot().people.find((each) => each.track === track);
  const present = person?.present === true ? person : null;
  return {
    quality: present?.measures.quality ?? null,
    obstacle: present?.measures.obstacle ?? null,
    now: present?.expression?.probabilities ?? null,
    raw: present?.expression?.uncorrected ?? null,
    means: track === null ? null : (session.history.of(track)?.means(seconds) ?? null),
  };
}

export function ProbabilityTable({ selected }: { readonly selected: number | null }) {
  const t = useT();
  const language = useLanguage().code;
  const [numbers, setNumbers] = useState<Numbers>(() => read(selected));
  useEffect(() => {
    setNumbers(read(selected));
    const timer = window.setInterval(() => setNumbers(read(selected)), REFRESH_MS);
    return () => window.clearInterval(timer);
  }, [selected]);
  const show = (value: number | undefined) => (value === undefined ? "–" : percent(value, language));
  return (
    <table
      data-testid="table"
      className="h-fit w-72 shrink-0 border-collapse self-center text-14 max-lg:w-full lg:max-xl:sr-only"
    >
      <caption className="sr-only">
        {selected === null ? t("chart.title") : t("table.caption", { number: selected })}
      </caption>
      <thead>
        <tr className="text-muted">
          <th className="py-0 pr-2 text-left font-normal" scope="col">
            {t("table.expression")}
          </th>
          <th className="w-12 py-0 text-right font-normal" scope="col">
            {t("table.now")}
          </th>
          {numbers.raw !== null && (
            <th className="w-12 py-0 text-right font-normal" scope="col" title={t("table.raw.note")}>
              {t("table.raw")}
            </th>
          )}
          <th className="w-24 py-0 pr-2 text-right font-normal whitespace-nowrap" scope="col">
            {t("table.mean")}
          </th>
        </tr>
      </thead>
      <tbody>
        {emotions.map((emotion, i) => (
          <tr key={emotion}>
            <th className="py-0 text-left font-normal" scope="row">
              <span className="flex items-center gap-2">
                <EmotionGlyph emotion={emotion} />
                {capitalized(t(`emotion.${emotion}`), language)}
              </span>
            </th>
            <td className="text-right">{show(numbers.now?.[i])}</td>
            {numbers.raw !== null && <td className="text-right text-muted">{show(numbers.raw[i])}</td>}
            <td className="pr-2 text-right">{show(numbers.means?.[i])}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr className="text-muted" title={t("table.quality.note")}>
          <th className="pt-1 text-left font-normal" scope="row">
            {t("table.quality")}
          </th>
          <td className="pt-1 text-right">{show(numbers.quality ?? undefined)}</td>
          <td className="truncate pt-1 pr-2 text-right" colSpan={numbers.raw === null ? 1 : 2} data-testid="obstacle">
            {numbers.obstacle !== null && t(`obstacle.${numbers.obstacle}`)}
          </td>
        </tr>
      </tfoot>
    </table>
  );
}
