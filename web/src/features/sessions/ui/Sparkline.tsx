import { useLanguage, useT } from "../../../i18n";
import { percent } from "../../../shared/format";
import type { Session } from "../engine/api";
import type { Shown } from "../engine/compare";
import { Strip, stepsPath } from "./Strip";
import { shownWord } from "./words";

const TALL = 28;
const NAMED = 3;

/** The course of a recording in a few steps: what was shown as a band, satisfaction above it where it is known. */
export function Sparkline({ course }: { readonly course: Session["course"] }) {
  const t = useT();
  const language = useLanguage().code;
  const { shown, satisfaction } = course;
  const known = satisfaction.some((value) => value !== null);
  const label = t("sessions.sketch", {
    shares: mostOf(shown)
      .map(([what, share]) => `${shownWord(what, t, language)} ${percent(share, language)}`)
      .join(", "),
  });
  return (
    <svg
      role="img"
      aria-label={label}
      viewBox={`0 0 ${shown.length} ${TALL}`}
      preserveAspectRatio="none"
      className="h-7 w-full sm:w-48"
      data-testid="sparkline"
      data-steps={shown.length}
    >
      <title>{label}</title>
      <Strip shown={shown} top={known ? 21 : 9} tall={known ? 7 : 10} />
      <path
        d={stepsPath(satisfaction, (value) => 17 - (value / 100) * 15)}
        fill="none"
        stroke="var(--text)"
        strokeWidth={1.5}
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}

/** What was shown most, with its share of the steps. */
function mostOf(shown: readonly Shown[]): [what: Shown, share: number][] {
  const counts = new Map<Shown, number>();
  for (const what of shown) counts.set(what, (counts.get(what) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, NAMED)
    .map(([what, count]) => [what, count / shown.length]);
}
