import { type ReactNode, useEffect, useMemo, useState } from "react";
import { useLanguage, useT } from "../../../i18n";
import { navigate } from "../../../shared/address";
import { Refusal } from "../../../shared/answers";
import { failureText } from "../../../shared/refusals";
import { Button } from "../../../shared/ui/Button";
import { Icon } from "../../../shared/ui/Icon";
import { pathOf, pathOfSides, type Side, type Sides } from "../engine/address";
import * as api from "../engine/api";
import { cautionsOf, curveOf, sharesOf } from "../engine/compare";
import { CompareCourse } from "./CompareCourse";
import { CompareTable } from "./CompareTable";
import { dateOf, lengthOf, nameOf, peopleWord } from "./words";

const MOST_LISTED = 200;
const POINTS = 240;
const LETTERS = ["A", "B"] as const;

/** Two recordings side by side: what was shown for how long, events, the course. */
export function Compare({ sides }: { readonly sides: Sides }) {
  const t = useT();
  const listed = useListed();
  const a = useLoaded(sides[0].id);
  const b = useLoaded(sides[1].id);
  const put = (place: number, side: Side) => navigate(pathOfSides(place === 0 ? [side, sides[1]] : [sides[0], side]));
  return (
    <div className="h-full overflow-y-auto">
      <div className="mx-auto grid max-w-5xl gap-4 px-4 py-6 sm:px-8" data-testid="compare">
        <header>
          <Button look="quiet" icon="back" className="-ml-3" onClick={() => navigate("/sessions")}>
            {t("sessions.back")}
          </Button>
          <h1 className="text-28 font-semibold">{t("compare.title")}</h1>
          <p className="text-16 text-muted">{t("compare.lead")}</p>
        </header>
        <div className="grid gap-4 sm:grid-cols-2">
          {[a, b].map((loaded, place) => (
            <Chosen
              key={LETTERS[place]}
              place={place}
              side={sides[place] ?? { id: null, person: null }}
              loaded={loaded}
              listed={listed}
              onSide={(side) => put(place, side)}
            />
          ))}
        </div>
        {a.session !== null && b.session !== null && a.course !== null && b.course !== null && (
          <Both
            sessions={[a.session, b.session]}
            courses={[a.course, b.course]}
            people={[sides[0].person, sides[1].person]}
          />
        )}
      </div>
    </div>
  );
}

type Pair<Value> = readonly [a: Value, b: Value];

interface BothProps {
  readonly sessions: Pair<api.Detail>;
  readonly courses: Pair<api.Course>;
  readonly people: Pair<number | null>;
}

function Both({ sessions, courses, people }: BothProps) {
  const t = useT();
  const [a, b] = sessions;
  const curves = useMemo(
    () => [curveOf(courses[0], people[0]), curveOf(courses[1], people[1])] as const,
    [courses, people],
  );
  const shares = [sharesOf(a, people[0]), sharesOf(b, people[1])] as const;
  const cautions = cautionsOf(a, b, shares);
  return (
    <>
      {cautions.length > 0 && (
        <ul className="grid gap-1 rounded-card bg-warn-ground p-3 text-14 text-warn" data-testid="compare-cautions">
          {cautions.map((caution) => (
            <li key={caution} data-caution={caution} className="flex gap-2">
              <Icon name="warning" />
              {t(`compare.caution.${caution}`)}
            </li>
          ))}
        </ul>
      )}
      <CompareTable sessions={sessions} people={people} shares={shares} curves={curves} />
      <CompareCourse sessions={sessions} curves={curves} />
    </>
  );
}

interface ChosenProps {
  readonly place: number;
  readonly side: Side;
  readonly loaded: Loaded;
  readonly listed: readonly api.Session[];
  onSide(side: Side): void;
}

const field = "h-10 w-full rounded-card border border-line bg-ground px-3 text-16";

