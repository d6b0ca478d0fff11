import { useState } from "react";
import { useT } from "../../../i18n";
import { failureText } from "../../../shared/refusals";
import { Button } from "../../../shared/ui/Button";

interface Props {
  readonly word: string;
  /** The button's name for those who do not see what it stands beside. */
  readonly label?: string;
  readonly testid: string;
  act(): Promise<void>;
}

/** Deleting is for good, so it asks once more in the same place, and says what went wrong. */
export function Delete({ word, label, testid, act }: Props) {
  const t = useT();
  const [asking, setAsking] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const sure = () => {
    setAsking(false);
    setFailure(null);
    act().catch(setFailure);
  };
  if (asking)
    return (
      <span className="flex gap-1">
        <Button icon="trash" data-testid={`${testid}-sure`} ref={(button) => button?.focus()} onClick={sure}>
          {t("sessions.delete.sure")}
        </Button>
        <Button look="quiet" onClick={() => setAsking(false)}>
          {t("sessions.delete.no")}
        </Button>
      </span>
    );
  return (
    <span className="flex flex-wrap items-center gap-2">
      {failure !== null && (
        <span role="alert" className="text-14 text-warn">
          {t("sessions.failed", { message: failureText(failure, t) })}
        </span>
      )}
      <Button look="quiet" icon="trash" data-testid={testid} aria-label={label} onClick={() => setAsking(true)}>
        {word}
      </Button>
    </span>
  );
}
