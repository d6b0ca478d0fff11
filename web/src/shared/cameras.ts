/** The cameras that the server watches, as the pages know them. */

import { create } from "zustand";
import { ask } from "./answers";
import type { components } from "./api";

export type CameraStatus = components["schemas"]["CameraStatus"];
type CameraList = components["schemas"]["CameraList"];

export const CAMERAS_PATH = "/api/v1/cameras";
const REFRESH_MS = 2000;

interface State extends CameraList {
  /** Whether the server has told yet. */
  readonly known: boolean;
  /** Why the list could not be had. */
  readonly failure: unknown;
}

export const useServerCameras = create<State>()(() => ({
  cameras: [],
  changeable: false,
  recordable: false,
  known: false,
  failure: null,
}));

export async function refreshCameras(): Promise<void> {
  try {
    const list: CameraList = await (await ask(CAMERAS_PATH)).json();
    useServerCameras.setState({ ...list, known: true, failure: null });
  } catch (failure) {
    useServerCameras.setState({ failure });
  }
}

/** Keep the list up to date until what is returned is called. */
export function followCameras(): () => void {
  void refreshCameras();
  const timer = window.setInterval(() => {
    if (document.visibilityState === "visible") void refreshCameras();
  }, REFRESH_MS);
  return () => window.clearInterval(timer);
}

/** Which of them an address of the app is about; null for any other address. */
export function cameraOf(path: string): string | null {
  return /^\/cameras\/([A-Za-z0-9_-]{1,32})\/?$/.exec(path)?.[1] ?? null;
}

export function pathOfCamera(id: string): string {
  return `/cameras/${id}`;
}
