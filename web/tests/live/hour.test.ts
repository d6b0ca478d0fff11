/** An hour of live results: nothing grows, and React hears of them a few times a second, however many come. */

import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LiveSession } from "../../src/features/live/engine/session";
import { emotions } from "../../src/shared/emotions";

const PER_SECOND = 10;
const HOUR = 3600 * PER_SECOND;
/** Usually a second; a busy machine may take its time. */
const PATIENCE = 120_000;

/** The server's events, given by hand. */
class FakeEvents {
  static last: FakeEvents | null = null;
  readonly #listeners = new Map<string, (event: { data: string }) => void>();

  constructor() {
    FakeEvents.last = this;
  }

  addEventListener(name: string, listener: (event: { data: string }) => void): void {
    this.#listeners.set(name, listener);
  }

  give(name: string, data = ""): void {
    this.#listeners.get(name)?.({ data });
  }

  close(): void {}
}

function result(frame: number): string {
  const probabilities = Object.fromEntries(emotions.map((emotion, i) => [emotion, i === frame % 8 ? 0.93 : 0.01]));
  const emotion = { label: emotions[frame % 8], confidence: 0.93, uncertain: false, probabilities };
  // Every minute somebody else comes.
  const track = 1 + Math.floor(frame / (60 * PER_SECOND));
  const faces = [{ track, box: [1, 2, 30, 40], score: 0.9, emotion }];
  return JSON.stringify({ frame, width: 64, height: 48, faces, server_ms: 5 });
}

beforeEach(() => {
  vi.useFakeTimers();
  const element = { getContext: () => null, remove: () => {}, addEventListener: () => {} };
  vi.stubGlobal("document", { createElement: () => element });
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal(
    "Image",
    class {
      remove(): void {}
    },
  );
  vi.stubGlobal("EventSource", FakeEvents);
});

afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** A session that watches one of the server's cameras, and how often it has told of a change. */
async function watching(): Promise<{ session: LiveSession; told: () => number }> {
  const { LiveSession: Session } = await import("../../src/features/live/engine/session");
  const session = new Session();
  let told = 0;
  session.subscribe(() => {
    told++;
  });
  session.watch("door");
  FakeEvents.last?.give("open");
  return { session, told: () => told };
}

function play(from: number, count: number, perSecond: number): void {
  for (let frame = from; frame < from + count; frame++) {
    FakeEvents.last?.give("result", result(frame));
    vi.advanceTimersByTime(1000 / perSecond);
  }
}

describe("an hour", () => {
  it("keeps what is remembered the same size", { timeout: PATIENCE }, async () => {
    const { session } = await watching();
    play(0, HOUR / 12, PER_SECOND);
    // Rings have a fixed size: their number is the memory that the course takes.
    const remembered = () => {
      const now = session.clock.now() / 1000;
      const rings = Array.from({ length: 61 }, (_, track) => session.history.of(track)).filter((ring) => ring);
      const points = session.history.recent(now).map(({ ring }) => ring.series(now).times.length);
      return { rings: rings.length, people: session.snapshot().people.length, points: Math.max(...points) };
    };
    const early = remembered();
    play(HOUR / 12, HOUR - HOUR / 12, PER_SECOND);
    expect(early).toEqual({ rings: 2, people: 1, points: 60 * PER_SECOND });
    expect(remembered()).toEqual(early);
    session.stop();
  });

  it.each([10, 60])("tells React no oftener at %d results a second", { timeout: PATIENCE }, async (perSecond) => {
    const { session, told } = await watching();
    const before = told();
    play(0, 60 * perSecond, perSecond);
    expect(told() - before).toBeLessThanOrEqual(60_000 / 120 + 2);
    expect(told() - before).toBeGreaterThan(400);
    session.stop();
  });
});
