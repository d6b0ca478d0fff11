import { describe, expect, it } from "vitest";
import { History, Ring } from "../../src/features/live/engine/history";

const happy = [0, 1, 0, 0, 0, 0, 0, 0];
const neutral = [1, 0, 0, 0, 0, 0, 0, 0];

describe("Ring", () => {
  it("gives times before now and a line for each emotion", () => {
    const ring = new Ring();
    ring.add(10, happy);
    ring.add(10.5, neutral);
    const { times, lines } = ring.series(11);
    expect(times).toEqual([-1, -0.5]);
    expect(lines).toHaveLength(8);
    expect(lines[0]).toEqual([0, 1]);
    expect(lines[1]).toEqual([1, 0]);
  });

  it("breaks the lines where the face was lost", () => {
    const ring = new Ring();
    ring.add(1, happy);
    ring.add(4, happy);
    const { times, lines } = ring.series(4);
    expect(times).toEqual([-3, -1.5, 0]);
    for (const line of lines) expect(line[1]).toBeNull();
    expect(lines[1]).toEqual([1, null, 1]);
  });

  it("does not break them at a slow server's pace", () => {
    const ring = new Ring();
    for (let i = 0; i < 5; i++) ring.add(i * 0.9, happy);
    expect(ring.series(4).lines[1]).toEqual([1, 1, 1, 1, 1]);
  });

  it("drops what is older than a minute", () => {
    const ring = new Ring();
    ring.add(0, happy);
    ring.add(30, neutral);
    ring.add(60.5, neutral);
    expect(ring.series(61).times).toEqual([-31, -15.75, -0.5]);
    expect(ring.count(61)).toBe(2);
    expect(ring.means(61)).toEqual(neutral);
  });

  it("keeps the newest when it is full", () => {
    const ring = new Ring();
    for (let i = 0; i < 10_000; i++) ring.add(i / 1000, i < 9000 ? happy : neutral);
    expect(ring.count(10)).toBe(4096);
    expect(ring.last).toBeCloseTo(9.999);
    expect(ring.series(10).lines[0]?.at(-1)).toBe(1);
    expect(ring.series(10).times[0]).toBeCloseTo((10_000 - 4096) / 1000 - 10);
  });

  it("has means only when it has values", () => {
    const ring = new Ring();
    expect(ring.means(0)).toBeNull();
    ring.add(0, happy);
    ring.add(1, neutral);
    expect(ring.means(1)?.slice(0, 2)).toEqual([0.5, 0.5]);
  });
});

describe("Ring.bins", () => {
  const row = (values: Float32Array, bin: number) => Array.from(values.subarray(bin * 8, bin * 8 + 2));

  it("gives means over equal stretches, a minute of them", () => {
    const ring = new Ring();
    ring.add(99.1, happy);
    ring.add(99.2, neutral);
    ring.add(99.8, happy);
    const { times, values } = ring.bins(100, 0.5);
    expect(times).toHaveLength(120);
    expect(values).toHaveLength(120 * 8);
    expect(times.at(-1)).toBeCloseTo(0.25);
    expect(row(values, 117)).toEqual([0.5, 0.5]);
    expect(row(values, 118)).toEqual([0, 1]);
  });

  it("fills short silences and leaves long ones empty", () => {
    const ring = new Ring();
    for (const time of [95, 95.9, 98]) ring.add(time, happy);
    const { times, values } = ring.bins(100, 0.25);
    const seen = times.flatMap((time, i) => (Number.isNaN(values[i * 8]) ? [] : [100 + time - 0.125]));
    expect(seen).toEqual([95, 95.25, 95.5, 95.75, 98]);
  });

  it("has the same stretches for everybody", () => {
    const [one, other] = [new Ring(), new Ring()];
    one.add(99.3, happy);
    other.add(80, happy);
    expect(one.bins(100.1, 0.25).times).toEqual(other.bins(100.1, 0.25).times);
  });
});

describe("Ring.shownFor", () => {
  it("adds up the time until the next result, without silences", () => {
    const ring = new Ring();
    ring.add(0, happy);
    ring.add(0.5, happy);
    ring.add(1, neutral);
    ring.add(10, neutral);
    ring.add(10.25, happy);
    expect(ring.shownFor(11).slice(0, 3)).toEqual([0.25, 1, 0]);
  });

  it("goes by what was shown, which a single frame does not change", () => {
    const ring = new Ring();
    ring.add(0, happy, 0);
    ring.add(0.5, happy);
    expect(ring.shownFor(1).slice(0, 2)).toEqual([0.5, 0]);
  });
});

describe("History", () => {
  it("waits longer for a slow server than for a face that is not found", () => {
    const history = new History();
    for (const [time, found] of [
      [0, true],
      [2, true],
      [3, false],
      [4, true],
    ] as const) {
      history.begin();
      history.add(1, time, happy);
      if (found) history.add(2, time, happy);
    }
    expect(history.of(1)?.series(5).lines[1]).toEqual([1, 1, 1, 1]);
    expect(history.of(2)?.series(5).lines[1]).toEqual([1, 1, null, 1]);
  });

  it("lists whoever was seen in the last minute, by number", () => {
    const history = new History();
    history.add(5, 100, happy);
    history.add(2, 90, happy);
    history.add(1, 10, happy);
    expect(history.recent(100).map(({ track }) => track)).toEqual([2, 5]);
  });

  it("keeps people apart", () => {
    const history = new History();
    history.add(1, 0, happy);
    history.add(2, 0, neutral);
    expect(history.of(1)?.means(0)?.[1]).toBe(1);
    expect(history.of(2)?.means(0)?.[1]).toBe(0);
    expect(history.of(3)).toBeUndefined();
  });

  it("does not grow for ever: the longest gone are forgotten first", () => {
    const history = new History();
    for (let track = 1; track <= 100; track++) history.add(track, track, happy);
    const known = Array.from({ length: 100 }, (_, i) => i + 1).filter((track) => history.of(track));
    expect(known).toHaveLength(32);
    expect(known[0]).toBe(69);
  });
});
