import { type MouseEvent, useCallback, useEffect, useState } from "react";
import { useLanguage, useT } from "../../../i18n";
import { navigate } from "../../../shared/address";
import { Button } from "../../../shared/ui/Button";
import { EmotionGlyph, Icon } from "../../../shared/ui/Icon";
import { pathOf } from "../engine/address";
import * as api from "../engine/api";
import { Delete } from "./Delete";
import { dateOf, emotionWord, lengthOf, nameOf, peopleWord } from "./words";

const PAGE = 50;
const MOST = 500;
const PAUSE_MS = 200;

/** All recordings, the newest first. */
export function List() {
  const t = useT();
  const [search, setSearch] = useState("");
  const [limit, setLimit] = useState(PAGE);
  const { found, failure, reload } = useList(search, limit);
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
            {t("sessions.failed", { message: failure })}
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
                <Row key={session.id} session={session} onGone={reload} />
              ))}
            </ul>
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

/** One recording of the list: its name leads into it. */
function Row({ session, onGone }: { readonly session: api.Session; onGone(): void }) {
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
      className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1 rounded-card border border-line bg-surface p-3"
    >
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
      <p className="col-span-2 flex flex-wrap items-center gap-x-4 gap-y-1 text-14 text-muted">
        {session.state !== "stopped" && (
          <span className="flex items-center gap-1 text-warn">
            <Icon name={session.state === "recording" ? "record" : "warning"} size={18} />
            {t(`sessions.state.${session.state}`)}
          </span>
        )}
        <span>{dateOf(session.started, language)}</span>
        <span>{lengthOf(session.duration)}</span>
        <span>{peopleWord(session.people, t)}</span>
        {session.dominant !== null && (
          <span className="flex items-center gap-1">
            <EmotionGlyph emotion={session.dominant} />
            {emotionWord(session.dominant, t, language)}
          </span>
        )}
      </p>
    </li>
  );
}

function useList(search: string, limit: number) {
  const [found, setFound] = useState<api.SessionList | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
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
        (error: unknown) => wanted && setFailure(error instanceof Error ? error.message : String(error)),
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
