import { useLanguage, useT } from "../../../i18n";
import { emotions, looks } from "../../../shared/emotions";
import { capitalized, percent } from "../../../shared/format";
import { cornerShape, cornersPath } from "../../../shared/identity";
import { EmotionGlyph } from "../../../shared/ui/Icon";
import { confidenceOf, spokenLabel } from "../../../shared/words";
import type { Person } from "../engine/tracks";
import { session, useSession } from "../store";
import { RestingFace } from "./RestingFace";
import { Signals } from "./Signals";
import { WhyHint, whyOn } from "./Why";

export function People({ shown }: { readonly shown: boolean }) {
  const t = useT();
  const { people, selected, stage } = useSession();
  return (
    <section
      className="people flex flex-col overflow-hidden rounded-card border border-line bg-surface"
      data-shown={shown}
      aria-label={t("people.title")}
    >
      <h2 className="px-4 pt-3 pb-2 text-14 font-semibold">{t("people.title")}</h2>
      {people.length === 0 ? (
        <div className="grid flex-1 content-center justify-items-center gap-1 px-6 pb-8 text-center text-14 text-muted">
          <p className="font-medium text-text">{t("people.none")}</p>
          <p>{t(stage.phase === "running" ? "people.none.running" : "people.none.idle")}</p>
        </div>
      ) : (
        <ul className="flex-1 overflow-y-auto px-2 pb-2" data-testid="people">
          {people.map((person) => (
            <li key={person.track}>
              <PersonCard person={person} selected={person.track === selected} />
            </li>
          ))}
        </ul>
      )}
      <WhyHint />
      <RestingFace />
    </section>
  );
}

function PersonCard({ person, selected }: { readonly person: Person; readonly selected: boolean }) {
  const t = useT();
  const language = useLanguage().code;
  const { track, expression, present, measures } = person;
  // The guess stands apart from the word that it is uncertain, and why: together they are too long.
  const guess = expression?.uncertain === true ? expression.label : null;
  return (
    <button
      type="button"
      onClick={() => session.select(track)}
      {...whyOn(track)}
      aria-pressed={selected}
      title={t("people.show", { number: track })}
      data-testid={`person-${track}`}
      className={`mb-1 block w-full rounded-card border p-3 text-left transition-opacity ${selected ? "border-line bg-ground" : "border-transparent hover:bg-hover"} ${present ? "" : "opacity-50"}`}
    >
      <span className="flex items-center gap-3">
        <Marker track={track} />
        <span className="min-w-0 flex-1">
          <span className="flex justify-between gap-2 text-14 text-muted">
            <span className="truncate">
              {present ? t("people.face", { number: track }) : t("people.gone")}
              {present && guess !== null && ` · ${t(`emotion.${guess}`)}?`}
            </span>
            {guess !== null && <span>{confidenceOf(expression, language)}</span>}
          </span>
          <span className="flex items-baseline justify-between gap-2 text-16">
            <span className="truncate font-semibold" data-testid="label">
              {guess !== null && measures.obstacle === null
                ? t("emotion.uncertain")
                : spokenLabel(expression, measures.obstacle, t, language)}
            </span>
            {guess === null && <span>{confidenceOf(expression, language)}</span>}
          </span>
        </span>
      </span>
      {expression !== null &&
        (selected ? (
          <Bars values={expression.probabilities} raw={expression.uncorrected} />
        ) : (
          <SmallBars values={expression.probabilities} />
        ))}
      {selected && <Signals measures={measures} notes={session.events.of(track, session.clock.now())} />}
    </button>
  );
}

/** The same corners and number as around the face in the picture. */
function Marker({ track }: { readonly track: number }) {
  return (
    <svg aria-hidden="true" viewBox="0 0 36 36" className="size-9 shrink-0">
      <path
        d={cornersPath(cornerShape(track), 3, 3, 30, 30)}
        fill="none"
        stroke="currentColor"
        strokeWidth={2}
        strokeLinecap="round"
        strokeLinejoin="round"
      />
      <text x={18} y={23} textAnchor="middle" fontSize={14} fontWeight={600} fill="currentColor">
        {track}
      </text>
    </svg>
  );
}

interface BarsProps {
  readonly values: readonly number[];
  /** Before the resting face was taken off. */
  readonly raw: readonly number[] | null;
}

function Bars({ values, raw }: BarsProps) {
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

/** The eight bars in one line, for people whose numbers are not asked for. */
function SmallBars({ values }: { readonly values: readonly number[] }) {
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
