/** Takes pictures from a source and sends them: at most two under way, the newest always, none queued. */

import type { Source } from "../sources/source";
import type { StreamConnection } from "./connection";
import { Encoder } from "./encoder";
import { InFlight } from "./flow";
import type { StreamMeter } from "./meter";
import { encodeFrame } from "./protocol";

/** After this many ms without any answer the connection counts as dead. */
const SILENCE_MS = 10_000;
const LONG_SIDE = 640;
/** A socket that holds back this many bytes is too slow for another frame. */
const MAX_WAITING_BYTES = 256 * 1024;
/** Cameras give 30 pictures a second; what comes faster, as from a display, gains nothing. Leaves room for jitter. */
const MIN_INTERVAL_MS = 24;

export class Pump {
  readonly #encoder = new Encoder();
  readonly #flow = new InFlight();
  #source: Source | null = null;
  #detach: (() => void) | null = null;
  #seq = 0;
  #encoding = false;
  #lastTaken = Number.NEGATIVE_INFINITY;
  /** Whether one more picture is wanted although the source stands still. */
  #wanted = false;
  /** When the first frame after the last answer was sent. */
  #silentSince: number | null = null;
  /** Answers to frames before this one belong to something that was reset. */
  #validFrom = 0;
  paused = false;
  maxFrameBytes = Number.POSITIVE_INFINITY;

  constructor(
    private readonly connection: StreamConnection,
    private readonly meter: StreamMeter,
  ) {}

  attach(source: Source): void {
    this.detach();
    this.#source = source;
    this.forget();
    this.#detach = source.onPicture(() => this.#offer());
  }

  detach(): void {
    this.#detach?.();
    this.#detach = null;
    this.#source = null;
    this.forget();
  }

  /** Send one picture as soon as possible, even from a video that is paused. */
  once(): void {
    this.#wanted = true;
    this.#offer();
  }

  /** Let go of everything under way: its answers no longer count. */
  forget(): void {
    this.#flow.clear();
    this.#silentSince = null;
    this.#validFrom = this.#seq;
    this.#wanted = true;
  }

  /**
   * Take an answer.
   *
   * @returns the ms since its picture was taken, or null for an answer that no longer counts
   */
  settle(seq: number, now: number): number | null {
    this.#silentSince = null;
    const at = this.#flow.settle(seq);
    if (at === null || seq < this.#validFrom) return null;
    return now - at;
  }

  /** Whether frames go out and nothing at all comes back. */
  isSilent(now: number): boolean {
    return this.#silentSince !== null && now - this.#silentSince > SILENCE_MS;
  }

  #offer(): void {
    const source = this.#source;
    if (source === null || this.connection.link !== "open") return;
    if (this.paused && !this.#wanted) return;
    const now = performance.now();
    if (!this.paused && now - this.#lastTaken < MIN_INTERVAL_MS) return;
    this.#lastTaken = now;
    const free = !this.#encoding && this.#flow.hasRoom(now) && this.connection.waiting < MAX_WAITING_BYTES;
    if (!free) {
      if (!this.paused) this.meter.dropped(now, 1);
      return;
    }
    this.#wanted = false;
    void this.#send(source, now);
  }

  async #send(source: Source, takenAt: number): Promise<void> {
    const size = source.size();
    if (size.width === 0 || size.height === 0) return;
    this.#encoding = true;
    const epoch = this.#validFrom;
    let picture: Uint8Array | null;
    try {
      picture = await this.#encoder.encode(source.element, size, LONG_SIDE, this.maxFrameBytes);
    } finally {
      this.#encoding = false;
    }
    if (picture === null || source !== this.#source || epoch !== this.#validFrom) return;
    const seq = this.#seq++;
    if (!this.connection.send(encodeFrame(seq, performance.timeOrigin + takenAt, picture))) return;
    this.#flow.add(seq, takenAt);
    this.#silentSince ??= takenAt;
    this.meter.sent(takenAt);
  }
}
