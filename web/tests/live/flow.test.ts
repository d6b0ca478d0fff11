import { describe, expect, it } from "vitest";
import { PausableClock } from "../../src/features/live/engine/clock";
import { InFlight } from "../../src/features/live/engine/flow";
import { MedianMeter, RateMeter, StreamMeter } from "../../src/features/live/engine/meter";

describe("InFlight", () => {
  it("lets two frames be under way and no third", () => {
    const flow = new InFlight(2);
    flow.add(0, 0);
    expect(flow.hasRoom(1)).toBe(true);
    flow.add(1, 1);
    expect(flow.hasRoom(2)).toBe(false);
  });

  it("counts a frame that the server skipped as answered by a later one", () => {
    const flow = new InFlight(2);
    flow.add(0, 10);
    flow.add(1, 20);
    expect(flow.settle(1)).toBe(20);
    expect(flow.size).toBe(0);
  });

  it("knows an answer that no longer counts", () => {
    const flow = new InFlight(2);
    flow.add(5, 10);
    expect(flow.settle(4)).toBeNull();
    expect(flow.size).toBe(1);
  });

  it("gives up on frames that are never answered", () => {
    const flow = new InFlight(2, 5000);
    flow.add(0, 0);
    flow.add(1, 100);
    expect(flow.hasRoom(5000)).toBe(false);
    expect(flow.hasRoom(5001)).toBe(true);
    expect(flow.size).toBe(1);
  });
});

describe("RateMeter", () => {
  it.each([10, 30, 60])("measures %d per second", (rate) => {
    const meter = new RateMeter(0);
    for (let i = 1; i <= 5 * rate; i++) meter.add((i * 1000) / rate);
    expect(meter.rate(5000)).toBeCloseTo(rate, 5);
  });

  it("is right before the first two seconds are over", () => {
    const meter = new RateMeter(0);
    for (let i = 1; i <= 10; i++) meter.add(i * 100);
    expect(meter.rate(1000)).toBeCloseTo(10, 5);
  });

  it("says nothing about the first moments", () => {
    const meter = new RateMeter(0);
    meter.add(1);
    expect(meter.rate(10)).toBe(0);
  });

  it("falls to zero when nothing happens any more", () => {
    const meter = new RateMeter(0);
    for (let i = 0; i < 60; i++) meter.add(i * 33);
    expect(meter.rate(5000)).toBe(0);
  });

  it("counts several at once", () => {
    const meter = new RateMeter(0);
    meter.add(900, 4);
    meter.add(950, 0);
    expect(meter.rate(1000)).toBeCloseTo(4, 5);
  });
});

describe("MedianMeter", () => {
  it("is not moved by one slow frame", () => {
    const meter = new MedianMeter(5);
    expect(meter.value).toBeNull();
    for (const value of [20, 21, 900, 22, 23]) meter.add(value);
    expect(meter.value).toBe(22);
  });

  it("forgets old values", () => {
    const meter = new MedianMeter(3);
    for (const value of [1, 1, 1, 50, 50, 50]) meter.add(value);
    expect(meter.value).toBe(50);
  });
});

describe("StreamMeter", () => {
  function run(rate: number, latency: number): StreamMeter {
    const meter = new StreamMeter(0);
    for (let at = 1000 / rate; at <= 4000; at += 1000 / rate) {
      meter.sent(at);
      meter.read(at, latency);
      meter.dropped(at, 1);
    }
    return meter;
  }

  it("gives rounded rates and the delay", () => {
    expect(run(20, 41.4).rates(4000)).toEqual({ sent: 20, read: 20, dropped: 20, latency: 41 });
  });

  it.each([
    [30, 30, false],
    [30, 400, false],
    [5, 100, false],
    [5, 400, true],
  ])("at %d a second and %d ms, busy is %s", (rate, latency, busy) => {
    expect(run(rate, latency).isBusy(4000)).toBe(busy);
  });

  it("does not judge a server by its first three seconds", () => {
    expect(run(5, 400).isBusy(2900)).toBe(false);
  });

  it("begins afresh", () => {
    const meter = run(5, 400);
    meter.restart(4000);
    expect(meter.rates(5000)).toEqual({ sent: 0, read: 0, dropped: 0, latency: null });
    expect(meter.isBusy(5000)).toBe(false);
  });
});

describe("PausableClock", () => {
  it("stands still while paused and goes on where it was", () => {
    let time = 100;
    const clock = new PausableClock(() => time);
    clock.pause();
    time = 150;
    clock.pause();
    expect(clock.now()).toBe(100);
    clock.resume();
    time = 160;
    clock.resume();
    expect(clock.now()).toBe(110);
    expect(clock.paused).toBe(false);
  });
});
