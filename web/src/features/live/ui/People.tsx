import { useLanguage, useT } from "../../../i18n";
import { aboutText } from "../../../shared/attributes";
import { Bars, FaceMark, SmallBars } from "../../../shared/ui/Face";
import { confidenceOf, spokenLabel } from "../../../shared/words";
import type { Person } from "../engine/tracks";
import { session, useSession } from "../store";
import { RestingFace } from "./RestingFace";
import { Signals } from "./Signals";
import { SignalsHint } from "./SignalsHint";
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
      <SignalsHint />
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
        <FaceMark number={track} />
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
      {measures.attributes !== null && (
        <span className="mt-1 block truncate text-14" title={t("attributes.note")} data-testid="about">
          {aboutText(measures.attributes, t, language)}
        </span>
      )}
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
