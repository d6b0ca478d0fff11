/** Rates over the last two seconds, and the usual delay. */

const WINDOW_MS = 2000;

/** How often something happened per second, over the last two seconds or since it was started. */
export class RateMeter {
  #events: { at: number; count: number }[] = [];
  #since: number;

  constructor(now: number) {
    this.#since = now;
  }

  add(now: number, count = 1): void {
    if (count > 0) this.#events.push({ at: now, count });
  }

  rate(now: number): number {
    const start = Math.max(this.#since, now - WINDOW_MS);
    this.#events = this.#events.filter(({ at }) => at > now - WINDOW_MS);
    const seconds = (now - start) / 1000;
    // The first moments of a stream say nothing about its rate.
    if (seconds < 0.5) return 0;
    return this.#events.reduce((sum, { count }) => sum + count, 0) / seconds;
  }

  restart(now: number): void {
    this.#events = [];
    this.#since = now;
  }
}

/** The median of the last values: one slow frame does not move it. */
export class MedianMeter {
  readonly #values: number[] = [];

  constructor(private readonly length = 15) {}

  add(value: number): void {
    this.#values.push(value);
    if (this.#values.length > this.length) this.#values.shift();
  }

  get value(): number | null {
    const sorted = this.#values.toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? null;
  }

  restart(): void {
    this.#values.length = 0;
  }
}

export interface Rates {
  readonly sent: number;
  readonly read: number;
  readonly dropped: number;
  /** Milliseconds from taking a picture to having its result; null before the first one. */
  readonly latency: number | null;
}

export const noRates: Rates = { sent: 0, read: 0, dropped: 0, latency: null };

/** The four numbers of the badge. */
export class StreamMeter {
  readonly #sent: RateMeter;
  readonly #read: RateMeter;
  readonly #dropped: RateMeter;
  readonly #latency = new MedianMeter();
  #since: number;

  constructor(now: number) {
    this.#sent = new RateMeter(now);
    this.#read = new RateMeter(now);
    this.#dropped = new RateMeter(now);
    this.#since = now;
  }

  sent(now: number): void {
    this.#sent.add(now);
  }

  read(now: number, latency: number | null): void {
    this.#read.add(now);
    if (latency !== null) this.#latency.add(latency);
  }

  dropped(now: number, count: number): void {
    this.#dropped.add(now, count);
  }

  rates(now: number): Rates {
    return {
      sent: Math.round(this.#sent.rate(now)),
      read: Math.round(this.#read.rate(now)),
      dropped: Math.round(this.#dropped.rate(now)),
      latency: this.#latency.value === null ? null : Math.round(this.#latency.value),
    };
  }

  /** Whether the server keeps up so badly that a user should know: few results, and late ones. */
  isBusy(now: number): boolean {
    const { read, latency } = this.rates(now);
    return now - this.#since > 3000 && read < 8 && latency !== null && latency > 250;
  }

  restart(now: number): void {
    for (const meter of [this.#sent, this.#read, this.#dropped]) meter.restart(now);
    this.#latency.restart();
    this.#since = now;
  }
}
