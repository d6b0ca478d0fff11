import { describe, expect, it } from "vitest";
import { view } from "../src/features/live/sources/demo";
import { contain, fractions, overlapping, place, shrink } from "../src/shared/geometry";

describe("contain", () => {
  it("leaves bars at the sides of a tall picture", () => {
    expect(contain({ width: 100, height: 200 }, { width: 400, height: 400 })).toEqual({
      x: 100,
      y: 0,
      width: 200,
      height: 400,
    });
  });

  it("leaves bars above and below a wide picture", () => {
    expect(contain({ width: 1280, height: 720 }, { width: 640, height: 640 })).toEqual({
      x: 0,
      y: 140,
      width: 640,
      height: 360,
    });
  });

  it("is nothing for a picture that is not there yet", () => {
    expect(contain({ width: 0, height: 0 }, { width: 10, height: 10 })).toEqual({ x: 0, y: 0, width: 0, height: 0 });
  });
});

describe("place", () => {
  const rect = { x: 100, y: 50, width: 200, height: 100 };

  it("brings fractions of the picture to the screen", () => {
    expect(place([0.1, 0.2, 0.3, 0.6], rect, false)).toEqual({ x: 120, y: 70, width: 40, height: 40 });
  });

  it("takes boxes in pixels as fractions", () => {
    const box = fractions([32, 24, 64, 48], { width: 64, height: 48 });
    expect(box).toEqual([0.5, 0.5, 1, 1]);
    expect(place(box, rect, false)).toEqual({ x: 200, y: 100, width: 100, height: 50 });
  });

  it("mirrors the place, not the size", () => {
    const mirrored = place([0.1, 0.2, 0.3, 0.6], rect, true);
    expect(mirrored.x).toBeCloseTo(240);
    expect(mirrored).toMatchObject({ y: 70, height: 40 });
    expect(mirrored.width).toBeCloseTo(40);
  });
});

describe("shrink", () => {
  it.each([
    [1280, 720, 640, 360],
    [720, 1280, 360, 640],
    [320, 240, 320, 240],
    [10_000, 3, 640, 1],
  ])("%d × %d becomes %d × %d", (width, height, toWidth, toHeight) => {
    expect(shrink({ width, height }, 640)).toEqual({ width: toWidth, height: toHeight });
  });
});

describe("overlapping", () => {
  const at = (x: number, y: number) => ({ x, y, width: 10, height: 10 });

  it.each([
    [[], []],
    [[at(0, 0)], [false]],
    [
      [at(0, 0), at(5, 5), at(30, 0)],
      [true, true, false],
    ],
    [
      [at(0, 0), at(10, 0), at(0, 10)],
      [false, false, false],
    ],
  ])("of %j is %j", (rects, expected) => {
    expect(overlapping(rects)).toEqual(expected);
  });
});

describe("the demo's camera work", () => {
  it("moves slowly and stays inside the portrait", () => {
    for (let at = 0; at < 300; at += 0.1) {
      const now = view(at);
      const next = view(at + 0.1);
      expect(Math.abs(next.x - now.x)).toBeLessThan(0.003);
      expect(Math.abs(next.width - now.width)).toBeLessThan(0.006);
      expect(now.width).toBeLessThanOrEqual(1);
      expect(now.width).toBeGreaterThan(0.5);
    }
  });
});
