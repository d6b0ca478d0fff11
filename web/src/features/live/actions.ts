/** What the buttons do. */

import { navigate } from "../../shared/address";
import { cameraOf } from "../../shared/cameras";
import { isPhoto, showPhotos } from "../../shared/handover";
import { openCamera } from "./sources/camera";
import { openDemo } from "./sources/demo";
import { openFile } from "./sources/file";
import { cameras, session } from "./store";

/** @param deviceId null for the browser's first choice */
export async function startCamera(deviceId: string | null): Promise<void> {
  await open("camera", () => openCamera(deviceId));
  // Names of cameras are told only after permission.
  await cameras.refresh();
}

/** Play the video among the files, or show the photos on the page that is for them. */
export async function startFiles(files: readonly File[]): Promise<void> {
  const [file] = files;
  if (file === undefined) return;
  if (isPhoto(file)) showPhotos(files.filter(isPhoto));
  else await open("file", () => openFile(file));
}

export async function startDemo(): Promise<void> {
  await open("demo", openDemo);
}

/** Let the user choose a file; nothing happens when they cancel. */
export function chooseFile(): void {
  document.getElementById(FILE_INPUT_ID)?.click();
}

export const FILE_INPUT_ID = "file-input";

/** Open a source of this page; the address of a server's camera is left. */
async function open(...[kind, opener]: Parameters<typeof session.open>): Promise<void> {
  const opened = session.open(kind, opener);
  if (cameraOf(window.location.pathname) !== null) navigate("/live");
  await opened;
}

export async function toggleFullscreen(element: Element | null): Promise<void> {
  if (document.fullscreenElement) await document.exitFullscreen();
  else await element?.requestFullscreen();
}
