import { type Translate, useT } from "../../../i18n";
import { useSettings } from "../../../shared/settings";
import { Button } from "../../../shared/ui/Button";
import type { Snapshot } from "../engine/session";
import { session, useSession } from "../store";

/** What to say about resting faces now. */
function wordsOf({ calibration, people, selected }: Snapshot, baseline: boolean, t: Translate): string {
  if (calibration.phase === "running") return t(calibration.late ? "rest.late" : "rest.running");
  if (calibration.phase !== "off") return t(`rest.${calibration.phase}`);
  const person = people.find(({ track }) => track === selected);
  const rest = person?.measures.rest ?? null;
  if (baseline && person !== undefined && rest !== null)
    return t("rest.of", { number: person.track, state: t(`rest.state.${rest}`) });
  return t("rest.note");
}

/** Takes off what a face looks like at rest: a switch, and a button that learns it in two seconds. */
export function RestingFace() {
  const t = useT();
  const snapshot = useSession();
  const { baseline, change } = useSettings();
  const { stage, link, paused, calibration } = snapshot;
  if (stage.phase !== "running" || stage.source.kind === "server") return null;
  const running = calibration.phase === "running";
  return (
    <div className="border-t border-line px-4 py-3 text-14" data-testid="resting" data-phase={calibration.phase}>
      <div className="flex items-center justify-between gap-2">
        <label className="flex min-h-10 items-center gap-3">
          <input
            type="checkbox"
            role="switch"
            aria-checked={baseline}
            className="size-5 shrink-0 accent-accent"
            data-testid="baseline"
            checked={baseline}
            onChange={(event) => change({ baseline: event.target.checked })}
          />
          {t("rest.switch")}
        </label>
        <Button
          data-testid="calibrate"
          disabled={running || paused || link !== "open"}
          title={t("rest.note")}
          onClick={() => {
            change({ baseline: true });
            session.calibrate();
          }}
        >
          {t("rest.calibrate")}
        </Button>
      </div>
      {/* On phones there is room for it only while something goes on. */}
      <p role="status" className={`mt-1 min-h-10 text-muted ${calibration.phase === "off" ? "max-sm:hidden" : ""}`}>
        {wordsOf(snapshot, baseline, t)}
      </p>
      <div className={`mt-1 h-1 overflow-hidden rounded-full bg-track ${running ? "" : "invisible"}`}>
        <div
          className="h-full origin-left bg-accent transition-transform"
          style={{ transform: `scaleX(${calibration.phase === "running" ? calibration.share : 0})` }}
        />
      </div>
    </div>
  );
}
