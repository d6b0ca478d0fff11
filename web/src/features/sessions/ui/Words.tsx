import { useEffect, useState } from "react";
import { useT } from "../../../i18n";
import { failureText } from "../../../shared/refusals";
import * as api from "../engine/api";

interface Props {
  readonly id: string;
  readonly what: "name" | "notes";
  readonly text: string;
  onChange(session: api.Detail): void;
}

const field = "w-full rounded-card border bg-transparent text-text focus:border-line focus:bg-surface";

/** A text that is changed where it stands; it is saved when one leaves it. */
export function Words({ id, what, text, onChange }: Props) {
  const t = useT();
  const [words, setWords] = useState(text);
  const [said, setSaid] = useState<{ readonly text: string; readonly warn: boolean } | null>(null);
  useEffect(() => setWords(text), [text]);
  const save = () => {
    const changed = words.trim();
    if (changed === text) return;
    api.describe(id, { [what]: changed }).then(
      (session) => {
        onChange(session);
        setSaid({ text: t("sessions.saved"), warn: false });
      },
      (error: unknown) =>
        setSaid({
          text: t("sessions.failed", { message: failureText(error, t) }),
          warn: true,
        }),
    );
  };
  const common = {
    value: words,
    onBlur: save,
    "aria-label": t(`sessions.${what}`),
    "data-testid": `session-${what}`,
  };
  const note = (
    <p role="status" className={`min-h-5 text-14 ${said?.warn === true ? "text-warn" : "text-muted"}`}>
      {said?.text}
    </p>
  );
  if (what === "name")
    return (
      <div>
        <input
          {...common}
          maxLength={200}
          title={t("sessions.rename")}
          className={`${field} -ml-2 border-transparent px-2 text-28 font-semibold hover:border-line`}
          onChange={(event) => setWords(event.target.value)}
          onKeyDown={(event) => event.key === "Enter" && event.currentTarget.blur()}
        />
        {said !== null && note}
      </div>
    );
  return (
    <section className="grid gap-2 rounded-card border border-line bg-surface p-3">
      <h2 className="text-16 font-semibold">{t("sessions.notes")}</h2>
      <textarea
        {...common}
        maxLength={10_000}
        rows={3}
        className={`${field} border-line p-2 text-16`}
        onChange={(event) => setWords(event.target.value)}
      />
      {note}
    </section>
  );
}
