import { expect, it } from "vitest";
import { pictureAt, spread } from "../../src/features/sessions/engine/album";
import type { Picture } from "../../src/features/sessions/engine/api";

const pictures = [0, 0.5, 1, 7, 7.5].map(
  (time): Picture => ({ id: time * 1000, time, width: 64, height: 48, bytes: 1000 }),
);

it.each([
  [0, 0],
  [0.2, 0],
  [0.3, 0.5],
  [2.9, 1],
  [3.5, null],
  [5.1, 7],
  [9, 7.5],
  [20, null],
])("to %d s belongs the picture of %j", (time, expected) => {
  expect(pictureAt(pictures, time)?.time ?? null).toBe(expected);
});

it("shows none where there is none", () => {
  expect(pictureAt([], 1)).toBeNull();
});

it("spreads a few over all, the first and the last included", () => {
  expect(spread([1, 2, 3], 5)).toEqual([1, 2, 3]);
  expect(
    spread(
      Array.from({ length: 101 }, (_, i) => i),
      5,
    ),
  ).toEqual([0, 25, 50, 75, 100]);
});
