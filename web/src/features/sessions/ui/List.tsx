import { type MouseEvent, useCallback, useEffect, useState } from "react";
import { useLanguage, useT } from "../../../i18n";
import { navigate } from "../../../shared/address";
import { failureText } from "../../../shared/refusals";
import { Button } from "../../../shared/ui/Button";
import { EmotionGlyph, Icon } from "../../../shared/ui/Icon";
import { pathOf, pathOfSides } from "../engine/address";
import * as api from "../engine/api";
import { Delete } from "./Delete";
import { Sparkline } from "./Sparkline";
import { dateOf, emotionWord, lengthOf, megabytes, nameOf, peopleWord } from "./words";

const PAGE = 50;
const MOST = 500;
const PAUSE_MS = 200;

/** All recordings, the newest first. */
export function List() {
  const t = useT();
  const [search, setSearch] = useState("");
  const [limit, setLimit] = useState(PAGE);
  const { found, failure, reload } = useList(search, limit);
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const choose = (id: string, on: boolean) =>
    // Of three the first that was chosen gives way.
    setChosen((before) => (on ? [...before.slice(-1), id] : before.filter((each) => each !== id)));
  const none = found !== null && found.total === 0;
  return (
    <div className="h-full overflow-y-auto">
      <div className="mx-auto grid max-w-4xl gap-6 px-4 py-6 sm:px-8 sm:py-10" data-testid="sessions">
        <header>
          <h1 className="text-28 font-semibold">{t("sessions.title")}</h1>
          <p className="text-16 text-muted">{t("sessions.lead")}</p>
        </header>
        {!(none && search === "") && (
          <input
            type="search"
            className="h-10 w-full rounded-card border border-line bg-surface px-3 text-16"
            value={search}
            maxLength={200}
            placeholder={t("sessions.search")}
            aria-label={t("sessions.search")}
            data-testid="session-search"
            onChange={(event) => setSearch(event.target.value)}
          />
        )}
        {failure !== null && (
          <p role="alert" className="flex flex-wrap items-center gap-3 rounded-card bg-warn-ground p-3 text-warn">
            {t("sessions.failed", { message: failureText(failure, t) })}
            <Button onClick={reload}>{t("sessions.reload")}</Button>
          </p>
        )}
        {none && <Nothing searched={search !== ""} />}
        {found !== null && found.sessions.length > 0 && (
          <section>
            <h2 className="mb-2 text-16 font-semibold" aria-live="polite">
              {t("sessions.count", { count: found.total })}
            </h2>
            <ul className="grid gap-2">
              {found.sessions.map((session) => (
                <Row
                  key={session.id}
                  session={session}
                  chosen={chosen.includes(session.id)}
                  onChoose={found.total > 1 ? (on) => choose(session.id, on) : null}
                  onGone={() => {
                    choose(session.id, false);
                    reload();
                  }}
                />
              ))}
            </ul>
            {chosen.length > 0 && <Comparing chosen={chosen} onDone={() => setChosen([])} />}
            <div className="mt-4 flex flex-wrap justify-between gap-2">
              {found.total > found.sessions.length && limit < MOST ? (
                <Button onClick={() => setLimit(Math.min(MOST, limit + 2 * PAGE))}>{t("sessions.more")}</Button>
              ) : (
                <span />
              )}
              {search === "" && (
                <Delete
                  word={t("sessions.deleteAll")}
                  testid="delete-all"
                  act={async () => {
                    await api.removeAll();
                    reload();
                  }}
                />
              )}
            </div>
          </section>
        )}
      </div>
    </div>
  );
}

function Nothing({ searched }: { readonly searched: boolean }) {
  const t = useT();
  return (
    <div className="rounded-card border border-line bg-surface p-8 text-center" data-testid="no-sessions">
      <p className="text-16 font-semibold">{t(searched ? "sessions.none.found" : "sessions.none")}</p>
      {!searched && (
        <>
          <p className="text-muted">{t("sessions.none.text")}</p>
          <Button className="mt-4" icon="live" onClick={() => navigate("/live")}>
            {t("sessions.none.live")}
          </Button>
        </>
      )}
    </div>
  );
}

