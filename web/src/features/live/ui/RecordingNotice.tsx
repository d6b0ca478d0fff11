import { type MouseEvent, type ReactNode, useEffect, useState } from "react";
import { type Translate, useT } from "../../../i18n";
import { navigate } from "../../../shared/address";
import { clock } from "../../../shared/format";
import { refusalText } from "../../../shared/refusals";
import { Button } from "../../../shared/ui/Button";
import type { Recording } from "../engine/recording";
import { session, useSession } from "../store";
import { whole } from "./Record";

const BRIEF_MS = 5000;

/** What there is to say of a recording: the most pressing, or nothing. */
function textOf(recording: Recording, running: boolean, t: Translate): { text: string; warn: boolean } | null {
  const { phase, trouble, unwritten, lost, pictures, ended, saved, marker } = recording;
  const message = trouble === null ? "" : refusalText(trouble, t);
  const losses = lost > 0 ? ` ${t("record.lost", { count: lost })}` : "";
  if (phase === "failed") {
    const waiting = t("record.failing.waiting", { count: unwritten });
    return { text: `${t("record.failing", { message })} ${waiting}${losses}`, warn: true };
  }
  if (phase === "waiting") return { text: t(running ? "record.waiting" : "record.waiting.start"), warn: true };
  if (phase !== "off" && trouble !== null) return { text: t("record.failing", { message }), warn: true };
  if (phase !== "off" && marker !== null)
    return { text: t("record.mark.noted", { time: clock(marker.time) }), warn: false };
  if (phase === "paused") return { text: `${t("record.paused")}${losses}`, warn: true };
  if (phase === "recording" && lost > 0) return { text: losses.trim(), warn: true };
  if (phase === "recording" && pictures !== null && pictures.code !== "")
    return {
      text: t(pictures.code === "pictures_full" ? "record.pictures.full" : "record.pictures.space"),
      warn: true,
    };
  if (ended === null) return null;
  const kept = `${t("record.ended", { time: whole(saved) })}${losses}`;
  if (trouble === null) return { text: kept, warn: lost > 0 };
  const why = t("record.ended.note", { message });
  return { text: trouble.code === "deleted" ? why : `${why} ${kept}`, warn: true };
}

/** Says over the picture how the recording is, when that is not as it should be, and where it is once it has ended. */
export function RecordingNotice() {
  const t = useT();
  const { recording, stage } = useSession();
  const marker = useBriefly(recording.marker);
  const said = textOf({ ...recording, marker }, stage.phase === "running", t);
  const { phase, ended } = recording;
  return (
    <div role="status" className="z-10 mx-3" data-testid="recording-notice" data-phase={phase}>
      {said !== null && (
        <Line text={said.text} warn={said.warn}>
          {ended !== null && <Open id={ended} word={t("record.open")} />}
          {phase === "waiting" && stage.phase !== "running" && (
            <Button look="quiet" onClick={() => session.stopRecording()}>
              {t("record.stop")}
            </Button>
          )}
          {phase === "off" && (
            <Button look="quiet" onClick={() => session.dismissRecording()}>
              {t("record.dismiss")}
            </Button>
          )}
        </Line>
      )}
    </div>
  );
}

/** The value while it is new, then null. */
function useBriefly<Value>(value: Value | null): Value | null {
  const [old, setOld] = useState<Value | null>(null);
  useEffect(() => {
    const timer = window.setTimeout(() => setOld(value), BRIEF_MS);
    return () => window.clearTimeout(timer);
  }, [value]);
  return value === old ? null : value;
}

function Line({
  text,
  warn,
  children,
}: {
  readonly text: string;
  readonly warn: boolean;
  readonly children: ReactNode;
}) {
  const look = warn ? "bg-warn-ground text-warn" : "bg-surface text-text";
  return (
    <div
      className={`mt-3 flex w-fit max-w-full flex-wrap items-center gap-x-3 rounded-card border border-line px-3 py-1 text-14 ${look}`}
    >
      <span className="min-w-0 flex-1 py-1.5 break-words">{text}</span>
      {children}
    </div>
  );
}

function Open({ id, word }: { readonly id: string; readonly word: string }) {
  const path = `/sessions/${id}`;
  const open = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(path);
  };
  return (
    <a href={path} onClick={open} data-testid="recording-open" className="px-2 font-semibold text-link hover:underline">
      {word}
    </a>
  );
}
