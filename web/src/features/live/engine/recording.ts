/**
 * The recording of a live stream: asks the server for one, follows what it says, and goes on with it after a reload or
 * a lost connection. What it takes to go on is kept for this tab alone.
 */

import type { Refused } from "../../../shared/answers";
import type { Failure, PicturesKept, ServerMessage } from "./protocol";

/** waiting: it goes on as soon as there is a connection again; paused: as soon as the user says so. */
export type RecordingPhase = "off" | "starting" | "waiting" | "recording" | "paused" | "failed";

export interface Recording {
  readonly phase: RecordingPhase;
  /** When it began, in milliseconds since 1970. */
  readonly began: number;
  /** Seconds that are on the server's disk. */
  readonly saved: number;
  /** What is wrong, or why it ended otherwise than by the user; null when all is well. */
  readonly trouble: Refused | null;
  /** Results that wait to be written, and those that never will be. */
  readonly unwritten: number;
  readonly lost: number;
  /** How the keeping of pictures goes; null where none are kept. */
  readonly pictures: PicturesKept | null;
  /** Why it did not begin; `kind` is that of the purpose that is refused. */
  readonly refused: (Refused & { readonly kind: string | null }) | null;
  /** The marker that was noted last. */
  readonly marker: { readonly time: number; readonly label: string } | null;
  /** The last one that ended: its number on the server. */
  readonly ended: string | null;
}

export const notRecording: Recording = {
  phase: "off",
  began: 0,
  saved: 0,
  trouble: null,
  unwritten: 0,
  lost: 0,
  pictures: null,
  refused: null,
  marker: null,
  ended: null,
};

export interface Wanted {
  readonly name: string;
  readonly purpose: string;
  readonly consent: boolean;
  /** Whether pictures are kept as well: everybody in view has agreed to that, too. */
  readonly pictures: boolean;
}

/** What the recorder needs of its surroundings, so that tests can stand in for them. */
export interface Desk {
  send(message: string): boolean;
  /** Milliseconds since 1970. */
  now(): number;
  kept(): string | null;
  keep(ticket: string | null): void;
}

interface Ticket {
  readonly session: string;
  readonly token: string;
  readonly began: number;
  /** Whether the user has paused it: it must not go on by itself. */
  readonly paused: boolean;
}

/** In these a moment can be noted. */
const noting: readonly RecordingPhase[] = ["recording", "paused", "failed"];

/** Errors after which this socket has no recording. */
const REFUSALS = ["consent_needed", "purpose_refused", "bad_record", "pictures_off", "store_failed", "disk_full"];

export class Recorder {
  #state = notRecording;
  #ticket: Ticket | null;

