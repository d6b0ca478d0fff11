import { type RefObject, useCallback, useEffect, useState } from "react";
import { rewrite } from "../../../shared/address";
import { useKeys } from "../../../shared/useKeys";
import { pathOf, placeOf } from "../engine/address";

export interface PlayerState {
  readonly playing: boolean;
  readonly time: number;
  readonly duration: number;
  readonly unplayable: boolean;
}

/** The video element's state for React, its keys, and the moment in the address. Drawing does without this. */
export function usePlayer(video: RefObject<HTMLVideoElement | null>, id: string, fps: number) {
  const [state, setState] = useState<PlayerState>({ playing: false, time: 0, duration: 0, unplayable: false });
  const seek = useCallback(
    (time: number) => {
      const element = video.current;
      if (element === null) return;
      const end = Number.isFinite(element.duration) ? element.duration : time;
      element.currentTime = Math.min(Math.max(0, time), end);
    },
    [video],
  );
  const toggle = useCallback(() => {
    const element = video.current;
    if (element === null) return;
    // Refused only when it was paused again meanwhile, which is then the user's newer wish.
    if (element.paused) element.play().catch(() => undefined);
    else element.pause();
  }, [video]);
  const by = (seconds: number) => seek((video.current?.currentTime ?? 0) + seconds);
  const step = 1 / (fps || 25);
  useKeys({
    " ": toggle,
    arrowleft: (event) => by(event.shiftKey ? -10 : -1),
    arrowright: (event) => by(event.shiftKey ? 10 : 1),
    ",": () => by(-step),
    ".": () => by(step),
    f: () => void fullscreen(video.current?.parentElement ?? null),
  });
  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    const start = placeOf(window.location.pathname, window.location.search).time;
    const read = () =>
      setState((before) => ({
        ...before,
        playing: !element.paused,
        time: element.currentTime,
        duration: Number.isFinite(element.duration) ? element.duration : before.duration,
      }));
    const remember = () => {
      if (element.paused && element.readyState > 0) rewrite(pathOf(id, element.currentTime));
    };
    const loaded = () => {
      if (start !== null && element.currentTime === 0) element.currentTime = start;
      read();
    };
    const failed = () => setState((before) => ({ ...before, unplayable: true }));
    const calls = [
      ["loadedmetadata", loaded],
      ["timeupdate", read],
      ["play", read],
      ["pause", read],
      ["seeked", read],
      ["pause", remember],
      ["seeked", remember],
      ["error", failed],
    ] as const;
    for (const [name, call] of calls) element.addEventListener(name, call);
    if (element.readyState > 0) loaded();
    if (element.error !== null) failed();
    return () => {
      for (const [name, call] of calls) element.removeEventListener(name, call);
    };
  }, [video, id]);
  return { ...state, seek, toggle };
}

export async function fullscreen(stage: Element | null): Promise<void> {
  if (document.fullscreenElement !== null) await document.exitFullscreen();
  else await stage?.requestFullscreen();
}
