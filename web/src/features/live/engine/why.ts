/**
 * Why a face got its label: the heat map of the face that the pointer or the focus rests on, while the picture stands
 * still (is paused). It lives outside React and asks the server once per picture.
 */

import { place, type Rect } from "../../../shared/geometry";
import type { Source } from "../sources/source";
import { askReasons, type Reason, reasonAt } from "./reasons";
import type { Snapshot } from "./session";
import type { DrawnFace } from "./tracks";

export type Why =
  | { readonly phase: "off" }
  | { readonly phase: "asking"; readonly track: number }
  | { readonly phase: "shown"; readonly track: number; readonly reason: Reason }
  /** What went wrong; null where the face was not found again in the closer look. */
  | { readonly phase: "failed"; readonly track: number; readonly error: unknown };

/** What the live session is to this. */
export interface Watched {
  readonly subscribe: (listener: () => void) => () => void;
  readonly snapshot: () => Snapshot;
  /** The faces as they are drawn now. */
  faces(): readonly DrawnFace[];
}

/** What it needs of a browser, so that tests can stand in for it. */
export interface Means {
  ask(source: Source, signal: AbortSignal): Promise<Reason[]>;
  later(ms: number, what: () => void): () => void;
}

const browser: Means = {
  ask: askReasons,
  later: (ms, what) => {
    const timer = window.setTimeout(what, ms);
    return () => window.clearTimeout(timer);
  },
};

/** A pointer that passes over a face asks nothing. */
const REST_MS = 150;
const OFF: Why = { phase: "off" };

/** One standing picture. */
interface Moment {
  readonly source: Source;
  readonly position: number;
}

function momentOf({ stage, paused }: Snapshot): Moment | null {
  if (stage.phase !== "running" || !paused) return null;
  const { source } = stage;
  return { source, position: source.tape?.position ?? 0 };
}

export class WhyLens {
  readonly #listeners = new Set<() => void>();
  #snapshot = OFF;
  #pointed: number | null = null;
  #focused: number | null = null;
  #dismissed = false;
  #track: number | null = null;
  #moment: Moment | null = null;
  #reasons: readonly Reason[] | null = null;
  #cancelRest: (() => void) | null = null;
  #request: AbortController | null = null;

  constructor(
    private readonly session: Watched,
    private readonly means: Means = browser,
  ) {
    session.subscribe(() => this.#look());
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly snapshot = (): Why => this.#snapshot;

  /** The pointer is on this face, or on none. */
  point(track: number | null): void {
    if (track === this.#pointed) return;
    this.#pointed = track;
    this.#dismissed = false;
    this.#look();
  }

  /** The focus is on this face, or on none. */
  focus(track: number | null): void {
    this.#focused = track;
    this.#dismissed = false;
    this.#look();
  }

  /** Take the map away until another face is chosen. */
  dismiss(): void {
    this.#dismissed = true;
    this.#look();
  }

  #look(): void {
    const moment = momentOf(this.session.snapshot());
    const moved = moment?.source !== this.#moment?.source || moment?.position !== this.#moment?.position;
    const wished = moment === null || this.#dismissed ? null : (this.#pointed ?? this.#focused);
    // What stood for a face may have gone with it, without a word from the pointer.
    const track = this.session.faces().some((face) => face.track === wished) ? wished : null;
    if (!moved && track === this.#track) return;
    this.#track = track;
    this.#cancelRest?.();
    this.#cancelRest = null;
    if (moved) {
      this.#moment = moment;
      this.#reasons = null;
      this.#request?.abort();
      this.#request = null;
    }
    if (track === null) this.#set(OFF);
    else if (this.#reasons !== null) this.#show(track, this.#reasons);
    else {
      this.#set(this.#request === null ? OFF : { phase: "asking", track });
      if (this.#request === null) this.#cancelRest = this.means.later(REST_MS, () => void this.#ask());
    }
  }

  async #ask(): Promise<void> {
    const moment = this.#moment;
    if (moment === null || this.#track === null) return;
    const request = new AbortController();
    this.#request = request;
    this.#set({ phase: "asking", track: this.#track });
    try {
      const reasons = await this.means.ask(moment.source, request.signal);
      if (request !== this.#request) return;
      this.#reasons = reasons;
      if (this.#track !== null) this.#show(this.#track, reasons);
    } catch (error) {
      if (request !== this.#request) return;
      if (this.#track !== null) this.#set({ phase: "failed", track: this.#track, error });
    } finally {
      if (request === this.#request) this.#request = null;
    }
  }

  #show(track: number, reasons: readonly Reason[]): void {
    const face = this.session.faces().find((each) => each.track === track);
    const reason = face === undefined ? null : reasonAt(face.box, reasons);
    this.#set(reason === null ? { phase: "failed", track, error: null } : { phase: "shown", track, reason });
  }

  #set(why: Why): void {
    if (why === this.#snapshot) return;
    this.#snapshot = why;
    for (const listener of this.#listeners) listener();
  }
}

/** The face drawn at a point of the screen, the smallest if there are several; null where there is none. */
export function faceAt(
  x: number,
  y: number,
  faces: readonly DrawnFace[],
  picture: Rect,
  mirrored: boolean,
): number | null {
  const hit = faces
    .map(({ track, box }) => ({ track, rect: place(box, picture, mirrored) }))
    .filter(({ rect }) => x >= rect.x && y >= rect.y && x <= rect.x + rect.width && y <= rect.y + rect.height)
    .toSorted((a, b) => a.rect.width * a.rect.height - b.rect.width * b.rect.height);
  return hit[0]?.track ?? null;
}
