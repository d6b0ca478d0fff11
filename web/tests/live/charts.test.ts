import { describe, expect, it } from "vitest";
import { sharesOf } from "../../src/features/live/engine/shares";
import { lastKnown, timeMark } from "../../src/features/live/ui/chart";
import { lanesIn, runsOf } from "../../src/features/live/ui/lanes";

describe("sharesOf", () => {
  it("adds people up and shares out the time", () => {
    const shares = sharesOf([
      [1, 2, 0, 0, 0, 0, 0, 0],
      [0, 0, 0, 1, 0, 0, 0, 0],
    ]);
    expect(shares.map(({ share }) => share)).toEqual([0.25, 0.5, 0, 0.25, 0, 0, 0, 0]);
    expect(shares.map(({ before }) => before).slice(0, 4)).toEqual([0, 0.25, 0.75, 0.75]);
  });

  it("is nothing when nothing was seen", () => {
    expect(sharesOf([])).toEqual([]);
    expect(sharesOf([[0, 0, 0, 0, 0, 0, 0, 0]])).toEqual([]);
  });
});

describe("lanes", () => {
  it("are empty between stretches in which something was seen", () => {
    const values = new Float32Array(5 * 8).fill(0.125);
    values.fill(Number.NaN, 0, 8);
    values.fill(Number.NaN, 3 * 8, 4 * 8);
    expect(runsOf({ times: [-5, -4, -3, -2, -1], values })).toEqual([
      [1, 3],
      [4, 5],
    ]);
  });

  it("find room by height, at least for one", () => {
    expect(lanesIn(128)).toBe(5);
    expect(lanesIn(0)).toBe(1);
  });
});

describe("lastKnown", () => {
  it.each([
    ["the newest", [-2, -1, 0], [1, 2, 3], 3],
    ["one that a slow server has not renewed yet", [-3, -2, -1], [1, null, null], 1],
    ["none of a line that ended long ago", [-30, -20, -1], [1, 2, null], null],
    ["none of an empty line", [], [], null],
  ])("%s", (_name, times, line, expected) => {
    expect(lastKnown(times, line)).toBe(expected);
  });
});

describe("time marks", () => {
  it("say how long ago", () => {
    expect([timeMark(-15, "now"), timeMark(0, "now")]).toEqual(["−15 s", "now"]);
  });
});
