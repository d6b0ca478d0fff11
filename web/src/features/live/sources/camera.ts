/** Cameras: opening one, naming what went wrong, and the list of those plugged in. */

import { everyPicture, makeVideo, type Source, SourceError, type Trouble } from "./source";

/** What a failure of `getUserMedia` means to a user. */
export function cameraTrouble(error: unknown): Trouble {
  const name = error instanceof Error ? error.name : "";
  switch (name) {
    case "NotAllowedError":
    case "PermissionDeniedError":
      return { kind: "denied" };
    case "NotFoundError":
    case "DevicesNotFoundError":
    case "OverconstrainedError":
      return { kind: "missing" };
    case "NotReadableError":
    case "TrackStartError":
    case "AbortError":
      return { kind: "busy" };
    case "SecurityError":
      return { kind: "insecure" };
    default:
      return { kind: "other", detail: error instanceof Error ? error.message || error.name : String(error) };
  }
}

function constraints(deviceId: string | null): MediaStreamConstraints {
  const which: MediaTrackConstraints = deviceId === null ? { facingMode: "user" } : { deviceId: { exact: deviceId } };
  return {
    audio: false,
    video: { ...which, width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } },
  };
}

/**
 * Open a camera. This is what makes the browser ask for permission.
 *
 * @param deviceId null for the browser's first choice, one that looks at the user if there is one
 * @throws SourceError
 */
export async function openCamera(deviceId: string | null): Promise<Source> {
  // `mediaDevices` is missing on pages that are neither https nor of this computer.
  const devices: MediaDevices | undefined = navigator.mediaDevices;
  if (devices === undefined) throw new SourceError({ kind: "insecure" });
  let stream: MediaStream;
  try {
    stream = await devices.getUserMedia(constraints(deviceId));
  } catch (error) {
    throw new SourceError(cameraTrouble(error), { cause: error });
  }
  const video = makeVideo();
  try {
    video.srcObject = stream;
    await video.play();
  } catch (error) {
    for (const track of stream.getTracks()) track.stop();
    throw new SourceError(cameraTrouble(error), { cause: error });
  }
  return new Camera(stream, video);
}

class Camera implements Source {
  readonly kind = "camera";
  readonly tape = null;
  readonly name: string;
  readonly deviceId: string | null;
  readonly facesUser: boolean;
  readonly #track: MediaStreamTrack | undefined;

  constructor(
    private readonly stream: MediaStream,
    readonly element: HTMLVideoElement,
  ) {
    this.#track = stream.getVideoTracks()[0];
    const settings = this.#track?.getSettings();
    this.name = this.#track?.label ?? "";
    this.deviceId = settings?.deviceId ?? null;
    this.facesUser = settings?.facingMode !== "environment";
  }

  size() {
    return { width: this.element.videoWidth, height: this.element.videoHeight };
  }

  onPicture(call: () => void) {
    return everyPicture(this.element, call);
  }

  onEnd(call: () => void) {
    this.#track?.addEventListener("ended", call, { once: true });
  }

  pause() {
    this.element.pause();
  }

  resume() {
    // Only a closed element refuses to play a live stream; then nobody waits for it.
    this.element.play().catch(() => undefined);
  }

  close() {
    for (const track of this.stream.getTracks()) track.stop();
    this.element.srcObject = null;
  }
}

export interface CameraInfo {
  readonly deviceId: string;
  /** Empty until the user has allowed a camera. */
  readonly label: string;
}

/** The cameras plugged in, kept up to date as they come and go. */
export class CameraList {
  #cameras: readonly CameraInfo[] = [];
  readonly #listeners = new Set<() => void>();

  /** @param onAppear called with the devices that were plugged in since the last look */
  constructor(
    private readonly onAppear: (deviceIds: readonly string[]) => void,
    private readonly devices: MediaDevices | undefined = navigator.mediaDevices,
  ) {
    devices?.addEventListener("devicechange", () => void this.refresh());
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): readonly CameraInfo[] => this.#cameras;

  async refresh(): Promise<void> {
    if (this.devices === undefined) return;
    const all = await this.devices.enumerateDevices();
    const before = new Set(this.#cameras.map(({ deviceId }) => deviceId));
    this.#cameras = all.filter(({ kind }) => kind === "videoinput").map(({ deviceId, label }) => ({ deviceId, label }));
    for (const listener of this.#listeners) listener();
    const appeared = this.#cameras.map(({ deviceId }) => deviceId).filter((deviceId) => !before.has(deviceId));
    if (appeared.length > 0) this.onAppear(appeared);
  }
}
