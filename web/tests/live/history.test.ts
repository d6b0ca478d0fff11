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

describe("History", () => {
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
