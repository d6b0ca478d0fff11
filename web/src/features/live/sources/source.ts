/** Where pictures come from, behind one face: a camera, a video file, the demo, a camera of the server's. */

import type { Size } from "../../../shared/geometry";
import type { Picture } from "../engine/encoder";

export type SourceKind = "camera" | "video" | "demo" | "server";

/** A recording that can be wound. Times in seconds. */
export interface Tape {
  readonly duration: number;
  readonly position: number;
  seek(seconds: number): void;
}

export interface Source {
  readonly kind: SourceKind;
  /** What to call it: the name of the camera or of the file. */
  readonly name: string;
  /** The device of a camera, otherwise null. */
  readonly deviceId: string | null;
  /** What is shown, and what frames are taken from. */
  readonly element: Picture;
  /** Whether it looks at the user, so that a mirror image feels right. */
  readonly facesUser: boolean;
  readonly tape: Tape | null;
  size(): Size;
  /** Call back whenever there is a new picture. @returns a function that ends it */
  onPicture(call: () => void): () => void;
  /** Call back when the source ends by itself: unplugged, or played to its end. */
  onEnd(call: () => void): void;
  pause(): void;
  resume(): void;
  close(): void;
}

/** Why a source did not start or went away. */
export type Trouble =
  | { readonly kind: "denied" | "missing" | "busy" | "insecure" | "demo" }
  | { readonly kind: "unplugged"; readonly deviceId: string | null }
  | { readonly kind: "other"; readonly detail: string }
  | { readonly kind: "unreadable" | "gone"; readonly name: string };

export class SourceError extends Error {
  override readonly name = "SourceError";

  constructor(
    readonly trouble: Trouble,
    options?: ErrorOptions,
  ) {
    super(trouble.kind, options);
  }
}

/** Call back for every display frame. */
export function everyFrame(call: () => void): () => void {
  let handle = 0;
  const step = () => {
    handle = requestAnimationFrame(step);
    call();
  };
  handle = requestAnimationFrame(step);
  return () => cancelAnimationFrame(handle);
}

/** Call back for every new picture of a video, or for every display frame where the browser cannot tell. */
export function everyPicture(video: HTMLVideoElement, call: () => void): () => void {
  if (!("requestVideoFrameCallback" in video)) return everyFrame(call);
  let handle = 0;
  const step = () => {
    handle = video.requestVideoFrameCallback(step);
    call();
  };
  handle = video.requestVideoFrameCallback(step);
  return () => video.cancelVideoFrameCallback(handle);
}

/** A video element that plays inside the page and without sound. */
export function makeVideo(): HTMLVideoElement {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.disablePictureInPicture = true;
  return video;
}