/** What can be done with the recordings that are ticked. */
function Comparing({ chosen, onDone }: { readonly chosen: readonly string[]; onDone(): void }) {
  const t = useT();
  const [a = null, b = null] = chosen;
  return (
    <div
      className="sticky bottom-3 mt-3 flex flex-wrap items-center gap-2 rounded-card border border-line bg-surface p-2 shadow-float"
      data-testid="comparing"
    >
      <span role="status" className="mr-auto px-2 text-14 max-sm:w-full">
        {t(b === null ? "compare.one" : "compare.two")}
      </span>
      <Button look="quiet" onClick={onDone}>
        {t("record.cancel")}
      </Button>
      <Button
        look="main"
        icon="compare"
        disabled={b === null}
        data-testid="compare-two"
        onClick={() =>
          navigate(
            pathOfSides([
              { id: a, person: null },
              { id: b, person: null },
            ]),
          )
        }
      >
        {t("compare.go")}
      </Button>
    </div>
  );
}

interface RowProps {
  readonly session: api.Session;
  readonly chosen: boolean;
  /** Null where there is nothing to compare it with. */
  readonly onChoose: ((on: boolean) => void) | null;
  onGone(): void;
}

/** One recording of the list: its name leads into it. */
function Row({ session, chosen, onChoose, onGone }: RowProps) {
  const t = useT();
  const language = useLanguage().code;
  const name = nameOf(session, language);
  const open = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(pathOf(session.id));
  };
  return (
    <li
      data-testid="session"
      data-name={session.name}
      className={`grid grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1 rounded-card border bg-surface p-3 ${chosen ? "border-accent" : "border-line"}`}
    >
      {onChoose === null ? (
        <span />
      ) : (
        <label className="-m-2 grid size-10 place-items-center">
          <input
            type="checkbox"
            className="size-5 accent-accent"
            checked={chosen}
            aria-label={t("compare.tick", { name })}
            data-testid="choose-session"
            onChange={(event) => onChoose(event.target.checked)}
          />
        </label>
      )}
      <a href={pathOf(session.id)} onClick={open} className="truncate text-16 font-medium text-link hover:underline">
        {name}
      </a>
      <Delete
        word={t("sessions.delete")}
        label={t("sessions.delete.named", { name })}
        testid="delete-session"
        act={async () => {
          await api.removeSession(session.id);
          onGone();
        }}
      />
      <p className="col-span-2 col-start-2 flex flex-wrap items-center gap-x-4 gap-y-1 text-14 text-muted">
        {session.state !== "stopped" && (
          <span className="flex items-center gap-1 text-warn">
            <Icon name={session.state === "recording" ? "record" : "warning"} size={18} />
            {t(`sessions.state.${session.state}`)}
          </span>
        )}
        <span>{dateOf(session.started, language)}</span>
        <span>{lengthOf(session.duration)}</span>
        <span>{peopleWord(session.people, t)}</span>
        {session.picture_count > 0 && (
          <span>
            {t("sessions.pictures.listed", {
              count: session.picture_count,
              size: megabytes(session.picture_bytes, language),
            })}
          </span>
        )}
        {session.dominant !== null && (
          <span className="flex items-center gap-1">
            <EmotionGlyph emotion={session.dominant} />
            {emotionWord(session.dominant, t, language)}
          </span>
        )}
        <span className="ml-auto flex items-center max-sm:w-full">
          <Sparkline course={session.course} />
        </span>
      </p>
    </li>
  );
}

function useList(search: string, limit: number) {
  const [found, setFound] = useState<api.SessionList | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [turn, setTurn] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: "turn" asks once more
  useEffect(() => {
    let wanted = true;
    const fetchList = () =>
      api.list(search, limit).then(
        (list) => {
          if (!wanted) return;
          setFound(list);
          setFailure(null);
        },
        (error: unknown) => wanted && setFailure(error),
      );
    // Typing is waited for; the first list is not.
    const timer = window.setTimeout(() => void fetchList(), search === "" ? 0 : PAUSE_MS);
    return () => {
      wanted = false;
      window.clearTimeout(timer);
    };
  }, [search, limit, turn]);
  const reload = useCallback(() => setTurn((last) => last + 1), []);
  return { found, failure, reload };
}
