import { type FormEvent, useEffect, useState } from "react";
import { type Key, type Translate, useT } from "../../../i18n";
import { ask } from "../../../shared/answers";
import type { components } from "../../../shared/api";
import { remoteHost } from "../../../shared/host";
import { failureText, refusalText } from "../../../shared/refusals";
import { Button } from "../../../shared/ui/Button";
import { Dialog } from "../../../shared/ui/Dialog";
import type { Recording, Wanted } from "../engine/recording";

type Purposes = components["schemas"]["Purposes"];

const OWN = "own";
const LONGEST = 200;
const field = "h-10 w-full rounded-card border border-line bg-ground px-3 text-16";

/** Texts of ours for what the server names; others are shown in the server's words. */
const ours = {
  self: "record.purpose.self",
  research: "record.purpose.research",
  usability: "record.purpose.usability",
  practice: "record.purpose.practice",
  health: "record.purpose.health",
  development: "record.purpose.development",
  demonstration: "record.purpose.demonstration",
  work: "record.refused.work",
  education: "record.refused.education",
  hiring: "record.refused.hiring",
  lies: "record.refused.lies",
  covert: "record.refused.covert",
  authority: "record.refused.authority",
} as const satisfies Readonly<Record<string, Key>>;

function named(id: string, text: string, t: Translate): string {
  const known = Object.entries(ours).find(([name]) => name === id);
  return known === undefined ? text : t(known[1]);
}

/** Why nothing is recorded, as a sentence. */
function refusedText(refused: NonNullable<Recording["refused"]>, purposes: Purposes | null, t: Translate): string {
  const { kind, message } = refused;
  const known = purposes?.refused.find(({ id }) => id === kind);
  if (kind !== null && known !== undefined)
    return t("refusal.purpose", { what: named(kind, `${known.text}: ${known.reason}`, t) });
  return kind === null ? t("record.not", { message: refusalText(refused, t) }) : message;
}

/** How a recording is begun, and how that goes. */
export interface Beginning {
  /** Why it was not begun. */
  readonly refused: Recording["refused"];
  readonly starting: boolean;
  onBegin(wanted: Wanted): void;
}

/** Asks what a recording needs: a purpose, and the consent of everybody in view. */
export function RecordDialog({ open, onClose, ...how }: Beginning & { readonly open: boolean; onClose(): void }) {
  const t = useT();
  return (
    <Dialog title={t("record.title")} open={open} onClose={onClose}>
      <Form onClose={onClose} {...how} />
    </Dialog>
  );
}

function Form({ onClose, refused, starting, onBegin }: Beginning & { onClose(): void }) {
  const t = useT();
  const { purposes, failure } = usePurposes();
  const [name, setName] = useState("");
  const [purpose, setPurpose] = useState("");
  const [words, setWords] = useState("");
  const [consent, setConsent] = useState(false);
  const [pictures, setPictures] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onBegin({ name: name.trim(), purpose: purpose === OWN ? words.trim() : purpose, consent, pictures });
  };
  return (
    <form onSubmit={submit} className="grid grid-cols-[minmax(0,1fr)] gap-4 text-14" data-testid="record-form">
      <p className="text-muted">{t(purposes?.pictures === null ? "record.what.never" : "record.what")}</p>
      <label className="grid gap-1">
        <span className="text-muted">{t("record.name")}</span>
        <input
          className={field}
          value={name}
          maxLength={LONGEST}
          placeholder={t("record.name.none")}
          autoComplete="off"
          data-testid="record-name"
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      <label className="grid gap-1">
        <span className="text-muted">{t("record.purpose")}</span>
        <select
          className={field}
          value={purpose}
          required
          data-testid="record-purpose"
          onChange={(event) => setPurpose(event.target.value)}
        >
          <option value="" disabled>
            {t("record.purpose.choose")}
          </option>
          {purposes?.purposes.map(({ id, text }) => (
            <option key={id} value={id}>
              {named(id, text, t)}
            </option>
          ))}
          <option value={OWN}>{t("record.purpose.own")}</option>
        </select>
      </label>
      {purpose === OWN && (
        <label className="grid gap-1">
          <span className="text-muted">{t("record.purpose.words")}</span>
          <input
            className={field}
            value={words}
            required
            minLength={3}
            maxLength={LONGEST}
            data-testid="record-words"
            onChange={(event) => setWords(event.target.value)}
          />
        </label>
      )}
      {failure !== null && (
        <p className="text-warn">{t("record.failed.purposes", { message: failureText(failure, t) })}</p>
      )}
      {purposes !== null && (
        <details>
          <summary className="cursor-pointer text-muted">{t("record.refused")}</summary>
          <ul className="mt-2 grid list-disc gap-1 pl-5 text-muted">
            {purposes.refused.map(({ id, text, reason }) => (
              <li key={id}>{named(id, `${text}: ${reason}`, t)}</li>
            ))}
          </ul>
        </details>
      )}
      <label className="flex gap-3 text-16">
        <input
          type="checkbox"
          required
          className="mt-0.5 size-5 shrink-0 accent-accent"
          checked={consent}
          data-testid="record-consent"
          onChange={(event) => setConsent(event.target.checked)}
        />
        {t("record.consent")}
      </label>
      {purposes?.pictures && (
        <PicturesBox rules={purposes.pictures} days={purposes.days} checked={pictures} onChange={setPictures} />
      )}
      {refused !== null && (
        <p role="alert" data-testid="record-refused" className="rounded-card bg-warn-ground p-3 text-warn">
          {refusedText(refused, purposes, t)}
        </p>
      )}
      {/* Never disabled while it has the focus: the dialog would lose the keys, Escape too. */}
      <div className="flex flex-wrap-reverse justify-end gap-2">
        <Button onClick={onClose}>{t("record.cancel")}</Button>
        <Button type="submit" look="main" icon="record" aria-disabled={starting} data-testid="record-begin">
          {t(starting ? "record.starting" : "record.begin")}
        </Button>
      </div>
    </form>
  );
}

interface PicturesProps {
  readonly rules: NonNullable<Purposes["pictures"]>;
  readonly days: number;
  readonly checked: boolean;
  onChange(checked: boolean): void;
}

/** The second consent: what is kept, where, for how long, and who can see it. */
function PicturesBox({ rules, days, checked, onChange }: PicturesProps) {
  const t = useT();
  const host = remoteHost(window.location.hostname);
  return (
    <label className="flex gap-3">
      <input
        type="checkbox"
        className="mt-0.5 size-5 shrink-0 accent-accent"
        checked={checked}
        data-testid="record-pictures"
        onChange={(event) => onChange(event.target.checked)}
      />
      <span className="grid gap-1">
        <span className="text-16">{t("record.pictures")}</span>
        <span className="text-muted">
          {t("record.pictures.what", { rate: rules.per_second, side: rules.side })}{" "}
          {host === null ? t("record.pictures.here") : t("record.pictures.server", { host })}{" "}
          {days > 0 ? t("record.pictures.days", { days }) : t("record.pictures.ever")}
        </span>
      </span>
    </label>
  );
}

function usePurposes(): { readonly purposes: Purposes | null; readonly failure: unknown } {
  const [purposes, setPurposes] = useState<Purposes | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  useEffect(() => {
    ask("/api/v1/sessions/purposes")
      .then(async (response) => setPurposes(await response.json()))
      .catch(setFailure);
  }, []);
  return { purposes, failure };
}
