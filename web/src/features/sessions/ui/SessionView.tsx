import { useCallback, useEffect, useState, useSyncExternalStore } from "react";
import { useLanguage, useT } from "../../../i18n";
import { navigate, onAddress, rewrite } from "../../../shared/address";
import { Refusal } from "../../../shared/answers";
import { percent } from "../../../shared/format";
import { failureText } from "../../../shared/refusals";
import { Button } from "../../../shared/ui/Button";
import { EmotionGlyph, Icon } from "../../../shared/ui/Icon";
import { pathOf, pathOfSides, placeOf } from "../engine/address";
import * as api from "../engine/api";
import { Delete } from "./Delete";
import { Moments } from "./Moments";
import { People } from "./People";
import { Pictures } from "./Pictures";
import { Timeline } from "./Timeline";
import { Words } from "./Words";
import { dateOf, emotionWord, lengthOf, megabytes, peopleWord, purposeWord } from "./words";

const link =
  "inline-flex h-10 items-center gap-2 rounded-card border border-line bg-surface px-3 text-14 font-medium hover:border-muted";

/** One recording: its course, who showed what, events, markers, files. */
export function SessionView({ id }: { readonly id: string }) {
  const t = useT();
  const { session, failure, gone, reload, setSession } = useDetail(id);
  const search = useSyncExternalStore(onAddress, () => window.location.search);
  const [time, setTime] = useState(() => placeOf(window.location.pathname, search).time);
  const [hover, setHover] = useState<number | null>(null);
  useEffect(() => setTime(placeOf(window.location.pathname, search).time), [search]);
  const go = (to: number) => {
    setTime(to);
    rewrite(pathOf(id, to));
  };
  if (gone) return <Gone />;
  if (session === null)
    return failure === null ? null : (
      <p role="alert" className="m-8 flex flex-wrap items-center gap-3 rounded-card bg-warn-ground p-3 text-warn">
        {t("sessions.failed", { message: failureText(failure, t) })}
        <Button onClick={reload}>{t("sessions.reload")}</Button>
      </p>
    );
  return (
    <div className="h-full overflow-y-auto">
      <div className="mx-auto grid max-w-5xl gap-4 px-4 py-6 sm:px-8" data-testid="session-page">
        <Head session={session} onChange={setSession} />
        <Timeline session={session} time={time} onTime={go} hover={hover} onHover={setHover} />
        <Pictures
          session={session}
          time={Math.min(hover ?? time ?? 0, session.duration)}
          onTime={go}
          onChange={reload}
        />
        <People session={session} onChange={reload} />
        <Moments session={session} onTime={go} onChange={reload} />
        <Words id={id} what="notes" text={session.notes} onChange={setSession} />
        <Files session={session} />
      </div>
    </div>
  );
}

function Head({ session, onChange }: { readonly session: api.Detail; onChange(session: api.Detail): void }) {
  const t = useT();
  const language = useLanguage().code;
  const { started, duration, people, purpose, dominant, dominant_seconds, face_seconds, state } = session;
  return (
    <header className="grid gap-1">
      <div className="flex flex-wrap justify-between gap-x-2">
        <Button look="quiet" icon="back" className="-ml-3" onClick={() => navigate("/sessions")}>
          {t("sessions.back")}
        </Button>
        <Button
          look="quiet"
          icon="compare"
          data-testid="compare-this"
          onClick={() =>
            navigate(
              pathOfSides([
                { id: session.id, person: null },
                { id: null, person: null },
              ]),
            )
          }
        >
          {t("compare.with")}
        </Button>
      </div>
      <h1 className="sr-only">{session.name}</h1>
      <Words id={session.id} what="name" text={session.name} onChange={onChange} />
      <p className="flex flex-wrap items-center gap-x-4 gap-y-1 text-14 text-muted" data-testid="session-summary">
        {state !== "stopped" && (
          <span className="flex items-center gap-1 text-warn">
            <Icon name={state === "recording" ? "record" : "warning"} size={18} />
            {t(`sessions.state.${state}`)}
          </span>
        )}
        <span>{dateOf(started, language)}</span>
        <span>{lengthOf(duration)}</span>
        <span>{peopleWord(people, t)}</span>
        <span>{t("sessions.purpose", { purpose: purposeWord(purpose, t) })}</span>
        {dominant !== null && face_seconds > 0 && (
          <span className="flex items-center gap-1">
            <EmotionGlyph emotion={dominant} />
            {t("sessions.mostly", {
              label: emotionWord(dominant, t, language),
              percent: percent(dominant_seconds / face_seconds, language),
            })}
          </span>
        )}
      </p>
    </header>
  );
}

