import { useT } from "../../../i18n";
import { clock } from "../../../shared/format";
import * as api from "../engine/api";
import { Delete } from "./Delete";

interface Props {
  readonly session: api.Detail;
  onTime(time: number): void;
  onChange(): void;
}

const time = "min-w-16 rounded-lg px-2 py-1 text-left font-medium text-link hover:bg-hover";

/** Markers and events, each a way to its moment. */
export function Moments({ session, onTime, onChange }: Props) {
  const t = useT();
  const { markers, events } = session;
  return (
    <div className="grid gap-4 lg:grid-cols-2">
      <section className="rounded-card border border-line bg-surface p-3">
        <h2 className="mb-2 text-16 font-semibold">{t("sessions.markers")}</h2>
        {markers.length === 0 && <p className="text-14 text-muted">{t("sessions.markers.none")}</p>}
        <ul className="grid text-14" data-testid="session-markers">
          {markers.map((marker) => (
            <li key={marker.id} className="flex items-center gap-2">
              <button type="button" className={time} onClick={() => onTime(marker.time)}>
                {clock(marker.time)}
              </button>
              <span className="min-w-0 flex-1 break-words">{marker.label}</span>
              <Delete
                word={t("sessions.delete")}
                label={t("sessions.delete.named", { name: marker.label || clock(marker.time) })}
                testid="delete-marker"
                act={async () => {
                  await api.removeMarker(session.id, marker.id);
                  onChange();
                }}
              />
            </li>
          ))}
        </ul>
      </section>
      <section className="rounded-card border border-line bg-surface p-3">
        <h2 className="mb-2 text-16 font-semibold">{t("sessions.events")}</h2>
        {events.length === 0 && <p className="text-14 text-muted">{t("sessions.events.none")}</p>}
        {events.length > 0 && (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys
          <ol className="max-h-64 overflow-y-auto text-14" tabIndex={0} aria-label={t("sessions.events")}>
            {events.map(({ event, person, start, end }) => (
              <li key={`${event} ${person} ${start}`} className="flex items-center gap-2">
                <button type="button" className={time} onClick={() => onTime(start)}>
                  {clock(start)}
                </button>
                <span className="flex-1">{t(`event.${event}`)}</span>
                {end !== null && (
                  <span className="text-muted">{t("sessions.seconds", { count: (end - start).toFixed(1) })}</span>
                )}
                <span className="text-muted">{t("people.face", { number: person })}</span>
              </li>
            ))}
          </ol>
        )}
      </section>
    </div>
  );
}
