import { type PointerEvent, useState } from "react";
import { useLanguage, useT } from "../../../i18n";
import { navigate } from "../../../shared/address";
import { clock, percent } from "../../../shared/format";
import { Button } from "../../../shared/ui/Button";
import { EmotionGlyph } from "../../../shared/ui/Icon";
import { pathOf } from "../engine/address";
import type * as api from "../engine/api";
import type { Curve } from "../engine/compare";
import { Letter } from "./Compare";
import { Strip, stepsPath } from "./Strip";
import { lengthOf, shownWord } from "./words";

type Pair<Value> = readonly [a: Value, b: Value];

interface Props {
  readonly sessions: Pair<api.Detail>;
  readonly curves: Pair<Curve>;
}

/** "aligned": both from their beginnings, a second is as wide in both; "stretched": both as wide as the page. */
type Mode = "aligned" | "stretched";

const STEPS = 1000;
const lines = [
  { stroke: "#2f6fed", dash: undefined },
  { stroke: "var(--text)", dash: "5 4" },
] as const;

/** Both courses over one axis, and the values of both at one place of it. */
export function CompareCourse({ sessions, curves }: Props) {
  const t = useT();
  const [mode, setMode] = useState<Mode>("aligned");
  const [at, setAt] = useState(0);
  const longest = Math.max(0.1, sessions[0].duration, sessions[1].duration);
  /** Seconds that the axis stands for on each side. */
  const spans = sessions.map(({ duration }) => (mode === "aligned" ? longest : Math.max(0.1, duration)));
  const signals = (["satisfaction", "attention"] as const).filter((name) =>
    curves.some((curve) => curve[name].some((value) => value !== null)),
  );
  const point = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    setAt(Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)));
  };
  return (
    <section className="grid gap-3 rounded-card border border-line bg-surface p-3" data-testid="compare-course">
      <div className="flex flex-wrap items-center gap-1">
        <h2 className="mr-auto text-16 font-semibold">{t("sessions.course")}</h2>
        {(["aligned", "stretched"] as const).map((each) => (
          <Button
            key={each}
            look={mode === each ? "plain" : "quiet"}
            aria-pressed={mode === each}
            data-testid={`compare-${each}`}
            onClick={() => setMode(each)}
          >
            {t(`compare.${each}`)}
          </Button>
        ))}
      </div>
      <div className="grid grid-cols-[2.25rem_minmax(0,1fr)] gap-x-2">
        <div className="grid content-start gap-3">
          {[0, 1].map((place) => (
            <Letter key={place} place={place} />
          ))}
        </div>
        <div className="relative grid cursor-crosshair touch-pan-y gap-3" onPointerMove={point} onPointerDown={point}>
          {curves.map((curve, place) => (
            <svg
              // biome-ignore lint/suspicious/noArrayIndexKey: the two places never change
              key={place}
              aria-hidden="true"
              viewBox={`0 0 ${unitsOf(curve, spans[place] ?? 1)} 10`}
              preserveAspectRatio="none"
              className="h-8 w-full rounded-sm bg-track"
            >
              <Strip shown={curve.shown} top={0} tall={10} />
            </svg>
          ))}
          {signals.map((name) => (
            <div key={name}>
              <p className="text-14 text-muted">{t(`compare.${name}`)}</p>
              <svg aria-hidden="true" className="h-24 w-full border-y border-line" preserveAspectRatio="none">
                {curves.map((curve, place) => (
                  <svg
                    // biome-ignore lint/suspicious/noArrayIndexKey: the two places never change
                    key={place}
                    aria-hidden="true"
                    viewBox={`0 0 ${unitsOf(curve, spans[place] ?? 1)} 100`}
                    preserveAspectRatio="none"
                    width="100%"
                    height="100%"
                  >
                    <path
                      d={stepsPath(curve[name], (value) => 100 - value * (name === "attention" ? 100 : 1))}
                      fill="none"
                      stroke={lines[place]?.stroke}
                      strokeDasharray={lines[place]?.dash}
                      strokeWidth={2}
                      vectorEffect="non-scaling-stroke"
                    />
                  </svg>
                ))}
              </svg>
            </div>
          ))}
          <span
            aria-hidden="true"
            className="pointer-events-none absolute inset-y-0 w-0.5 -translate-x-1/2 bg-accent"
            style={{ left: `${at * 100}%` }}
          />
        </div>
        <span />
        <div>
          <p aria-hidden="true" className="flex justify-between text-14 text-muted">
            <span>0</span>
            <span>{mode === "aligned" ? lengthOf(longest / 2) : "50 %"}</span>
            <span>{mode === "aligned" ? lengthOf(longest) : "100 %"}</span>
          </p>
          <input
            type="range"
            className="w-full accent-accent"
            min={0}
            max={STEPS}
            value={Math.round(at * STEPS)}
            aria-label={t("compare.position")}
            aria-valuetext={spans.map((span) => clock(at * span)).join(" / ")}
            data-testid="compare-position"
            onChange={(event) => setAt(Number(event.target.value) / STEPS)}
          />
        </div>
      </div>
      <div className="grid gap-1 text-14" data-testid="compare-values">
        {sessions.map((session, place) => (
          <Values
            // biome-ignore lint/suspicious/noArrayIndexKey: the two places never change
            key={place}
            place={place}
            session={session}
            curve={curves[place] ?? curves[0]}
            time={at * (spans[place] ?? 1)}
          />
        ))}
      </div>
      <Legend curves={curves} />
    </section>
  );
}

