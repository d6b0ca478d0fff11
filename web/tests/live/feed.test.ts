import { describe, expect, it } from "vitest";
import { parseCameraResult, parseCameraState } from "../../src/features/live/engine/cameraNews";
import { CameraFeed } from "../../src/features/live/engine/feed";
import { cameraOf, pathOfCamera } from "../../src/shared/cameras";

const state = '{"state":"waiting","reason":"no such file","code":"bad_source","since":1,"retry_in":2.5}';
const result = '{"camera":"door","at":1,"server_ms":7,"frame":3,"time":0.1,"width":64,"height":48,"faces":[]}';

describe("news of a camera", () => {
  it("tells how it is", () => {
    expect(parseCameraState(state)).toEqual({
      state: "waiting",
      reason: "no such file",
      code: "bad_source",
      retryIn: 2.5,
    });
  });

  it("tells what was seen", () => {
    expect(parseCameraResult(result)).toMatchObject({
      seq: 3,
      width: 64,
      height: 48,
      faces: [],
      events: [],
      serverMs: 7,
    });
  });

  it.each(["", "[]", '{"state":"flying"}'])("refuses %j", (text) => {
    expect(() => parseCameraState(text)).toThrow();
    expect(() => parseCameraResult(text)).toThrow();
  });
});

/** A browser, a server and a clock that a test turns by hand. */
class FakeWorld {
  readonly told: string[] = [];
  opened = 0;
  closed = 0;
  status: number | null = 200;
  #listeners = new Map<string, (event: { data: string }) => void>();
  #waits: (() => void)[] = [];

  readonly feed = new CameraFeed(
    {
      onLink: (link) => this.told.push(link),
      onState: ({ state: name }) => this.told.push(`state ${name}`),
      onResult: ({ seq }) => this.told.push(`result ${seq}`),
      onGone: () => this.told.push("gone"),
    },
    {
      events: () => {
        this.opened++;
        this.#listeners = new Map();
        return {
          addEventListener: (name: string, listener: (event: { data: string }) => void) =>
            this.#listeners.set(name, listener),
          close: () => {
            this.closed++;
          },
        } as unknown as EventSource;
      },
      status: async () => this.status,
      later: (_, what) => {
        this.#waits.push(what);
        return () => {
          this.#waits = this.#waits.filter((each) => each !== what);
        };
      },
      random: () => 0,
    },
  );

  async give(name: string, data = ""): Promise<void> {
    this.#listeners.get(name)?.({ data });
    await new Promise((done) => setTimeout(done, 0));
  }

  wait(): void {
    for (const what of this.#waits.splice(0)) what();
  }
}

describe("CameraFeed", () => {
  it("follows states and results, and passes over what is damaged", async () => {
    const world = new FakeWorld();
    world.feed.start();
    await world.give("open");
    await world.give("state", state);
    await world.give("result", "{");
    await world.give("result", result);
    expect(world.told).toEqual(["connecting", "open", "state waiting", "result 3"]);
  });

  it("comes back when the server does", async () => {
    const world = new FakeWorld();
    world.feed.start();
    await world.give("open");
    world.status = null;
    await world.give("error");
    expect(world.told.at(-1)).toBe("reconnecting");
    expect([world.opened, world.closed]).toEqual([1, 1]);
    world.wait();
    await world.give("open");
    expect(world.told.at(-1)).toBe("open");
    expect(world.opened).toBe(2);
  });

  it.each([
    [401, "locked"],
    [404, "gone"],
  ])("asks no more when the server says %d", async (status, told) => {
    const world = new FakeWorld();
    world.feed.start();
    world.status = status;
    await world.give("error");
    world.wait();
    expect(world.told.at(-1)).toBe(told);
    expect(world.opened).toBe(1);
  });

  it("says nothing once it was stopped", async () => {
    const world = new FakeWorld();
    world.feed.start();
    world.feed.stop();
    await world.give("result", result);
    await world.give("error");
    world.wait();
    expect(world.told).toEqual(["connecting"]);
    expect([world.opened, world.closed]).toEqual([1, 1]);
  });
});

it("knows the addresses of cameras", () => {
  expect(cameraOf(pathOfCamera("door-2"))).toBe("door-2");
  expect(cameraOf("/cameras")).toBeNull();
  expect(cameraOf("/cameras/a b")).toBeNull();
  expect(cameraOf("/videos/door")).toBeNull();
});
