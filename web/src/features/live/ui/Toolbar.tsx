import { useT } from "../../../i18n";
import { navigate } from "../../../shared/address";
import { cameraOf, pathOfCamera, useServerCameras } from "../../../shared/cameras";
import { useSettings } from "../../../shared/settings";
import { Button } from "../../../shared/ui/Button";
import { Icon } from "../../../shared/ui/Icon";
import { chooseFile, startCamera, startDemo } from "../actions";
import type { Recording } from "../engine/recording";
import { session, useCameras, useSession } from "../store";
import { Badge } from "./Badge";
import { Record } from "./Record";
import { RecordCamera } from "./RecordCamera";
import { ShowMenu } from "./ShowMenu";

/** The camera to take when the browser has not told its name yet. */
const FIRST = "first";

/** Whether there is a recording: what belongs to it needs the room, and another source would end it. */
function isRecorded({ phase }: Recording): boolean {
  return phase !== "off" && phase !== "starting";
}

export function Toolbar({ onFullscreen }: { onFullscreen(): void }) {
  const t = useT();
  const { stage, recording } = useSession();
  const recorded = stage.phase === "running" && isRecorded(recording);
  return (
    <div
      role="toolbar"
      aria-label={t("action.toolbar")}
      className="tools @container flex flex-wrap items-center gap-1 rounded-card border border-line bg-surface p-1"
    >
      <CameraPicker className={recorded ? "max-sm:hidden" : ""} />
      <Button
        look="quiet"
        icon="file"
        compact={stage.phase === "running" ? "always" : true}
        className={recorded ? "max-lg:hidden" : ""}
        onClick={chooseFile}
        title={t("welcome.file")}
      >
        {t("source.file")}
      </Button>
      <Button
        look="quiet"
        icon="demo"
        compact={stage.phase === "running" ? "always" : true}
        className={recorded ? "max-lg:hidden" : stage.phase === "running" ? "max-sm:hidden" : ""}
        onClick={() => void startDemo()}
        title={t("welcome.demo")}
      >
        {t("source.demo")}
      </Button>
      {stage.phase === "running" && <Playback onFullscreen={onFullscreen} />}
      <div className="ml-auto max-lg:w-full">
        <Badge />
      </div>
    </div>
  );
}

function CameraPicker({ className }: { readonly className: string }) {
  const t = useT();
  const { stage } = useSession();
  const cameras = useCameras();
  const served = useServerCameras((state) => state.cameras);
  const watched = stage.phase === "running" && stage.source.kind === "server" ? stage.source.name : null;
  const running = stage.phase === "running" && stage.source.kind === "camera" ? stage.source.deviceId : null;
  return (
    <label
      className={`relative flex h-10 items-center gap-2 rounded-card px-2 hover:bg-hover has-[select:disabled]:opacity-40 ${className}`}
    >
      <Icon name="camera" />
      <span className="sr-only">{t("source.camera")}</span>
      <select
        data-testid="camera-picker"
        className="max-w-32 truncate bg-transparent text-14 font-medium max-sm:w-5 [&>option]:bg-surface [&>option]:text-text"
        value={watched === null ? (running ?? "") : pathOfCamera(watched)}
        disabled={cameras.length === 0 && served.length === 0}
        onChange={({ target: { value } }) => {
          if (cameraOf(value) !== null) navigate(value);
          else void startCamera(value === FIRST ? null : value);
        }}
      >
        <option value="" disabled>
          {t(cameras.length === 0 && served.length === 0 ? "source.noCamera" : "source.camera")}
        </option>
        {cameras.map(({ deviceId, label }, i) => (
          <option key={deviceId || FIRST} value={deviceId || FIRST}>
            {label || t("source.cameraNumber", { number: i + 1 })}
          </option>
        ))}
        {served.length > 0 && (
          <optgroup label={t("source.onServer")} className="bg-surface text-text">
            {served.map(({ id }) => (
              <option key={id} value={pathOfCamera(id)}>
                {id}
              </option>
            ))}
          </optgroup>
        )}
      </select>
    </label>
  );
}

function Playback({ onFullscreen }: { onFullscreen(): void }) {
  const t = useT();
  const { stage, paused, recording } = useSession();
  const { mirrored, change } = useSettings();
  if (stage.phase !== "running") return null;
  const { source } = stage;
  const stop = () => (source.kind === "server" ? navigate("/cameras") : session.stop());
  const recorded = isRecorded(recording);
  const compact = recorded ? "always" : true;
  return (
    <>
      <span className="mx-1 h-6 w-px bg-line max-sm:hidden" aria-hidden="true" />
      {source.kind === "server" ? (
        <RecordCamera id={source.name} />
      ) : (
        <>
          <Button
            look="quiet"
            icon={paused ? "play" : "pause"}
            compact={compact}
            title={t(paused ? "action.resume" : "action.pause")}
            data-testid="pause"
            onClick={() => session.togglePause()}
          >
            {t(paused ? "action.resume" : "action.pause")}
          </Button>
          <Record />
        </>
      )}
      <Button
        look="quiet"
        icon="reset"
        compact={compact}
        className={recorded ? "max-sm:hidden" : ""}
        title={t("action.reset")}
        data-testid="reset"
        onClick={() => session.reset()}
      >
        {t("action.reset")}
      </Button>
      {source.kind !== "server" && <ShowMenu />}
      {source.kind === "camera" && source.facesUser && (
        <Button
          look="quiet"
          icon="mirror"
          className="max-sm:hidden"
          aria-pressed={mirrored}
          aria-label={t("action.mirror")}
          title={t("action.mirror")}
          onClick={() => change({ mirrored: !mirrored })}
        />
      )}
      {document.fullscreenEnabled && (
        <Button
          look="quiet"
          icon="fullscreen"
          compact="always"
          className="max-sm:hidden"
          title={t("action.fullscreen")}
          onClick={onFullscreen}
        >
          {t("action.fullscreen")}
        </Button>
      )}
      <Button look="quiet" icon="stop" compact data-testid="stop" onClick={stop}>
        {t("action.stop")}
      </Button>
    </>
  );
}