/** Steps that the axis is wide. */
function unitsOf(curve: Curve, span: number): number {
  return Math.max(1e-6, span / curve.step);
}

interface ValuesProps {
  readonly place: number;
  readonly session: api.Detail;
  readonly curve: Curve;
  readonly time: number;
}

/** What one side was at a time, and the way there. */
function Values({ place, session, curve, time }: ValuesProps) {
  const t = useT();
  const language = useLanguage().code;
  const i = Math.min(Math.floor(time / curve.step + 1e-6), curve.shown.length - 1);
  const over = time > session.duration + curve.step;
  const shown = over ? null : (curve.shown[i] ?? null);
  const satisfaction = over ? null : (curve.satisfaction[i] ?? null);
  const attention = over ? null : (curve.attention[i] ?? null);
  const path = pathOf(session.id, Math.min(time, session.duration));
  return (
    <p className="flex min-h-8 flex-wrap items-center gap-x-3">
      <Letter place={place} />
      {over ? (
        <span className="text-muted">{t("compare.over")}</span>
      ) : (
        <>
          <a
            href={path}
            className="min-w-14 font-semibold text-link hover:underline"
            onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
              event.preventDefault();
              navigate(path);
            }}
          >
            {clock(time)}
          </a>
          <span className="flex items-center gap-1">
            {shown !== null && shown !== "nobody" && shown !== "uncertain" && <EmotionGlyph emotion={shown} />}
            {shownWord(shown, t, language)}
          </span>
          {satisfaction !== null && (
            <span className="text-muted">
              {t("signal.satisfaction")} {Math.round(satisfaction)}
            </span>
          )}
          {attention !== null && (
            <span className="text-muted">
              {t("signal.attention")} {percent(attention, language)}
            </span>
          )}
        </>
      )}
    </p>
  );
}

/** The words of the colours that occur. */
function Legend({ curves }: { readonly curves: Pair<Curve> }) {
  const t = useT();
  const language = useLanguage().code;
  const occurring = new Set(curves.flatMap(({ shown }) => shown));
  return (
    <p className="flex flex-wrap gap-x-4 gap-y-1 text-14 text-muted">
      {[...occurring]
        .filter((shown) => shown !== null)
        .map((shown) => (
          <span key={shown} className="flex items-center gap-1">
            {shown === "nobody" && <span className="h-0.5 w-5 bg-muted" />}
            {shown === "uncertain" && <span className="size-4 rounded-sm bg-muted opacity-30" />}
            {shown !== "nobody" && shown !== "uncertain" && <EmotionGlyph emotion={shown} />}
            {shownWord(shown, t, language)}
          </span>
        ))}
      {occurring.has(null) && <span>{t("compare.gaps")}</span>}
    </p>
  );
}
