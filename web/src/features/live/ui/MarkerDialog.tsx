import { type FormEvent, useState } from "react";
import { useT } from "../../../i18n";
import { clock } from "../../../shared/format";
import { Button } from "../../../shared/ui/Button";
import { Dialog } from "../../../shared/ui/Dialog";
import { session } from "../store";

const LONGEST = 200;

interface Props {
  /** When the key was pressed, in milliseconds since 1970; null while there is nothing to note. */
  readonly at: number | null;
  readonly began: number;
  onClose(): void;
}

/** Asks what happens; the moment is that of the key, however long the words take. */
export function MarkerDialog({ at, began, onClose }: Props) {
  const t = useT();
  const time = clock(((at ?? began) - began) / 1000);
  return (
    <Dialog title={t("record.mark.title", { time })} open={at !== null} onClose={onClose}>
      {at !== null && <Form at={at} onDone={onClose} />}
    </Dialog>
  );
}

function Form({ at, onDone }: { readonly at: number; onDone(): void }) {
  const t = useT();
  const [lost, setLost] = useState(false);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const label = String(new FormData(event.currentTarget).get("label") ?? "").trim();
    if (session.mark(at, label)) onDone();
    else setLost(true);
  };
  return (
    <form onSubmit={submit} className="grid gap-4">
      <label className="grid gap-1 text-14">
        <span className="text-muted">{t("record.mark.label")}</span>
        <input
          name="label"
          maxLength={LONGEST}
          autoComplete="off"
          data-testid="mark-label"
          ref={(input) => input?.focus()}
          className="h-10 w-full rounded-card border border-line bg-ground px-3 text-16"
        />
      </label>
      {lost && (
        <p role="alert" className="text-14 text-warn">
          {t("record.mark.lost")}
        </p>
      )}
      <Button type="submit" look="main" data-testid="mark-save">
        {t("record.mark.save")}
      </Button>
    </form>
  );
}
