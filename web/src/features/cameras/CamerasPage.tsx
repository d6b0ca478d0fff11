import { useEffect } from "react";
import { useT } from "../../i18n";
import { followCameras, refreshCameras, useServerCameras } from "../../shared/cameras";
import { failureText } from "../../shared/refusals";
import { Button } from "../../shared/ui/Button";
import { Add } from "./ui/Add";
import { Row } from "./ui/Row";

/** The cameras that the server watches by itself: how they are, and a way to each. */
export default function CamerasPage() {
  const t = useT();
  const { cameras, changeable, known, failure } = useServerCameras();
  useEffect(followCameras, []);
  return (
    <div className="h-full overflow-y-auto">
      <div className="mx-auto grid max-w-4xl gap-6 px-4 py-6 sm:px-8 sm:py-10" data-testid="cameras">
        <header>
          <h1 className="text-28 font-semibold">{t("cameras.title")}</h1>
          <p className="text-16 text-muted">{t("cameras.lead")}</p>
        </header>
        {failure !== null && (
          <p role="alert" className="flex flex-wrap items-center gap-3 rounded-card bg-warn-ground p-3 text-warn">
            {t("cameras.failed", { message: failureText(failure, t) })}
            <Button onClick={() => void refreshCameras()}>{t("action.retry")}</Button>
          </p>
        )}
        {cameras.length > 0 && (
          <ul className="grid gap-2">
            {cameras.map((camera) => (
              <Row key={camera.id} camera={camera} changeable={changeable} />
            ))}
          </ul>
        )}
        {known && cameras.length === 0 && <Nothing />}
        {changeable && <Add />}
        {known && !changeable && cameras.length > 0 && <p className="text-14 text-muted">{t("cameras.fixed")}</p>}
      </div>
    </div>
  );
}

/** No cameras yet, and how to come by one. */
function Nothing() {
  const t = useT();
  const ways = [
    ["mien serve --camera 0", t("cameras.none.device")],
    ["mien serve --camera door=rtsp://10.0.0.7/", t("cameras.none.network")],
    ["mien serve --camera clip.mp4", t("cameras.none.file")],
  ] as const;
  return (
    <div className="grid gap-3 rounded-card border border-line bg-surface p-6 sm:p-8" data-testid="no-cameras">
      <p className="text-16 font-semibold">{t("cameras.none")}</p>
      <p className="text-muted">{t("cameras.none.text")}</p>
      <dl className="grid gap-2 rounded-card bg-ground px-3 py-2 text-14">
        {ways.map(([command, what]) => (
          <div key={command} className="flex flex-wrap gap-x-4">
            <dt className="min-w-80 font-mono break-words max-sm:min-w-0">{command}</dt>
            <dd className="text-muted">{what}</dd>
          </div>
        ))}
      </dl>
      <p className="text-14 text-muted">{t("cameras.none.allow")}</p>
    </div>
  );
}
