/** The page's one session and camera list. They live as long as the page, outside React. */

import { useSyncExternalStore } from "react";
import { useSettings } from "../../shared/settings";
import { LiveSession, type Snapshot } from "./engine/session";
import { type Why, WhyLens } from "./engine/why";
import { type CameraInfo, CameraList } from "./sources/camera";

export const session = new LiveSession();
session.configure(useSettings.getState());
useSettings.subscribe((settings) => session.configure(settings));
export const lens = new WhyLens({
  subscribe: session.subscribe,
  snapshot: session.snapshot,
  faces: () => session.tracks.drawn(session.clock.now()),
});
export const cameras = new CameraList((appeared) => session.camerasAppeared(appeared));

export function useSession(): Snapshot {
  return useSyncExternalStore(session.subscribe, session.snapshot);
}

export function useWhy(): Why {
  return useSyncExternalStore(lens.subscribe, lens.snapshot);
}

export function useCameras(): readonly CameraInfo[] {
  return useSyncExternalStore(cameras.subscribe, cameras.snapshot);
}
