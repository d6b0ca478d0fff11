/** Which frames are under way. A camera gives more than a server can read: the newest wins, nothing queues. */

export class InFlight {
  readonly #sent = new Map<number, number>();

  /**
   * @param limit how many frames may be under way at once
   * @param patience ms after which a frame that was never answered no longer counts
   */
  constructor(
    private readonly limit = 2,
    private readonly patience = 5000,
  ) {}

  get size(): number {
    return this.#sent.size;
  }

  /** Whether a frame may be sent now. */
  hasRoom(now: number): boolean {
    for (const [seq, at] of this.#sent) if (now - at > this.patience) this.#sent.delete(seq);
    return this.#sent.size < this.limit;
  }

  add(seq: number, now: number): void {
    this.#sent.set(seq, now);
  }

  /**
   * Take an answer. The server reads in order, so frames before this one will not be answered any more.
   *
   * @returns when the answered frame was sent, or null for one that no longer counts
   */
  settle(seq: number): number | null {
    const at = this.#sent.get(seq) ?? null;
    for (const earlier of this.#sent.keys()) if (earlier <= seq) this.#sent.delete(earlier);
    return at;
  }

  clear(): void {
    this.#sent.clear();
  }
}
