import { describe, expect, it } from "vitest";
import { iou, parseReasons, type Reason, reasonAt } from "../../src/features/live/engine/reasons";
import { initial, type Snapshot } from "../../src/features/live/engine/session";
import type { DrawnFace } from "../../src/features/live/engine/tracks";
import { faceAt, WhyLens } from "../../src/features/live/engine/why";
import type { Source, SourceKind } from "../../src/features/live/sources/source";

const image = "data:image/png;base64,AAAA";
const answer = {
  width: 200,
  height: 100,
  faces: [{ box: [20, 10, 60, 50], explain: { label: "happiness", box: [10, 5, 70, 55], image } }],
};

function reason(left: number): Reason {
  return { face: [left, 0, left + 0.2, 0.4], area: [left, 0, left + 0.2, 0.4], label: "happiness", image };
}

function face(track: number, left: number): DrawnFace {
  return {
    track,
    box: [left, 0, left + 0.2, 0.4],
    alpha: 1,
    expression: null,
    obstacle: null,
    landmarks: null,
    pose: null,
  };
}

describe("parseReasons", () => {
  it("gives boxes as fractions of the picture", () => {
    expect(parseReasons(answer)).toEqual([
      { face: [0.1, 0.1, 0.3, 0.5], area: [0.05, 0.05, 0.35, 0.55], label: "happiness", image },
    ]);
  });

  it.each([
    ["no explanation", { ...answer, faces: [{ box: [0, 0, 1, 1] }] }],
    [
      "an unknown word",
      { ...answer, faces: [{ box: [0, 0, 1, 1], explain: { label: "love", box: [0, 0, 1, 1], image } }] },
    ],
    [
      "an address instead of a picture",
      { ...answer, faces: [{ box: [0, 0, 1, 1], explain: { label: "fear", box: [0, 0, 1, 1], image: "https://x" } }] },
    ],
    ["no faces", { width: 1, height: 1 }],
  ])("refuses %s", (_, value) => {
    expect(() => parseReasons(value)).toThrow();
  });
});

describe("reasonAt", () => {
  it("takes the face that lies there", () => {
    expect(reasonAt([0.52, 0, 0.7, 0.4], [reason(0), reason(0.5)])).toEqual(reason(0.5));
  });

  it("takes none when that face was not found again", () => {
    expect(reasonAt([0.8, 0.5, 1, 0.9], [reason(0), reason(0.5)])).toBeNull();
  });

  it("measures overlap", () => {
    expect(iou([0, 0, 2, 2], [1, 0, 3, 2])).toBeCloseTo(1 / 3);
    expect(iou([0, 0, 1, 1], [2, 2, 3, 3])).toBe(0);
  });
});

describe("faceAt", () => {
  const picture = { x: 100, y: 0, width: 100, height: 100 };
  const faces = [face(1, 0), { ...face(2, 0.05), box: [0.05, 0.1, 0.1, 0.2] as const }];

  it.each([
    ["a face", 115, 30, false, 1],
    ["the smaller of two", 107, 15, false, 2],
    ["the ground", 150, 30, false, null],
    ["the bars beside the picture", 50, 30, false, null],
    ["a face in the mirror", 185, 30, true, 1],
  ])("finds %s", (_, x, y, mirrored, track) => {
    expect(faceAt(x, y, faces, picture, mirrored)).toBe(track);
  });
});

/** A session, a server and a clock that a test turns by hand. */
class FakeWorld {
  readonly position = { now: 0 };
  state: Snapshot = initial;
  faces: DrawnFace[] = [face(1, 0), face(2, 0.5)];
  asked: { answer: (reasons: Reason[]) => void; fail: (error: Error) => void; signal: AbortSignal }[] = [];
  #listener = () => {};
  #waits: (() => void)[] = [];

  readonly lens = new WhyLens(
    {
      subscribe: (listener) => {
        this.#listener = listener;
        return () => {};
      },
      snapshot: () => this.state,
      faces: () => this.faces,
    },
    {
      ask: (_, signal) =>
        new Promise((answer, fail) => {
          this.asked.push({ answer, fail, signal });
        }),
      later: (_, what) => {
        this.#waits.push(what);
        return () => {
          this.#waits = this.#waits.filter((each) => each !== what);
        };
      },
    },
  );

  run(kind: SourceKind, paused = false): void {
    const { position } = this;
    const tape = {
      duration: 9,
      seek: () => {},
      get position() {
        return position.now;
      },
    };
    const source = { kind, tape: kind === "video" ? tape : null } as unknown as Source;
    this.set({ stage: { phase: "running", source }, paused });
  }

  set(values: Partial<Snapshot>): void {
    this.state = { ...this.state, ...values };
    this.#listener();
  }

