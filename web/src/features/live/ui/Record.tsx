import { useEffect, useState } from "react";
import { useT } from "../../../i18n";
import { clock } from "../../../shared/format";
import { Button } from "../../../shared/ui/Button";
import { Icon } from "../../../shared/ui/Icon";
import { useKeys } from "../../../shared/useKeys";
import type { Recording } from "../engine/recording";
import { session, useSession } from "../store";
import { MarkerDialog } from "./MarkerDialog";
import { RecordDialog } from "./RecordDialog";

/** The button that begins a recording, and while it goes on its time, markers and end. */
export function Record() {
  const { recording, link } = useSession();
  const { phase } = recording;
  const [asking, setAsking] = useState(false);
  const [markedAt, setMarkedAt] = useState<number | null>(null);
  const marks = phase === "recording" || phase === "paused" || phase === "failed";
  const ask = () => {
    session.dismissRecording();
    setAsking(true);
  };
  useKeys({
    r: () => phase === "off" && link === "open" && ask(),
    m: () => marks && setMarkedAt(Date.now()),
    p: () => marks && session.pauseRecording(phase !== "paused"),
  });
  useEffect(() => {
    if (marks) setAsking(false);
    else setMarkedAt(null);
  }, [marks]);
  return (
    <>
      {phase === "off" || phase === "starting" ? (
        <Begin disabled={phase === "starting" || link !== "open"} onAsk={ask} />
      ) : (
        <Running recording={recording} marks={marks} onMark={() => setMarkedAt(Date.now())} />
      )}
      <RecordDialog
        open={asking}
        refused={recording.refused}
        starting={phase === "starting"}
        onBegin={(wanted) => session.record(wanted)}
        onClose={() => setAsking(false)}
      />
      <MarkerDialog at={markedAt} began={recording.began} onClose={() => setMarkedAt(null)} />
    </>
  );
}

function Begin({ disabled, onAsk }: { readonly disabled: boolean; onAsk(): void }) {
  const t = useT();
  return (
    <Button look="quiet" icon="record" compact data-testid="record" disabled={disabled} onClick={onAsk}>
      {t("record.start")}
    </Button>
  );
}

interface RunningProps {
  readonly recording: Recording;
  readonly marks: boolean;
  onMark(): void;
}

function Running({ recording, marks, onMark }: RunningProps) {
  const t = useT();
  const { phase, began, saved } = recording;
  const paused = phase === "paused";
  const time = whole((Date.now() - began) / 1000);
  return (
    <span className="flex items-center gap-1" data-testid="recording" data-phase={phase} data-saved={saved}>
      <span className="flex items-center gap-2 px-2 text-14" title={t("record.running", { time, saved: whole(saved) })}>
        <span
          aria-hidden="true"
          className={`size-3 rounded-full ${phase === "recording" ? "bg-[#d6403a]" : "border-2 border-warn"}`}
        />
        <span className="sr-only">{t("record.start")}</span>
        <span className="grid min-w-10 leading-4">
          <span className="flex items-center gap-x-1 font-semibold max-lg:flex-col">
            {time}
            {recording.pictures !== null && (
              <span
                title={t("record.pictures.kept", { count: recording.pictures.kept })}
                data-testid="recording-pictures"
              >
                <Icon name="file" size={16} />
                <span className="sr-only">{t("record.pictures.kept", { count: recording.pictures.kept })}</span>
              </span>
            )}
          </span>
          <span className="text-muted max-lg:sr-only" data-testid="recording-saved">
            {t("record.saved", { time: whole(saved) })}
          </span>
        </span>
      </span>
      <Button
        look="quiet"
        icon={paused ? "record" : "recordPause"}
        compact="always"
        title={t(paused ? "record.resume" : "record.pause")}
        data-testid="record-pause"
        disabled={!marks}
        onClick={() => session.pauseRecording(!paused)}
      >
        {t(paused ? "record.resume" : "record.pause")}
      </Button>
      <Button
        look="quiet"
        icon="marker"
        compact="always"
        title={t("record.mark")}
        data-testid="mark"
        disabled={!marks}
        onClick={onMark}
      >
        {t("record.mark")}
      </Button>
      <Button
        icon="stop"
        compact
        className="max-sm:text-[#d6403a]"
        title={t("record.stop")}
        data-testid="record-stop"
        onClick={() => session.stopRecording()}
      >
        {t("record.stop")}
      </Button>
    </span>
  );
}

/** Whole seconds: 64.2 → "1:04". */
export function whole(seconds: number): string {
  return clock(seconds).replace(/\.\d$/, "");
}