/** One of the two: which recording, and who of it. */
function Chosen({ place, side, loaded, listed, onSide }: ChosenProps) {
  const t = useT();
  const language = useLanguage().code;
  const { session, failure, gone } = loaded;
  const letter = LETTERS[place] ?? "A";
  const known = session === null || listed.some(({ id }) => id === session.id);
  const word = (each: Pick<api.Session, "name" | "started">) => {
    const name = nameOf(each, language);
    return each.name === "" ? name : `${name} · ${dateOf(each.started, language)}`;
  };
  return (
    <section
      className="grid content-start gap-2 rounded-card border border-line bg-surface p-3"
      aria-label={t("compare.side", { letter })}
      data-testid={`compare-${letter.toLowerCase()}`}
    >
      <label className="flex items-center gap-3">
        <Letter place={place} />
        <span className="sr-only">{t("compare.choose", { letter })}</span>
        <select
          className={field}
          value={side.id ?? ""}
          onChange={(event) => onSide({ id: event.target.value, person: null })}
        >
          <option value="" disabled>
            {t("compare.choose.word")}
          </option>
          {!known && session !== null && <option value={session.id}>{word(session)}</option>}
          {session === null && side.id !== null && !listed.some(({ id }) => id === side.id) && (
            <option value={side.id}>{side.id}</option>
          )}
          {listed.map((each) => (
            <option key={each.id} value={each.id}>
              {word(each)}
            </option>
          ))}
        </select>
      </label>
      {gone && <Problem>{t("sessions.gone.text")}</Problem>}
      {failure !== null && <Problem>{t("sessions.failed", { message: failureText(failure, t) })}</Problem>}
      {session !== null && (
        <>
          {session.persons.length > 1 && (
            <select
              className={field}
              value={side.person ?? ""}
              aria-label={t("compare.person", { letter })}
              data-testid={`compare-person-${letter.toLowerCase()}`}
              onChange={(event) =>
                onSide({ id: session.id, person: event.target.value === "" ? null : Number(event.target.value) })
              }
            >
              <option value="">{t("compare.everybody", { people: peopleWord(session.people, t) })}</option>
              {session.persons.map(({ person, seconds }) => (
                <option key={person} value={person}>
                  {t("people.face", { number: person })} · {t("sessions.inView", { time: lengthOf(seconds) })}
                </option>
              ))}
            </select>
          )}
          <p className="flex flex-wrap gap-x-4 text-14 text-muted">
            <span>{lengthOf(session.duration)}</span>
            <span>{peopleWord(session.people, t)}</span>
            <a
              href={pathOf(session.id)}
              className="font-medium text-link hover:underline"
              onClick={(event) => {
                if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
                event.preventDefault();
                navigate(pathOf(session.id));
              }}
            >
              {t("record.open")}
            </a>
          </p>
        </>
      )}
    </section>
  );
}

function Problem({ children }: { readonly children: ReactNode }) {
  return (
    <p role="alert" className="text-14 text-warn">
      {children}
    </p>
  );
}

/** The letter of a side, in the look of its line: A is solid, B dashed. */
export function Letter({ place }: { readonly place: number }) {
  return (
    <span
      className={`grid size-8 shrink-0 place-items-center rounded-lg border-2 text-14 font-semibold ${place === 0 ? "border-accent" : "border-dashed border-text"}`}
    >
      {LETTERS[place]}
    </span>
  );
}

interface Loaded {
  readonly session: api.Detail | null;
  readonly course: api.Course | null;
  readonly failure: unknown;
  readonly gone: boolean;
}

const nothing: Loaded = { session: null, course: null, failure: null, gone: false };

function useLoaded(id: string | null): Loaded {
  const [loaded, setLoaded] = useState(nothing);
  useEffect(() => {
    setLoaded(nothing);
    if (id === null) return;
    let wanted = true;
    Promise.all([api.get(id), api.course(id, 0, null, POINTS)]).then(
      ([session, course]) => wanted && setLoaded({ ...nothing, session, course }),
      (error: unknown) => {
        if (!wanted) return;
        const gone = error instanceof Refusal && error.status === 404;
        setLoaded({ ...nothing, gone, failure: gone ? null : error });
      },
    );
    return () => {
      wanted = false;
    };
  }, [id]);
  return loaded;
}

/** The recordings to choose from; none when they cannot be had, which the sides themselves tell. */
function useListed(): readonly api.Session[] {
  const [listed, setListed] = useState<readonly api.Session[]>([]);
  useEffect(() => {
    let wanted = true;
    api.list("", MOST_LISTED).then(
      ({ sessions }) => wanted && setListed(sessions),
      () => wanted && setListed([]),
    );
    return () => {
      wanted = false;
    };
  }, []);
  return listed;
}
