import { useLanguage, useT } from "../../../i18n";
import { emotions, looks } from "../../../shared/emotions";
import { percent } from "../../../shared/format";
import { EmotionGlyph } from "../../../shared/ui/Icon";
import * as api from "../engine/api";
import { Delete } from "./Delete";
import { emotionWord, lengthOf } from "./words";

/** Who was in view for how long, and how that time divides into expressions. */
export function People({ session, onChange }: { readonly session: api.Detail; onChange(): void }) {
  const t = useT();
  const language = useLanguage().code;
  return (
    <section className="grid gap-2 rounded-card border border-line bg-surface p-3">
      <h2 className="text-16 font-semibold">{t("sessions.people")}</h2>
      {session.picture_count > 0 && session.persons.length > 0 && (
        <p className="text-14 text-muted">{t("sessions.people.pictures")}</p>
      )}
      {session.persons.length === 0 && <p className="text-14 text-muted">{t("sessions.people.none")}</p>}
      <ul className="grid gap-3" data-testid="session-people">
        {session.persons.map(({ person, seconds, shares }) => {
          const parts = [...emotions, "uncertain" as const]
            .map((name) => ({ name, share: shares[name] }))
            .filter(({ share }) => share >= 0.005)
            .sort((a, b) => b.share - a.share);
          return (
            <li key={person} className="grid gap-1" data-testid={`session-person-${person}`}>
              <div className="flex flex-wrap items-center justify-between gap-x-4">
                <span className="text-16 font-medium">
                  {t("people.face", { number: person })}
                  <span className="ml-3 text-14 font-normal text-muted">
                    {t("sessions.inView", { time: lengthOf(seconds) })}
                  </span>
                </span>
                {session.state !== "recording" && (
                  <Delete
                    word={t("sessions.delete")}
                    label={t("sessions.delete.named", { name: t("people.face", { number: person }) })}
                    testid="delete-person"
                    act={async () => {
                      await api.removePerson(session.id, person);
                      onChange();
                    }}
                  />
                )}
              </div>
              <div aria-hidden="true" className="flex h-3 overflow-hidden rounded-full bg-track">
                {parts.map(({ name, share }) => (
                  <span
                    key={name}
                    style={{
                      width: `${share * 100}%`,
                      backgroundColor: name === "uncertain" ? undefined : looks[name].colour,
                    }}
                  />
                ))}
              </div>
              <p className="flex flex-wrap gap-x-4 text-14 text-muted">
                {parts.map(({ name, share }) => (
                  <span key={name} className="flex items-center gap-1">
                    {name !== "uncertain" && <EmotionGlyph emotion={name} />}
                    {name === "uncertain" ? t("emotion.uncertain") : emotionWord(name, t, language)}{" "}
                    {percent(share, language)}
                  </span>
                ))}
              </p>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
