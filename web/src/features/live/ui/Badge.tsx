import { useT } from "../../../i18n";
import { Icon } from "../../../shared/ui/Icon";
import { useSession } from "../store";

/** Sent, read, dropped per second, and the delay. Amber with words when the server does not keep up. */
export function Badge() {
  const t = useT();
  const { rates, busy, stage } = useSession();
  const shown = stage.phase === "running";
  const sending = !shown || stage.source.kind !== "server";
  return (
    <p
      data-testid="badge"
      data-busy={busy}
      data-sent={rates.sent}
      data-read={rates.read}
      title={t("badge.note")}
      className={`flex min-h-10 flex-wrap items-center gap-x-2 rounded-card px-2 text-14 whitespace-nowrap max-lg:min-h-8 max-lg:justify-center max-sm:justify-between max-sm:px-3 ${busy ? "bg-warn-ground text-warn" : "text-muted"} ${shown ? "" : "invisible"}`}
    >
      <span className="sr-only">{t("badge.label")}: </span>
      {busy && <span className="sr-only">{t("badge.busy")}. </span>}
      <span className={`max-sm:hidden ${busy ? "" : "invisible"}`}>
        <Icon name="warning" size={18} />
      </span>
      {sending && (
        <>
          <span>{t("badge.sent", { count: rates.sent })}</span>
          <Dot />
        </>
      )}
      <span>{t("badge.read", { count: rates.read })}</span>
      <Dot />
      {sending && (
        <>
          <span>{t("badge.dropped", { count: rates.dropped })}</span>
          <Dot />
        </>
      )}
      <span className="inline-block min-w-12 text-right">{t("badge.latency", { count: rates.latency ?? "–" })}</span>
    </p>
  );
}

function Dot() {
  return (
    <span aria-hidden="true" className="max-sm:hidden">
      ·
    </span>
  );
}
