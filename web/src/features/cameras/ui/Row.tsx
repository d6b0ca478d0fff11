import { type MouseEvent, useState } from "react";
import { useLanguage, useT } from "../../../i18n";
import { navigate } from "../../../shared/address";
import { ask } from "../../../shared/answers";
import { CAMERAS_PATH, type CameraStatus, pathOfCamera, refreshCameras } from "../../../shared/cameras";
import { capitalized } from "../../../shared/format";
import { failureText, reasonText } from "../../../shared/refusals";
import { Button } from "../../../shared/ui/Button";
import { Icon } from "../../../shared/ui/Icon";

interface Props {
  readonly camera: CameraStatus;
  readonly changeable: boolean;
}

/** One camera: its name leads to its pictures. */
export function Row({ camera, changeable }: Props) {
  const t = useT();
  const { id, state, reason, code, address, recording } = camera;
  const language = useLanguage().code;
  const well = state === "live" || state === "starting";
  const path = pathOfCamera(id);
  const open = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(path);
  };
  return (
    <li
      data-testid="camera"
      data-id={id}
      data-state={state}
      className="grid grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1 rounded-card border border-line bg-surface p-3"
    >
      <span className={well ? "text-muted" : "text-warn"}>
        <Icon name={well ? "camera" : "warning"} size={24} />
      </span>
      <p className="flex min-w-0 flex-wrap items-baseline gap-x-3">
        <a href={path} onClick={open} className="text-16 font-medium text-link hover:underline">
          {id}
        </a>
        <span className={`text-14 ${well ? "text-muted" : "text-warn"}`}>{t(`camera.state.${state}`)}</span>
        {recording !== null && (
          <span className="flex items-center gap-1.5 text-14 font-medium">
            <span aria-hidden="true" className="size-2.5 rounded-full bg-[#d6403a]" />
            {t("cameras.recorded")}
          </span>
        )}
      </p>
      <span className="flex justify-end">{changeable && <Remove id={id} />}</span>
      <p className="col-span-2 col-start-2 truncate text-14 text-muted" title={address}>
        {address}
      </p>
      <Facts camera={camera} />
      {reason !== "" && (
        <p className="col-span-2 col-start-2 text-14 break-words text-warn" title={reason} data-testid="camera-reason">
          {capitalized(reasonText({ code, message: reason }, t, language), language)}
        </p>
      )}
    </li>
  );
}

/** Size, pace, what is read beyond the expression, who watches. */
function Facts({ camera }: { readonly camera: CameraStatus }) {
  const t = useT();
  const { width, height, fps, analysed_fps, options, viewers } = camera;
  const facts = [
    width !== null && height !== null && `${width} × ${height}`,
    fps > 0 && t("cameras.rate", { fps: fps.toFixed(0), read: analysed_fps.toFixed(0) }),
    ...Object.entries(options).map(([name, value]) =>
      value === true || name === "attributes" ? optionName(name) : `${name}: ${String(value)}`,
    ),
    viewers > 0 && t("cameras.viewers", { count: viewers }),
  ].filter((fact) => typeof fact === "string");
  function optionName(name: string): string {
    return name === "landmarks" || name === "signals" || name === "attributes"
      ? t(`show.${name}`)
      : name === "baseline"
        ? t("rest.switch")
        : name;
  }
  return facts.length > 0 && <p className="col-span-2 col-start-2 text-14 text-muted">{facts.join(" · ")}</p>;
}

/** Removing forgets the results as well, so it asks once more in the same place. */
function Remove({ id }: { readonly id: string }) {
  const t = useT();
  const [asking, setAsking] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const remove = async () => {
    try {
      await ask(`${CAMERAS_PATH}/${id}`, { method: "DELETE" });
      await refreshCameras();
    } catch (error) {
      setFailure(error);
    }
  };
  if (!asking)
    return (
      <Button look="quiet" icon="trash" data-testid="camera-remove" onClick={() => setAsking(true)}>
        <span className="max-sm:sr-only">
          {t("photos.remove")} <span className="sr-only">{id}</span>
        </span>
      </Button>
    );
  return (
    <span className="flex flex-wrap justify-end gap-1">
      <Button icon="trash" data-testid="camera-remove-sure" onClick={() => void remove()}>
        {t("cameras.remove.sure")}
      </Button>
      <Button look="quiet" onClick={() => setAsking(false)}>
        {t("cameras.remove.no")}
      </Button>
      {failure !== null && (
        <span role="alert" className="basis-full text-14 text-warn">
          {failureText(failure, t)}
        </span>
      )}
    </span>
  );
}
