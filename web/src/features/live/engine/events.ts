/** What happened to people lately, as short notes. */

import type { EventKind, FaceEvent } from "./measures";

/** How long a note stays after what it tells has ended. */
const NOTE_MS = 4000;
/** An event whose end is never told is forgotten after this. */
const FORGET_MS = 60_000;
const NOTES_AT_MOST = 2;
/** Blinks are counted instead: as notes they would push everything else away. */
const silent: ReadonlySet<EventKind> = new Set(["blink"]);

export interface Note {
  readonly kind: EventKind;
  readonly start: number;
  /** How long it took; null while it goes on. */
  readonly seconds: number | null;
}

interface Entry {
  readonly event: FaceEvent;
  /** When it was told last, in ms of the session's clock. */
  readonly at: number;
}

export class EventLog {
  #entries: readonly Entry[] = [];

  /** Take what a result tells; the end of an event takes the place of its beginning. */
  add(events: readonly FaceEvent[], at: number): void {
    const told = events.filter(({ kind }) => !silent.has(kind));
    if (told.length === 0) return;
    const same = (a: FaceEvent, b: FaceEvent) => a.track === b.track && a.kind === b.kind && a.start === b.start;
    const kept = this.#entries.filter(
      (entry) => at - entry.at < FORGET_MS && !told.some((event) => same(event, entry.event)),
    );
    this.#entries = [...kept, ...told.map((event) => ({ event, at }))];
  }

  /** The newest notes about a person, newest first. */
  of(track: number, at: number): Note[] {
    return this.#entries
      .filter(({ event, at: told }) => event.track === track && (event.end === null || at - told < NOTE_MS))
      .slice(-NOTES_AT_MOST)
      .reverse()
      .map(({ event: { kind, start, end } }) => ({ kind, start, seconds: end === null ? null : end - start }));
  }

  clear(): void {
    this.#entries = [];
  }
}
