import { useLanguage, useT } from "../../../i18n";
import { percent } from "../../../shared/format";
import type { Note } from "../engine/events";
import type { Measures } from "../engine/measures";

type Name = "eyes" | "attention" | "drowsiness" | "satisfaction" | "expressiveness" | "blinks";

interface Meter {
  readonly name: Name;
  /** From 0 to 1, for the bar; null without one. */
  readonly share: number | null;
  readonly text: string;
}

/** @returns null when signals are not followed */
export function metersOf(measures: Measures, language: string): Meter[] | null {
  const { signals, eyesOpen, blinks } = measures;
  if (signals === null) return null;
  const share = (name: Name, value: number | null): Meter => ({
    name,
    share: value,
    text: value === null ? "–" : percent(value, language),
  });
  const { satisfaction } = signals;
  return [
    share("attention", signals.attention),
    share("eyes", eyesOpen),
    share("drowsiness", signals.drowsiness),
    { name: "blinks", share: null, text: blinks === null ? "–" : String(blinks) },
    {
      name: "satisfaction",
      share: satisfaction === null ? null : satisfaction / 100,
      text: satisfaction === null ? "–" : satisfaction.toFixed(0),
    },
    share("expressiveness", signals.expressiveness),
  ];
}

/** What is followed over time, quiet, in the card of the chosen person. Every place is kept, so that nothing shifts. */
export function Signals({ measures, notes }: { readonly measures: Measures; readonly notes: readonly Note[] }) {
  const t = useT();
  const language = useLanguage().code;
  const meters = metersOf(measures, language);
  if (meters === null) return null;
  return (
    <span className="mt-3 block border-t border-line pt-2 text-14" data-testid="signals">
      {meters.map(({ name, share, text }) => (
        <span
          key={name}
          title={t(`signal.${name}.note`)}
          className="flex h-6 items-center gap-2"
          data-testid={`signal-${name}`}
        >
          <span className="w-35 shrink-0 truncate text-muted">{t(`signal.${name}`)}</span>
          <span className={`h-1 flex-1 overflow-hidden rounded-full bg-track ${name === "blinks" ? "invisible" : ""}`}>
            <span
              className="block h-full origin-left bg-muted transition-transform"
              style={{ transform: `scaleX(${share ?? 0})` }}
            />
          </span>
          <span className="w-11 text-right">{text}</span>
        </span>
      ))}
      <span className="mt-1 flex h-6 items-center gap-2 overflow-hidden" data-testid="notes">
        {notes.map(({ kind, start, seconds }) => (
          <span key={`${kind} ${start}`} className="truncate rounded-full bg-track px-2 text-muted">
            {t(`event.${kind}`)} · {seconds === null ? t("event.now") : secondsText(seconds, language)}
          </span>
        ))}
      </span>
    </span>
  );
}

function secondsText(seconds: number, language: string): string {
  return new Intl.NumberFormat(language, {
    style: "unit",
    unit: "second",
    unitDisplay: "short",
    minimumFractionDigits: 1,
    maximumFractionDigits: 1,
  }).format(seconds);
}