/** What can be taken away, and deleting it all. */
function Files({ session }: { readonly session: api.Detail }) {
  const t = useT();
  const language = useLanguage().code;
  const path = `${api.BASE}/${session.id}`;
  return (
    <section className="grid gap-2 rounded-card border border-line bg-surface p-3">
      <h2 className="text-16 font-semibold">{t("sessions.files")}</h2>
      <div className="flex flex-wrap gap-2">
        {(["csv", "json", "parquet"] as const).map((format) => (
          <a
            key={format}
            className={link}
            href={`${path}/export?format=${format}`}
            data-testid={`export-${format}`}
            download
          >
            <Icon name="download" />
            {t(`sessions.export.${format}`)}
          </a>
        ))}
        {(["events", "markers"] as const).map((table) => (
          <a key={table} className={link} href={`${path}/export?format=csv&table=${table}`} download>
            <Icon name="download" />
            {t(`sessions.export.${table}`)}
          </a>
        ))}
        {session.picture_count > 0 && (
          <a className={link} href={`${path}/export?format=zip`} data-testid="export-zip" download>
            <Icon name="download" />
            {t("sessions.export.zip", { size: megabytes(session.picture_bytes, language) })}
          </a>
        )}
        <a className={link} href={`${path}/report`} target="_blank" rel="noreferrer" data-testid="report">
          <Icon name="file" />
          {t("sessions.report")}
        </a>
      </div>
      <div>
        <Delete
          word={t("sessions.delete.this")}
          testid="delete-session"
          act={async () => {
            await api.removeSession(session.id);
            navigate("/sessions");
          }}
        />
      </div>
    </section>
  );
}

/** What an address of a deleted recording shows. */
function Gone() {
  const t = useT();
  return (
    <div className="grid h-full place-content-center gap-4 p-8 text-center" data-testid="session-gone">
      <h1 className="text-20 font-semibold">{t("sessions.gone")}</h1>
      <p className="text-muted">{t("sessions.gone.text")}</p>
      <div>
        <Button icon="back" onClick={() => navigate("/sessions")}>
          {t("sessions.back")}
        </Button>
      </div>
    </div>
  );
}

const FOLLOW_MS = 2000;

/** The recording as it is on the server; one that goes on is asked for again and again. */
function useDetail(id: string) {
  const [session, setSession] = useState<api.Detail | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [gone, setGone] = useState(false);
  const [turn, setTurn] = useState(0);
  const reload = useCallback(() => setTurn((last) => last + 1), []);
  // biome-ignore lint/correctness/useExhaustiveDependencies: "turn" asks once more
  useEffect(() => {
    let wanted = true;
    let timer = 0;
    api.get(id).then(
      (found) => {
        if (!wanted) return;
        setSession(found);
        setFailure(null);
        if (found.state === "recording") timer = window.setTimeout(reload, FOLLOW_MS);
      },
      (error: unknown) => {
        if (!wanted) return;
        if (error instanceof Refusal && error.status === 404) setGone(true);
        else setFailure(error);
      },
    );
    return () => {
      wanted = false;
      window.clearTimeout(timer);
    };
  }, [id, turn, reload]);
  return { session, failure, gone, reload, setSession };
}
