import { useEffect, useState } from "react";
import { useLanguage, useT } from "../../../i18n";
import { type Emotion, emotions, looks } from "../../../shared/emotions";
import { capitalized, percent } from "../../../shared/format";
import { EmotionGlyph } from "../../../shared/ui/Icon";
import { type Share, sharesOf } from "../engine/shares";
import { session } from "../store";

const REFRESH_MS = 1000;
const RADIUS = 40;
const LENGTH = 2 * Math.PI * RADIUS;
/** A smaller piece has no room for its glyph. */
const GLYPH_FROM = 0.07;

interface Shares {
  readonly all: Share[];
  readonly one: Share[];
}

function read(selected: number | null): Shares {
  const now = session.clock.now() / 1000;
  const recent = session.history.recent(now);
  return {
    all: sharesOf(recent.map(({ ring }) => ring.shownFor(now))),
    one: sharesOf(recent.filter(({ track }) => track === selected).map(({ ring }) => ring.shownFor(now))),
  };
}

/** For how much of the last minute each expression was the shown one: of everybody as a ring, and in a table. */
export function Shares({ selected }: { readonly selected: number | null }) {
  const t = useT();
  const language = useLanguage().code;
  const [shares, setShares] = useState(() => read(selected));
  useEffect(() => {
    setShares(read(selected));
    const timer = window.setInterval(() => setShares(read(selected)), REFRESH_MS);
    return () => window.clearInterval(timer);
  }, [selected]);
  const of = (list: readonly Share[], emotion: Emotion) => list.find((share) => share.emotion === emotion)?.share;
  const show = (share: number | undefined) => (share === undefined ? "–" : percent(share, language));
  return (
    <div className="flex min-h-0 flex-1 items-center justify-center gap-8 px-2 max-lg:flex-none max-lg:flex-col max-lg:gap-3 max-lg:py-2">
      <Ring shares={shares.all} />
      <table className="w-full max-w-md border-collapse text-14" data-testid="shares">
        <caption className="sr-only">{t("chart.shares.label")}</caption>
        <thead>
          <tr className="text-muted">
            <th className="text-left font-normal" scope="col">
              {t("table.expression")}
            </th>
            <th className="w-20 text-right font-normal" scope="col">
              {t("chart.everybody")}
            </th>
            <th className="w-24 text-right font-normal whitespace-nowrap" scope="col">
              {selected === null ? "" : t("people.face", { number: selected })}
            </th>
          </tr>
        </thead>
        <tbody>
          {emotions.map((emotion) => (
            <tr key={emotion}>
              <th className="text-left font-normal" scope="row">
                <span className="flex items-center gap-2">
                  <EmotionGlyph emotion={emotion} />
                  {capitalized(t(`emotion.${emotion}`), language)}
                </span>
              </th>
              <td className="text-right">{show(of(shares.all, emotion))}</td>
              <td className="text-right">{selected === null ? "" : show(of(shares.one, emotion))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Ring({ shares }: { readonly shares: readonly Share[] }) {
  return (
    <svg viewBox="0 0 100 100" className="h-44 shrink-0 max-sm:h-28" aria-hidden="true" data-testid="shares-ring">
      <circle cx={50} cy={50} r={RADIUS} fill="none" stroke="var(--track)" strokeWidth={16} />
      {shares.map(({ emotion, share, before }) => (
        <circle
          key={emotion}
          cx={50}
          cy={50}
          r={RADIUS}
          fill="none"
          stroke={looks[emotion].colour}
          strokeWidth={16}
          strokeDasharray={`${share * LENGTH} ${LENGTH}`}
          strokeDashoffset={-before * LENGTH}
          transform="rotate(-90 50 50)"
        />
      ))}
      {shares
        .filter(({ share }) => share >= GLYPH_FROM)
        .map(({ emotion, share, before }) => {
          const angle = 2 * Math.PI * (before + share / 2);
          const [x, y] = [50 + RADIUS * Math.sin(angle), 50 - RADIUS * Math.cos(angle)];
          return (
            <path
              key={emotion}
              d={looks[emotion].glyph}
              transform={`translate(${x - 7.2} ${y - 7.2}) scale(0.6)`}
              fill="none"
              stroke="#ffffff"
              strokeWidth={2.4}
              strokeLinecap="round"
            />
          );
        })}
    </svg>
  );
}
