import { type RefObject, useEffect, useRef } from "react";
import { type Translate, useT } from "../../../i18n";
import { useSettings } from "../../../shared/settings";
import { Button } from "../../../shared/ui/Button";
import type { Source } from "../sources/source";
import { useSession } from "../store";
import { Overlay } from "./Overlay";
import { RecordingNotice } from "./RecordingNotice";
import { Seek } from "./Seek";
import { Status } from "./Status";
import { Notice, TroubleScreen } from "./TroubleScreen";
import { Welcome } from "./Welcome";
import { WhyMap, WhyWords } from "./Why";

/** The picture, or what stands in its place. */
export function Stage({ ref }: { readonly ref: RefObject<HTMLElement | null> }) {
  const t = useT();
  const { stage, link } = useSession();
  return (
    <section
      ref={ref}
      className="stage relative flex flex-col overflow-auto rounded-card border border-line bg-surface"
      aria-label={t("nav.live")}
      data-testid="stage"
      data-phase={stage.phase}
    >
      <RecordingNotice />
      {stage.phase === "idle" && <Welcome />}
      {stage.phase === "opening" && <Opening camera={stage.kind === "camera"} />}
      {stage.phase === "failed" && <TroubleScreen trouble={stage.trouble} retry={stage.retry} />}
      {stage.phase === "running" && link === "locked" && <Locked />}
      {stage.phase === "running" && link !== "locked" && <Picture source={stage.source} />}
    </section>
  );
}

function Opening({ camera }: { readonly camera: boolean }) {
  const t = useT();
  return (
    <div className="m-auto p-4 text-center" role="status" data-testid="opening">
      <p className="text-20 font-semibold">{t(camera ? "state.opening.camera" : "state.opening.file")}</p>
      {camera && <p className="mt-1 text-14 text-muted">{t("state.opening.camera.note")}</p>}
    </div>
  );
}

function Locked() {
  const t = useT();
  return (
    <Notice title={t("key.title")} text={t("key.text", { host: window.location.host })} testid="locked">
      <Button look="main" onClick={() => window.location.assign("/login")}>
        {t("key.enter")}
      </Button>
    </Notice>
  );
}

function markOf(source: Source, t: Translate): string | null {
  switch (source.kind) {
    case "demo":
      return t("source.demoMark");
    case "video":
      return t("source.videoMark");
    case "server":
      return t("source.serverMark");
    default:
      return null;
  }
}

function Picture({ source }: { readonly source: Source }) {
  const t = useT();
  const host = useRef<HTMLDivElement>(null);
  const mirrored = useSettings((state) => state.mirrored) && source.facesUser;
  useEffect(() => {
    host.current?.replaceChildren(source.element);
  }, [source]);
  const mark = markOf(source, t);
  return (
    <div className="absolute inset-0 bg-[#0f1216]">
      <div ref={host} className={`stage-picture ${mirrored ? "mirrored" : ""}`} />
      {/* The server has drawn into the pictures of its cameras already. */}
      {source.kind !== "server" && (
        <>
          <WhyMap source={source} mirrored={mirrored} />
          <Overlay source={source} mirrored={mirrored} />
          <WhyWords />
        </>
      )}
      <div className="pointer-events-none absolute inset-x-3 bottom-3 grid gap-2">
        <div className="flex items-end justify-between gap-3">
          {mark === null ? (
            <span />
          ) : (
            <Mark word={mark} detail={source.kind === "demo" ? t("source.demoCredit") : source.name} />
          )}
          <Status />
        </div>
        {source.tape !== null && <Seek source={source} />}
      </div>
    </div>
  );
}

/** Says that this is no camera. */
function Mark({ word, detail }: { readonly word: string; readonly detail: string }) {
  return (
    <p data-testid="mark" className="min-w-0 truncate rounded-card bg-[#0f1216]/80 px-3 py-1.5 text-14 text-white">
      <strong className="font-semibold">{word}</strong>
      <span className="max-sm:hidden"> · {detail}</span>
    </p>
  );
}
