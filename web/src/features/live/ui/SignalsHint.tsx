import { useT } from "../../../i18n";
import { useSettings } from "../../../shared/settings";
import { Button } from "../../../shared/ui/Button";
import { useSession } from "../store";

/** Says that blinks, attention and the like are not followed, and switches them on. */
export function SignalsHint() {
  const t = useT();
  const { signals, change } = useSettings();
  const { stage, people } = useSession();
  // What a camera of the server's is asked for is not this page's to change.
  if (signals || people.length === 0 || stage.phase !== "running" || stage.source.kind === "server") return null;
  return (
    <p
      className="flex items-center justify-between gap-2 border-t border-line px-4 py-2 text-14 text-muted max-sm:hidden"
      data-testid="signals-hint"
    >
      <span title={t("show.signals.note")}>{t("signals.off")}</span>
      <Button look="quiet" data-testid="signals-on" onClick={() => change({ signals: true })}>
        {t("signals.on")}
      </Button>
    </p>
  );
}
