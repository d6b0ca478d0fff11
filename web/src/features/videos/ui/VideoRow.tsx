import { type MouseEvent, useState } from "react";
import { useLanguage, useT } from "../../../i18n";
import { navigate } from "../../../shared/address";
import { clock, percent } from "../../../shared/format";
import { Button } from "../../../shared/ui/Button";
import { Icon } from "../../../shared/ui/Icon";
import { pathOf } from "../engine/address";
import * as api from "../engine/api";
import { act } from "../store";

/** One video of the list: its name leads into it. */
export function VideoRow({ video }: { readonly video: api.Video }) {
  const t = useT();
  const open = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(pathOf(video.id));
  };
  const busy = video.state === "waiting" || video.state === "running";
  return (
    <li
      data-testid="video"
      data-state={video.state}
      data-name={video.name}
      className="grid grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1 rounded-card border border-line bg-surface p-3"
    >
      <a href={pathOf(video.id)} onClick={open} className="truncate text-16 font-medium text-link hover:underline">
        {video.name}
      </a>
      <div className="flex justify-end gap-1">
        {busy ? (
          <Button look="quiet" icon="stop" onClick={() => void act(api.cancel, video.id)}>
            {t("videos.cancel")}
          </Button>
        ) : (
          <Delete video={video} />
        )}
      </div>
      <div className="col-span-2 min-h-5 text-14 text-muted">
        <How video={video} />
      </div>
    </li>
  );
}

/** Deleting is for good, so it asks once more in the same place. */
export function Delete({ video, onDone }: { readonly video: api.Video; onDone?(): void }) {
  const t = useT();
  const [asking, setAsking] = useState(false);
  if (!asking)
    return (
      <Button look="quiet" icon="trash" onClick={() => setAsking(true)}>
        {t("videos.delete")}
      </Button>
    );
  return (
    <>
      <Button
        icon="trash"
        data-testid="delete-sure"
        onClick={() => {
          setAsking(false);
          void act(api.remove, video.id).then(onDone);
        }}
      >
        {t("videos.delete.sure")}
      </Button>
      <Button look="quiet" onClick={() => setAsking(false)}>
        {t("videos.delete.no")}
      </Button>
    </>
  );
}

/** The state in words, with progress while there is any. */
export function How({ video }: { readonly video: api.Video }) {
  const t = useT();
  const language = useLanguage().code;
  const state = t(`videos.state.${video.state}`);
  if (video.state === "failed")
    return (
      <span className="flex items-start gap-2 text-warn" data-testid="video-reason">
        <Icon name="warning" />
        <span className="min-w-0 break-words">{video.reason}</span>
      </span>
    );
  if (video.state === "running")
    return (
      <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span>{state}</span>
        <progress className="bar w-40" value={video.progress ?? undefined} max={1} aria-label={state} />
        {video.progress !== null && <span>{percent(video.progress, language)}</span>}
        <span>
          {video.frames === null
            ? t("videos.frames", { count: video.analysed })
            : t("videos.framesOf", { count: video.analysed, all: video.frames })}
        </span>
        {video.eta !== null && <span>{t("videos.eta", { time: clock(video.eta).replace(/\.\d$/, "") })}</span>}
      </span>
    );
  const facts = [
    state,
    video.duration === null ? null : clock(video.duration),
    video.width === null ? null : `${video.width} × ${video.height}`,
    video.analysed > 0 ? t("videos.frames", { count: video.analysed }) : null,
    ...video.warnings,
  ];
  return <span>{facts.filter((fact) => fact !== null).join(" · ")}</span>;
}
