import { useLanguage, useT } from "../../i18n";
import { emotions, looks } from "../emotions";
import { capitalized, percent } from "../format";
import { cornerShape, cornersPath } from "../identity";
import { EmotionGlyph } from "./Icon";

/** The same corners and number as around the face in the picture. */
export function FaceMark({ number }: { readonly number: number }) {
  return (
    <svg aria-hidden="true" viewBox="0 0 36 36" className="size-9 shrink-0">
      <path
        d={cornersPath(cornerShape(number), 3, 3, 30, 30)}
        fill="none"
        stroke="currentColor"
        strokeWidth={2}
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <text x={18} y={23} textAnchor="middle" fontSize={14} fontWeight={600} fill="currentColor">
        {number}
      </text>
    </svg>
  );
}

interface BarsProps {
  /** In the order of `emotions`. */
  readonly values: readonly number[];
  /** Before the resting face was taken off. */
  readonly raw?: readonly number[] | null;
}

/** The eight probabilities, named. */
export function Bars({ values, raw = null }: BarsProps) {
  const t = useT();
  const language = useLanguage().code;
  return (
    <span className="mt-3 block" data-testid="bars">
      {emotions.map((emotion, i) => (
        <span key={emotion} className="flex h-6 items-center gap-2 text-14">
          <EmotionGlyph emotion={emotion} />
          <span className="w-28 truncate">{capitalized(t(`emotion.${emotion}`), language)}</span>
          <Bar emotion={emotion} value={values[i] ?? 0} raw={raw?.[i] ?? null} />
          <span className="w-11 text-right text-muted">{percent(values[i] ?? 0, language)}</span>
        </span>
      ))}
    </span>
  );
}

interface BarProps {
  readonly emotion: (typeof emotions)[number];
  readonly value: number;
  readonly raw: number | null;
}

/** A thin mark on the bar is where it would end if the resting face were not taken off. */
function Bar({ emotion, value, raw }: BarProps) {
  return (
    <span className="relative flex-1">
      <span className="block h-2 overflow-hidden rounded-full bg-track">
        <span
          className="block h-full origin-left rounded-full transition-transform"
          style={{ background: looks[emotion].colour, transform: `scaleX(${value})` }}
        />
      </span>
      {raw !== null && (
        <span
          className={`absolute -inset-y-1 w-0.5 rounded-full bg-text ${Math.abs(raw - value) < 0.01 ? "opacity-0" : ""}`}
          style={{ left: `calc(${100 * raw}% - 1px)` }}
          data-testid="raw"
        />
      )}
    </span>
  );
}

/** The eight bars in one line, where numbers are not asked for. */
export function SmallBars({ values }: { readonly values: readonly number[] }) {
  return (
    <span className="mt-2 ml-12 flex h-5 items-end gap-1" aria-hidden="true">
      {emotions.map((emotion, i) => (
        <span key={emotion} className="h-full flex-1 overflow-hidden rounded-xs bg-track">
          <span
            className="block h-full origin-bottom transition-transform"
            style={{
              background: looks[emotion].colour,
              transform: `translateY(${100 * (1 - (values[i] ?? 0))}%)`,
            }}
          />
        </span>
      ))}
    </span>
  );
}
