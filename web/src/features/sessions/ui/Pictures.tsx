import { useEffect, useState } from "react";
import { useLanguage, useT } from "../../../i18n";
import { clock } from "../../../shared/format";
import { failureText } from "../../../shared/refusals";
import { pictureAt, spread } from "../engine/album";
import * as api from "../engine/api";
import { Delete } from "./Delete";
import { megabytes } from "./words";

interface Props {
  readonly session: api.Detail;
  /** The moment that is chosen or pointed at. */
  readonly time: number;
  onTime(time: number): void;
  onChange(): void;
}

const THUMBNAILS = 12;
/** Around the moment, as many as are worth having at hand. */
const AROUND_SECONDS = 300;
const MOST = 2000;

/** The picture of the moment, and some of the whole recording to go to. Nothing where none are kept. */
export function Pictures({ session, time, onTime, onChange }: Props) {
  const t = useT();
  const language = useLanguage().code;
  const { id, picture_count: count, picture_bytes: bytes } = session;
  const { strip, around, failure } = usePictures(session, time);
  if (count === 0) return null;
  const shown = pictureAt(around, time);
  return (
    <section className="grid gap-3 rounded-card border border-line bg-surface p-3" data-testid="session-pictures">
      <div className="flex flex-wrap items-center gap-x-3">
        <h2 className="text-16 font-semibold">{t("sessions.pictures")}</h2>
        <p className="mr-auto text-14 text-muted">
          {t("sessions.pictures.count", { count, size: megabytes(bytes, language) })}
        </p>
        {session.state !== "recording" && (
          <Delete
            word={t("sessions.pictures.delete")}
            testid="delete-pictures"
            act={async () => {
              await api.removePictures(id);
              onChange();
            }}
          />
        )}
      </div>
      {failure !== null && (
        <p role="alert" className="text-14 text-warn">
          {t("sessions.failed", { message: failureText(failure, t) })}
        </p>
      )}
      <div className="grid aspect-video max-h-[50dvh] w-full place-items-center overflow-hidden rounded-card bg-[#0f1216]">
        {shown === null ? (
          <p className="p-4 text-14 text-white">{t("sessions.pictures.none")}</p>
        ) : (
          <img
            src={api.pictureAddress(id, shown)}
            alt={t("sessions.pictures.at", { time: clock(shown.time) })}
            className="size-full min-h-0 object-contain"
            data-testid="session-picture"
            data-time={shown.time}
          />
        )}
      </div>
      <ul className="grid grid-cols-4 gap-2 sm:grid-cols-6 lg:grid-cols-12">
        {strip.map((picture) => (
          <li key={picture.id}>
            <button
              type="button"
              className="grid w-full gap-0.5 rounded-lg text-center hover:bg-hover"
              data-testid="session-thumbnail"
              onClick={() => onTime(picture.time)}
            >
              <img
                src={api.pictureAddress(id, picture)}
                alt=""
                loading="lazy"
                className={`aspect-[4/3] w-full rounded-lg object-cover ${picture.id === shown?.id ? "outline-2 outline-accent" : ""}`}
              />
              <span className="text-14 text-muted">{clock(picture.time)}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Some of the whole recording, and all around the moment. */
function usePictures(session: api.Detail, time: number) {
  const [strip, setStrip] = useState<readonly api.Picture[]>([]);
  const [around, setAround] = useState<readonly api.Picture[]>([]);
  const [failure, setFailure] = useState<unknown>(null);
  const { id, duration, picture_count: count } = session;
  const part = Math.floor(time / AROUND_SECONDS);
  useEffect(() => {
    if (count === 0) return;
    let wanted = true;
    const from = Math.max(0, (part - 1) * AROUND_SECONDS);
    Promise.all([
      api.pictures(id, 0, duration, 10 * THUMBNAILS),
      api.pictures(id, from, from + 3 * AROUND_SECONDS, MOST),
    ]).then(
      ([some, near]) => {
        if (!wanted) return;
        setStrip(spread(some, THUMBNAILS));
        setAround(near);
        setFailure(null);
      },
      (error: unknown) => wanted && setFailure(error),
    );
    return () => {
      wanted = false;
    };
  }, [id, duration, count, part]);
  return { strip, around, failure };
}
