/** Does jobs in the order in which they come, a few of them at a time. */
export class Turns {
  readonly #waiting: (() => Promise<void>)[] = [];
  #running = 0;

  constructor(private readonly atOnce: number) {}

  /** @param job what is to be done; it deals with its own errors */
  add(job: () => Promise<void>): void {
    this.#waiting.push(job);
    this.#next();
  }

  #next(): void {
    if (this.#running >= this.atOnce) return;
    const job = this.#waiting.shift();
    if (job === undefined) return;
    this.#running++;
    void job().finally(() => {
      this.#running--;
      this.#next();
    });
  }
}