  constructor(private readonly desk: Desk) {
    this.#ticket = ticketOf(desk.kept());
    if (this.#ticket !== null) this.#state = { ...notRecording, phase: "waiting", began: this.#ticket.began };
  }

  get state(): Recording {
    return this.#state;
  }

  /** Whether something is being recorded, or will go on. */
  get on(): boolean {
    return this.#ticket !== null;
  }

  begin(wanted: Wanted): void {
    if (this.#state.phase !== "off") return;
    const sent = this.desk.send(JSON.stringify({ type: "record", ...wanted }));
    if (sent) this.#state = { ...notRecording, phase: "starting" };
  }

  /** End it; the server writes what waits. */
  stop(): void {
    if (this.#ticket === null) return;
    const sent = this.desk.send(JSON.stringify({ type: "record", stop: true }));
    // Without a connection the server ends it by itself.
    if (!sent) this.#end(null);
  }

  /** Let nothing be recorded for a while, or go on; the server says when it is so. */
  pause(on: boolean): void {
    if (this.#ticket === null) return;
    this.#keep({ ...this.#ticket, paused: on });
    this.desk.send(JSON.stringify({ type: "record", pause: on }));
  }

  /** The stream is about to be closed on purpose: nobody will be there for the server's answer. */
  leave(): void {
    if (this.#ticket === null) {
      if (this.#state.phase === "starting") this.#state = notRecording;
      return;
    }
    this.desk.send(JSON.stringify({ type: "record", stop: true }));
    this.#end(null);
  }

  /** Note the moment `at`, in milliseconds since 1970. */
  mark(at: number, label: string): boolean {
    if (!noting.includes(this.#state.phase)) return false;
    const time = Math.max(0, (at - this.#state.began) / 1000);
    return this.desk.send(JSON.stringify({ type: "marker", time, label }));
  }

  /** There is a new connection: what was recorded on the last one goes on. */
  connected(): void {
    if (this.#ticket !== null) {
      const { session, token, paused } = this.#ticket;
      this.desk.send(JSON.stringify({ type: "record", resume: session, token, pause: paused }));
    } else if (this.#state.phase === "starting") {
      this.#state = notRecording;
    }
  }

  lost(): void {
    if (this.#ticket !== null) this.#state = { ...this.#state, phase: "waiting" };
  }

  /** The user has read what was said about the one that ended. */
  dismiss(): void {
    if (this.#state.phase === "off") this.#state = notRecording;
  }

  /** Take in a message. @returns whether it was about recordings */
  take(message: ServerMessage): boolean {
    if (message.type === "marker") {
      this.#state = { ...this.#state, marker: { time: message.time, label: message.label } };
      return true;
    }
    if (message.type === "error") return this.#refuse(message);
    if (message.type !== "recording") return false;
    if (message.state === "stopped") {
      this.#state = { ...this.#state, saved: message.saved, lost: message.lost };
      this.#end(message.code === "" || message.code === "lost" ? null : message);
      return true;
    }
    if (message.token !== null) this.#own(message.session, message.token);
    const { state, saved, waiting: unwritten, lost, pictures } = message;
    const phase = state === "failed" || state === "paused" ? state : "recording";
    const trouble = phase === "failed" ? { code: message.code, message: message.message } : null;
    this.#state = { ...this.#state, phase, saved, trouble, unwritten, lost, pictures, refused: null };
    return true;
  }

  #refuse({ code, message, kind }: Failure): boolean {
    if (code === "cannot_resume" || code === "not_recording") {
      this.#end(this.#ticket === null ? null : { code, message });
      return true;
    }
    if (!REFUSALS.includes(code)) return false;
    // With a ticket it is a marker that was refused: the recording goes on.
    this.#state =
      this.#ticket === null
        ? { ...notRecording, refused: { code, message, kind } }
        : { ...this.#state, trouble: { code, message } };
    return true;
  }

  #own(session: string, token: string): void {
    const before = this.#ticket?.session === session ? this.#ticket : null;
    const began = before?.began ?? this.desk.now();
    this.#keep({ session, token, began, paused: before?.paused ?? false });
    this.#state = { ...this.#state, began, ended: null };
  }

  #keep(ticket: Ticket): void {
    this.#ticket = ticket;
    this.desk.keep(JSON.stringify(ticket));
  }

  #end(trouble: Refused | null): void {
    const ended = this.#ticket?.session ?? null;
    this.#ticket = null;
    this.desk.keep(null);
    const { saved, lost } = this.#state;
    this.#state = { ...notRecording, saved, lost, trouble, ended };
  }
}

/** Read what was kept; what somebody else put there is passed over. */
function ticketOf(text: string | null): Ticket | null {
  if (text === null) return null;
  try {
    const { session, token, began, paused }: Partial<Record<keyof Ticket, unknown>> = JSON.parse(text);
    if (typeof session === "string" && typeof token === "string" && typeof began === "number")
      return { session, token, began, paused: paused === true };
  } catch {
    // Damaged: there is nothing to go on with.
  }
  return null;
}

const KEY = "mien-recording";

/** What is kept of a recording outlives a reload, not the tab. */
export function tabDesk(send: (message: string) => boolean): Desk {
  return {
    send,
    now: () => Date.now(),
    kept: () => storage()?.getItem(KEY) ?? null,
    keep: (ticket) => (ticket === null ? storage()?.removeItem(KEY) : storage()?.setItem(KEY, ticket)),
  };
}

/** The tab's memory; null where the browser denies it, and then a recording does not outlive a reload. */
function storage(): Storage | null {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null;
  }
}
