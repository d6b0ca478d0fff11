import { type FormEvent, useEffect, useState } from "react";
import { useT } from "../../../i18n";
import { ask } from "../../../shared/answers";
import { BOTH, learnAttributesAllowed, useAttributesAllowed } from "../../../shared/attributes";
import { CAMERAS_PATH, refreshCameras } from "../../../shared/cameras";
import { failureText } from "../../../shared/refusals";
import { AttributesBox } from "../../../shared/ui/AttributesBox";
import { Button } from "../../../shared/ui/Button";

const field = "h-10 w-full rounded-card border border-line bg-ground px-3 text-16";
const OPTIONS = ["landmarks", "signals"] as const;

/** Has the server watch another camera. */
export function Add() {
  const t = useT();
  const [failure, setFailure] = useState<unknown>(null);
  const allowed = useAttributesAllowed((state) => state.allowed);
  const [attributes, setAttributes] = useState(false);
  useEffect(() => void learnAttributesAllowed(), []);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const values = new FormData(form);
    const text = (name: string) => String(values.get(name) ?? "").trim();
    // Signals are read off landmarks.
    const wanted = OPTIONS.filter((name) => values.has(name) || (name === "landmarks" && values.has("signals")));
    const options: Record<string, unknown> = Object.fromEntries(wanted.map((name) => [name, true]));
    if (attributes && allowed) options.attributes = BOTH;
    try {
      await ask(CAMERAS_PATH, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ address: text("address"), id: text("id") || null, options }),
      });
      setFailure(null);
      form.reset();
      setAttributes(false);
      await refreshCameras();
    } catch (error) {
      setFailure(error);
    }
  };
  return (
    <form
      onSubmit={(event) => void submit(event)}
      className="grid gap-4 rounded-card border border-line bg-surface p-4"
      data-testid="add-camera"
    >
      <h2 className="text-16 font-semibold">{t("cameras.add")}</h2>
      <div className="grid gap-4 sm:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
        <label className="grid content-start gap-1 text-14">
          <span className="text-muted">{t("cameras.address")}</span>
          <input name="address" required maxLength={2000} autoComplete="off" spellCheck={false} className={field} />
          <span className="text-muted">{t("cameras.address.note")}</span>
        </label>
        <label className="grid content-start gap-1 text-14">
          <span className="text-muted">{t("cameras.name")}</span>
          <input name="id" maxLength={32} pattern="[A-Za-z0-9_\-]+" autoComplete="off" className={field} />
          <span className="text-muted">{t("cameras.name.note")}</span>
        </label>
      </div>
      <fieldset className="flex flex-wrap gap-x-6 gap-y-2 text-16">
        <legend className="mb-1 text-14 text-muted">{t("cameras.options")}</legend>
        {OPTIONS.map((name) => (
          <label key={name} className="flex items-center gap-2" title={t(`show.${name}.note`)}>
            <input type="checkbox" name={name} className="size-5 accent-accent" data-testid={`add-${name}`} />
            {t(`show.${name}`)}
          </label>
        ))}
        {allowed && (
          <div className="w-full">
            <AttributesBox testid="add-attributes" checked={attributes} onChange={setAttributes} />
          </div>
        )}
      </fieldset>
      {failure !== null && (
        <p role="alert" data-testid="add-refused" className="rounded-card bg-warn-ground p-3 text-14 text-warn">
          {failureText(failure, t)}
        </p>
      )}
      <div>
        <Button type="submit" icon="plus" data-testid="add">
          {t("cameras.add.do")}
        </Button>
      </div>
    </form>
  );
}
