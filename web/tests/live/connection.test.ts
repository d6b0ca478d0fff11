import { describe, expect, it } from "vitest";
import {
  backoff,
  type Health,
  healthOf,
  type Link,
  StreamConnection,
  type Surroundings,
} from "../../src/features/live/engine/connection";
import type { ServerMessage } from "../../src/features/live/engine/protocol";

const ready = JSON.stringify({ type: "ready", version: "1", emotions: [], max_frame_bytes: 1000 });

class FakeSocket {
  readyState: number = WebSocket.OPEN;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  bufferedAmount = 0;
  readonly sent: unknown[] = [];
  closed: number | null = null;

  send(data: unknown): void {
    this.sent.push(data);
  }

  close(code: number): void {
    this.closed = code;
  }
}

/** A tiny server and a clock that a test turns by hand. */
class FakeWorld {
  health: Health = "ready";
  locked = false;
  readonly sockets: FakeSocket[] = [];
  readonly asked: string[] = [];
  readonly links: Link[] = [];
  readonly messages: ServerMessage[] = [];
  waits: { ms: number; what: () => void }[] = [];

  readonly surroundings: Surroundings = {
    health: async () => this.health,
    locked: async () => this.locked,
    socket: (path, protocol) => {
      this.asked.push(`${path} ${protocol}`);
      const socket = new FakeSocket();
      this.sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    later: (ms, what) => {
      const wait = { ms, what };
      this.waits.push(wait);
      return () => {
        this.waits = this.waits.filter((each) => each !== wait);
      };
    },
    random: () => 1,
  };

  readonly connection = new StreamConnection(
    { onLink: (link) => this.links.push(link), onMessage: (message) => this.messages.push(message) },
    this.surroundings,
  );

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  }

  /** Let promises come to rest. */
  async settle(): Promise<void> {
    for (let i = 0; i < 10; i++) await Promise.resolve();
  }

  async start(): Promise<void> {
    this.connection.start();
    await this.settle();
  }

  async open(): Promise<void> {
    await this.start();
    this.socket.onmessage?.({ data: ready });
  }

  async lose(): Promise<void> {
    this.socket.onclose?.();
    await this.settle();
  }

  /** Let the waiting time pass. @returns how long it was in ms */
  async wait(): Promise<number> {
    const wait = this.waits.shift();
    if (wait === undefined) throw new Error("nothing is being waited for");
    wait.what();
    await this.settle();
    return wait.ms;
  }
}

describe("StreamConnection", () => {
  it("asks for health, speaks the protocol, and is open once the server said ready", async () => {
    const world = new FakeWorld();
    await world.start();
    expect(world.asked).toEqual(["/api/v1/stream mien.v1"]);
    expect(world.connection.send("early")).toBe(false);
    world.socket.onmessage?.({ data: ready });
    expect(world.links).toEqual(["connecting", "open"]);
    expect(world.connection.send("hello")).toBe(true);
    world.socket.readyState = WebSocket.CLOSING;
    expect(world.connection.send("too late")).toBe(false);
    expect(world.socket.sent).toEqual(["hello"]);
  });

  it("waits while the models are loaded", async () => {
    const world = new FakeWorld();
    world.health = "loading";
    await world.start();
    expect(world.connection.link).toBe("loading");
    expect(world.sockets).toHaveLength(0);
    world.health = "ready";
    await world.wait();
    expect(world.sockets).toHaveLength(1);
  });

  it("says in the server's words why models cannot be loaded, and keeps trying", async () => {
    const world = new FakeWorld();
    world.health = { failure: { code: "bad_model", message: "the model file was altered" } };
    await world.start();
    expect(world.messages).toMatchObject([{ type: "error", code: "bad_model", message: "the model file was altered" }]);
    expect(world.connection.link).toBe("reconnecting");
    expect(world.waits).toHaveLength(1);
  });

  it("comes back by itself, waiting longer each time, and not so long after a success", async () => {
    const world = new FakeWorld();
    await world.open();
    world.health = "absent";
    await world.lose();
    expect(world.connection.link).toBe("reconnecting");
    const waits = [await world.wait(), await world.wait(), await world.wait()];
    expect(waits).toEqual([400, 800, 1600]);
    world.health = "ready";
    await world.wait();
    world.socket.onmessage?.({ data: ready });
    expect(world.connection.link).toBe("open");
    await world.lose();
    expect(await world.wait()).toBe(400);
  });

  it("tells a missing key from a server that is away", async () => {
    const world = new FakeWorld();
    world.locked = true;
    await world.start();
    await world.lose();
    expect(world.connection.link).toBe("locked");
    expect(world.waits).toHaveLength(0);
  });

  it("stops for good: nothing late opens or speaks", async () => {
    const world = new FakeWorld();
    await world.open();
    const socket = world.socket;
    world.connection.stop();
    expect(socket.closed).toBe(1000);
    socket.onmessage?.({ data: ready });
    socket.onclose?.();
    await world.settle();
    expect(world.links).toEqual(["connecting", "open", "off"]);
    expect(world.waits).toHaveLength(0);
  });

  it("opens no socket when it was stopped while asking for health", async () => {
    const world = new FakeWorld();
    world.connection.start();
    world.connection.stop();
    await world.settle();
    expect(world.sockets).toHaveLength(0);
  });

  it("replaces a connection that went silent", async () => {
    const world = new FakeWorld();
    await world.open();
    const silent = world.socket;
    world.connection.restart();
    expect(silent.closed).toBe(4000);
    await world.wait();
    expect(world.sockets).toHaveLength(2);
  });

  it("survives a damaged message", async () => {
    const world = new FakeWorld();
    await world.open();
    world.socket.onmessage?.({ data: "{" });
    world.socket.onmessage?.({ data: new ArrayBuffer(2) });
    expect(world.messages.at(-1)).toMatchObject({ type: "error", code: "protocol" });
    expect(world.connection.link).toBe("open");
  });
});

describe("backoff", () => {
  it("doubles up to a limit and differs between clients", () => {
    expect([0, 1, 2, 10].map((attempt) => backoff(attempt, 1))).toEqual([400, 800, 1600, 8000]);
    expect(backoff(0, 0)).toBe(200);
  });
});

describe("healthOf", () => {
  it.each([
    [200, { status: "ready" }, "ready"],
    [503, { error: { code: "loading", message: "wait" } }, "loading"],
    [503, { error: { code: "bad_model", message: "altered" } }, { failure: { code: "bad_model", message: "altered" } }],
    [502, null, "loading"],
  ])("%d with %j is %j", (status, body, health) => {
    expect(healthOf(status, body)).toEqual(health);
  });
});
