import { useT } from "../../../i18n";
import { remoteHost } from "../../../shared/host";
import { failureText } from "../../../shared/refusals";
import { useSettings } from "../../../shared/settings";
import { AttributesBox } from "../../../shared/ui/AttributesBox";
import { Button } from "../../../shared/ui/Button";
import { Chooser, useDrop } from "../../../shared/ui/Chooser";
import { Icon } from "../../../shared/ui/Icon";
import { LostError } from "../engine/api";
import { dismiss, refresh, send, type Upload, useVideos } from "../store";
import { VideoRow } from "./VideoRow";

const ACCEPT = "video/*,image/gif,.mkv,.avi,.mov,.mpg,.mpeg,.m2ts,.ts";

/** Where files are sent from, and what has become of them. */
export function Library() {
  const t = useT();
  const { videos, uploads, failure } = useVideos();
  const choose = useSend();
  const { dragging, ...drop } = useDrop(choose);
  return (
    <div className="relative h-full overflow-y-auto" {...drop}>
      <div className="mx-auto grid max-w-4xl gap-6 px-4 py-6 sm:px-8 sm:py-10" data-testid="videos">
        <header>
          <h1 className="text-28 font-semibold">{t("videos.title")}</h1>
          <p className="text-16 text-muted">{t("videos.lead")}</p>
        </header>
        <Sending dragging={dragging} onFiles={choose} />
        {failure !== null && (
          <p role="alert" className="flex flex-wrap items-center gap-3 rounded-card bg-warn-ground p-3 text-warn">
            {t("videos.unreachable", { message: failureText(failure, t) })}
            <Button onClick={() => void refresh()}>{t("videos.reload")}</Button>
          </p>
        )}
        {uploads.length > 0 && (
          <ul className="grid gap-2">
            {uploads.map((upload) => (
              <UploadRow key={upload.key} upload={upload} />
            ))}
          </ul>
        )}
        {videos !== null && videos.length === 0 && uploads.length === 0 && (
          <div className="rounded-card border border-line bg-surface p-8 text-center" data-testid="no-videos">
            <p className="text-16 font-semibold">{t("videos.none")}</p>
            <p className="text-muted">{t("videos.none.text")}</p>
          </div>
        )}
        {videos !== null && videos.length > 0 && (
          <section>
            <h2 className="mb-2 text-16 font-semibold">{t("videos.list")}</h2>
            <ul className="grid gap-2">
              {videos.map((video) => (
                <VideoRow key={video.id} video={video} />
              ))}
            </ul>
          </section>
        )}
      </div>
    </div>
  );
}

/** Send files with age and gender where they are wanted and the server allows them. */
function useSend(): (files: readonly File[]) => void {
  const wanted = useSettings((state) => state.attributes);
  const allowed = useVideos((state) => state.attributes);
  return (files) => void send(files, wanted && allowed);
}

interface SendingProps {
  readonly dragging: boolean;
  onFiles(files: readonly File[]): void;
}

function Sending({ dragging, onFiles }: SendingProps) {
  const t = useT();
  const { keepDays, attributes } = useVideos();
  const settings = useSettings();
  const host = remoteHost(window.location.hostname);
  const where = host === null ? t("videos.kept.here") : t("videos.kept.server", { host });
  const kept = keepDays > 0 ? t("videos.kept.days", { where, days: keepDays }) : t("videos.kept.ever", { where });
  return (
    <Chooser
      accept={ACCEPT}
      icon="videos"
      word={t("videos.choose")}
      testid="video-input"
      dragging={dragging}
      small
      onFiles={onFiles}
    >
      <p className="text-14 text-muted">{dragging ? t("videos.drop.here") : t("videos.drop")}</p>
      <p className="text-14 text-muted">{kept}</p>
      {attributes && (
        <AttributesBox
          testid="video-attributes"
          checked={settings.attributes}
          onChange={(on) => settings.change({ attributes: on })}
        />
      )}
    </Chooser>
  );
}

function UploadRow({ upload }: { readonly upload: Upload }) {
  const t = useT();
  const { name, failure, share } = upload;
  if (failure !== null)
    return (
      <li
        role="alert"
        data-testid="upload-failed"
        className="flex items-center gap-3 rounded-card bg-warn-ground p-3 text-warn"
      >
        <Icon name="warning" />
        <span className="min-w-0 flex-1 break-words">
          {t("videos.upload.failed", {
            name,
            message: failure instanceof LostError ? t("videos.upload.lost") : failureText(failure, t),
          })}
        </span>
        <Button look="quiet" onClick={() => dismiss(upload.key)}>
          {t("videos.dismiss")}
        </Button>
      </li>
    );
  return (
    <li className="flex items-center gap-3 rounded-card border border-line bg-surface p-3" data-testid="upload">
      <span className="min-w-0 flex-1 truncate">{t("videos.upload", { name })}</span>
      <progress className="bar w-32" value={share} max={1} aria-label={t("videos.upload", { name })} />
      <Button look="quiet" onClick={upload.abort}>
        {t("videos.cancel")}
      </Button>
    </li>
  );
}
