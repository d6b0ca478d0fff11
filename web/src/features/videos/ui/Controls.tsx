import { useState } from "react";
import { useT } from "../../../i18n";
import { clock } from "../../../shared/format";
import { Button } from "../../../shared/ui/Button";
import type { PlayerState } from "./usePlayer";

interface Props {
  readonly player: PlayerState & { seek(time: number): void; toggle(): void };
  readonly duration: number;
  readonly offset: number;
  onOffset(seconds: number): void;
  onFullscreen(): void;
}

const LINK_NOTE_MS = 4000;

export function Controls({ player, duration, offset, onOffset, onFullscreen }: Props) {
  const t = useT();
  return (
    <div className="controls flex flex-wrap items-center gap-2">
      <Button icon={player.playing ? "pause" : "play"} onClick={player.toggle} data-testid="play">
        {player.playing ? t("videos.pause") : t("videos.play")}
      </Button>
      <input
        type="range"
        min={0}
        max={duration || 1}
        step={0.01}
        value={player.time}
        aria-label={t("videos.position")}
        aria-valuetext={clock(player.time)}
        className="flex-[1_1_14rem] accent-accent"
        onChange={(event) => player.seek(event.target.valueAsNumber)}
      />
      <span className="text-14 text-muted" data-testid="clock">
        {clock(player.time)} / {clock(duration)}
      </span>
      <label className="flex items-center gap-2 text-14 text-muted" title={t("videos.offset.note")}>
        {t("videos.offset")}
        <input
          type="number"
          min={-10}
          max={10}
          step={0.05}
          value={offset}
          data-testid="offset"
          className="h-10 w-20 rounded-card border border-line bg-surface px-2 text-text"
          onChange={(event) => Number.isFinite(event.target.valueAsNumber) && onOffset(event.target.valueAsNumber)}
        />
        s
      </label>
      <CopyLink />
      <Button icon="fullscreen" compact="always" title={t("videos.fullscreen")} onClick={onFullscreen}>
        {t("videos.fullscreen")}
      </Button>
    </div>
  );
}

/** The address holds the moment whenever the video stands still; this puts it where it can be pasted. */
function CopyLink() {
  const t = useT();
  const [note, setNote] = useState<string | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(window.location.href);
      setNote(t("videos.link.copied"));
    } catch {
      // Pages that are not secure may not write to the clipboard.
      setNote(t("videos.link.address"));
    }
    window.setTimeout(() => setNote(null), LINK_NOTE_MS);
  };
  return (
    <Button icon="link" onClick={() => void copy()}>
      <span aria-live="polite">{note ?? t("videos.link")}</span>
    </Button>
  );
}
