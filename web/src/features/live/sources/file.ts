/** A video from the user's disk. It is read in this page; what is analysed are single frames. */

import { everyPicture, makeVideo, type Source, SourceError, type Tape } from "./source";

/** @throws SourceError when the browser cannot read it as a video */
export async function openFile(file: File): Promise<Source> {
  const source = await openVideo(file);
  if (source === null) throw new SourceError({ kind: "unreadable", name: file.name });
  return source;
}

async function openVideo(file: File): Promise<Source | null> {
  const video = makeVideo();
  const address = URL.createObjectURL(file);
  video.preload = "auto";
  video.src = address;
  const readable = await new Promise<boolean>((done) => {
    video.addEventListener("loadeddata", () => done(video.videoWidth > 0), { once: true });
    video.addEventListener("error", () => done(false), { once: true });
  });
  if (!readable) {
    URL.revokeObjectURL(address);
    return null;
  }
  // A browser that refuses to play by itself shows the first picture; the user starts it.
  await video.play().catch(() => undefined);
  return new VideoFile(video, file.name, address);
}

class VideoFile implements Source {
  readonly kind = "video";
  readonly deviceId = null;
  readonly facesUser = false;

  constructor(
    readonly element: HTMLVideoElement,
    readonly name: string,
    private readonly address: string,
  ) {}

  get tape(): Tape {
    const video = this.element;
    return {
      duration: Number.isFinite(video.duration) ? video.duration : video.currentTime,
      position: video.currentTime,
      seek: (seconds) => {
        video.currentTime = seconds;
      },
    };
  }

  size() {
    return { width: this.element.videoWidth, height: this.element.videoHeight };
  }

  onPicture(call: () => void) {
    return everyPicture(this.element, call);
  }

  onEnd(call: () => void) {
    this.element.addEventListener("ended", call);
  }

  pause() {
    this.element.pause();
  }

  resume() {
    // Refused only when it was paused or closed again meanwhile, which is then the user's newer wish.
    this.element.play().catch(() => undefined);
  }

  close() {
    this.element.pause();
    this.element.removeAttribute("src");
    this.element.load();
    URL.revokeObjectURL(this.address);
  }
}
