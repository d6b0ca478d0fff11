import { type MouseEvent, useEffect, useState } from "react";
import { useT } from "../../../i18n";
import { navigate } from "../../../shared/address";
import { ask, Refusal } from "../../../shared/answers";
import { followCameras, refreshCameras, useServerCameras } from "../../../shared/cameras";
import { Button } from "../../../shared/ui/Button";
import { useKeys } from "../../../shared/useKeys";
import type { Recording, Wanted } from "../engine/recording";
import { RecordDialog } from "./RecordDialog";

const SESSIONS = "/api/v1/sessions";

/** Records one of the server's cameras: there, for everybody, whether this page is open or not. */
export function RecordCamera({ id }: { readonly id: string }) {
  const t = useT();
  const { cameras, recordable } = useServerCameras();
  const running = cameras.find((camera) => camera.id === id)?.recording ?? null;
  const { ended, refused, starting, begin, stop } = useRecording(id);
  const [asking, setAsking] = useState(false);
  useEffect(followCameras, []);
  useEffect(() => {
    if (running !== null) setAsking(false);
  }, [running]);
  useKeys({ r: () => recordable && running === null && setAsking(true) });
  if (!recordable) return null;
  return (
    <>
      {running === null ? (
        <Button look="quiet" icon="record" compact data-testid="record" onClick={() => setAsking(true)}>
          {t("record.start")}
        </Button>
      ) : (
        <span className="flex items-center gap-2 pl-2 text-14" data-testid="recording">
          <span aria-hidden="true" className="size-3 rounded-full bg-[#d6403a]" />
          <span className="font-semibold whitespace-nowrap max-sm:sr-only">{t("cameras.recorded")}</span>
          <Button icon="stop" compact title={t("record.stop")} data-testid="record-stop" onClick={() => stop(running)}>
            {t("record.stop")}
          </Button>
        </span>
      )}
      {ended !== null && running === null && <Ended id={ended} />}
      <RecordDialog
        open={asking}
        refused={refused}
        starting={starting}
        onBegin={begin}
        onClose={() => setAsking(false)}
      />
    </>
  );
}

function Ended({ id }: { readonly id: string }) {
  const t = useT();
  const path = `/sessions/${id}`;
  const open = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(path);
  };
  return (
    <a
      href={path}
      onClick={open}
      data-testid="recording-open"
      className="px-2 text-14 font-semibold text-link hover:underline"
    >
      {t("record.open")}
    </a>
  );
}

function useRecording(camera: string) {
  const [ended, setEnded] = useState<string | null>(null);
  const [refused, setRefused] = useState<Recording["refused"]>(null);
  const [starting, setStarting] = useState(false);
  /** Ask the server for a change, and see what came of it. */
  const change = async (path: string, body: unknown) => {
    setRefused(null);
    setStarting(true);
    try {
      await ask(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    } catch (error) {
      const code = error instanceof Refusal ? error.code : "";
      setRefused({ kind: null, code, message: error instanceof Error ? error.message : String(error) });
    } finally {
      await refreshCameras();
      setStarting(false);
    }
  };
  return {
    ...{ ended, refused, starting },
    begin: (wanted: Wanted) => void change(SESSIONS, { ...wanted, camera }),
    stop: (session: string) => {
      setEnded(session);
      void change(`${SESSIONS}/${session}/stop`, {});
    },
  };
}
