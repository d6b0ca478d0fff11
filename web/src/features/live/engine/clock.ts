/** A clock that stands still while the picture does. */

export class PausableClock {
  #offset = 0;
  #pausedAt: number | null = null;

  /** @param source a clock in ms that never runs backwards */
  constructor(private readonly source: () => number = () => performance.now()) {}

  now(): number {
    return (this.#pausedAt ?? this.source()) - this.#offset;
  }

  get paused(): boolean {
    return this.#pausedAt !== null;
  }

  pause(): void {
    this.#pausedAt ??= this.source();
  }

  resume(): void {
    if (this.#pausedAt === null) return;
    this.#offset += this.source() - this.#pausedAt;
    this.#pausedAt = null;
  }
}