  rest(): void {
    const waits = this.#waits;
    this.#waits = [];
    for (const what of waits) what();
  }

  async answer(...reasons: Reason[]): Promise<void> {
    this.asked.at(-1)?.answer(reasons);
    await new Promise((done) => setTimeout(done, 0));
  }

  get phase(): string {
    return this.lens.snapshot().phase;
  }
}

describe("WhyLens", () => {
  it("shows the map of the face that the pointer rests on", async () => {
    const world = new FakeWorld();
    world.run("video", true);
    world.lens.point(2);
    expect(world.phase).toBe("off");
    world.rest();
    expect(world.phase).toBe("asking");
    await world.answer(reason(0), reason(0.5));
    expect(world.lens.snapshot()).toEqual({ phase: "shown", track: 2, reason: reason(0.5) });
    world.lens.point(null);
    expect(world.phase).toBe("off");
  });

  it("asks nothing for a pointer that only passes, nor while the picture moves", () => {
    const world = new FakeWorld();
    world.run("camera");
    world.lens.point(1);
    world.rest();
    world.run("video", true);
    world.lens.point(2);
    world.lens.point(null);
    world.rest();
    expect(world.asked).toHaveLength(0);
  });

  it("asks once per picture", async () => {
    const world = new FakeWorld();
    world.run("video", true);
    world.lens.point(1);
    world.rest();
    await world.answer(reason(0), reason(0.5));
    world.lens.point(2);
    expect(world.lens.snapshot()).toEqual({ phase: "shown", track: 2, reason: reason(0.5) });
    expect(world.asked).toHaveLength(1);
  });

  it("follows the pointer to another face while it waits for the answer", async () => {
    const world = new FakeWorld();
    world.run("video", true);
    world.lens.point(1);
    world.rest();
    world.lens.point(2);
    expect(world.lens.snapshot()).toEqual({ phase: "asking", track: 2 });
    await world.answer(reason(0), reason(0.5));
    expect(world.lens.snapshot()).toMatchObject({ phase: "shown", track: 2 });
    expect(world.asked).toHaveLength(1);
  });

  it("appears on pausing and goes when it goes on", async () => {
    const world = new FakeWorld();
    world.run("camera");
    world.lens.focus(1);
    world.set({ paused: true });
    world.rest();
    await world.answer(reason(0));
    expect(world.phase).toBe("shown");
    world.set({ paused: false });
    expect(world.phase).toBe("off");
    world.set({ paused: true });
    world.rest();
    expect(world.asked).toHaveLength(2);
  });

  it("asks anew when a paused video is wound, and lets the old answer go", async () => {
    const world = new FakeWorld();
    world.run("video", true);
    world.lens.focus(1);
    world.rest();
    world.position.now = 3;
    world.set({});
    expect(world.asked[0]?.signal.aborted).toBe(true);
    expect(world.phase).toBe("off");
    world.asked[0]?.answer([reason(0)]);
    world.rest();
    expect(world.asked).toHaveLength(2);
    await world.answer(reason(0));
    expect(world.phase).toBe("shown");
  });

  it("goes back to the focused face when the pointer leaves", async () => {
    const world = new FakeWorld();
    world.run("video", true);
    world.lens.focus(1);
    world.lens.point(2);
    world.rest();
    await world.answer(reason(0), reason(0.5));
    expect(world.lens.snapshot()).toMatchObject({ track: 2 });
    world.lens.point(null);
    expect(world.lens.snapshot()).toMatchObject({ phase: "shown", track: 1 });
  });

  it("goes with its face", async () => {
    const world = new FakeWorld();
    world.run("video", true);
    world.lens.point(2);
    world.rest();
    await world.answer(reason(0), reason(0.5));
    expect(world.phase).toBe("shown");
    world.faces = [face(1, 0)];
    world.set({});
    expect(world.phase).toBe("off");
  });

  it("is dismissed until another face is chosen", async () => {
    const world = new FakeWorld();
    world.run("video", true);
    world.lens.point(1);
    world.rest();
    await world.answer(reason(0), reason(0.5));
    world.lens.dismiss();
    expect(world.phase).toBe("off");
    world.lens.point(2);
    expect(world.phase).toBe("shown");
  });

  it("says when the face was not found again, or what the server said", async () => {
    const world = new FakeWorld();
    world.run("video", true);
    world.lens.point(1);
    world.rest();
    await world.answer(reason(0.5));
    expect(world.lens.snapshot()).toEqual({ phase: "failed", track: 1, error: null });
    world.run("video", true);
    world.rest();
    world.asked.at(-1)?.fail(new Error("too many pictures at once"));
    await new Promise((done) => setTimeout(done, 0));
    expect(world.lens.snapshot()).toMatchObject({
      phase: "failed",
      track: 1,
      error: new Error("too many pictures at once"),
    });
  });
});
