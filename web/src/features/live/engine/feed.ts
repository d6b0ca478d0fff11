/** Follows one of the server's cameras: how it is, and what is seen on it. Comes back by itself when it is lost. */

import { type CameraState, parseCameraResult, parseCameraState, type SeenByCamera } from "./cameraNews";
import { backoff, type Link } from "./connection";
import { ProtocolError } from "./fields";

/** What following needs of a browser, so that tests can stand in for it. */
export interface Surroundings {
  events(): EventSource;
  /** The status that the server answers with when asked for the camera; null when nobody answers. */
  status(): Promise<number | null>;
  later(ms: number, what: () => void): () => void;
  random(): number;
}

export interface Handlers {
  onLink(link: Link): void;
  onState(state: CameraState): void;
  onResult(result: SeenByCamera): void;
  /** The server has no such camera. */
  onGone(): void;
}

export class CameraFeed {
  #events: EventSource | null = null;
  #cancelRetry: (() => void) | null = null;
  #attempts = 0;
  #stopped = false;

  constructor(
    private readonly handlers: Handlers,
    private readonly surroundings: Surroundings,
  ) {}

  start(): void {
    this.handlers.onLink("connecting");
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelRetry?.();
    this.#events?.close();
    this.#events = null;
  }

  #connect(): void {
    const events = this.surroundings.events();
    this.#events = events;
    events.addEventListener("open", () => {
      this.#attempts = 0;
      if (!this.#stopped) this.handlers.onLink("open");
    });
    events.addEventListener("state", (event) => this.#read(() => this.handlers.onState(parseCameraState(event.data))));
    events.addEventListener("result", (event) =>
      this.#read(() => this.handlers.onResult(parseCameraResult(event.data))),
    );
    // Browsers tell nothing of what went wrong, and some do not try again: asking in plain HTTP tells.
    events.addEventListener("error", () => void this.#lost(events));
  }

  #read(take: () => void): void {
    if (this.#stopped) return;
    try {
      take();
    } catch (error) {
      // One damaged message: the next one is as good.
      if (!(error instanceof ProtocolError)) throw error;
    }
  }

  async #lost(events: EventSource): Promise<void> {
    if (events !== this.#events) return;
    events.close();
    this.#events = null;
    this.handlers.onLink("reconnecting");
    const status = await this.surroundings.status();
    if (this.#stopped) return;
    if (status === 404) this.handlers.onGone();
    else if (status === 401) this.handlers.onLink("locked");
    else {
      const wait = backoff(this.#attempts++, this.surroundings.random());
      this.#cancelRetry = this.surroundings.later(wait, () => this.#connect());
    }
  }
}

/** As a browser does it; whoever has the cookie of `/login` may follow. */
export function browserSurroundings(path: string): Surroundings {
  return {
    events: () => new EventSource(`${path}/events`),
    async status() {
      try {
        return (await fetch(path, { cache: "no-store" })).status;
      } catch {
        return null;
      }
    },
    later(ms, what) {
      const timer = window.setTimeout(what, ms);
      return () => window.clearTimeout(timer);
    },
    random: Math.random,
  };
}
