import { describe, expect, it } from "vitest";
import { pathOf, placeOf } from "../../src/features/sessions/engine/address";
import type { Course, Person } from "../../src/features/sessions/engine/api";
import { gapsOf, heldSteps, laneOf, stepAt, valuesAt } from "../../src/features/sessions/engine/course";
import { emotions } from "../../src/shared/emotions";

function person(number: number, happy: readonly (number | null)[]): Person {
  const rest = happy.map((value) => (value === null ? null : (1 - value) / 7));
  const unknown = happy.map(() => null);
  return {
    person: number,
    dominant: unknown,
    uncertain: happy.map((value) => (value === null ? null : 0)),
    probabilities: Object.fromEntries(emotions.map((name) => [name, name === "happiness" ? [...happy] : rest])),
    satisfaction: happy.map((value) => (value === null ? null : 100 * value)),
    attention: unknown,
    drowsiness: unknown,
    expressiveness: unknown,
  };
}

const course: Course = {
  start: 10,
  step: 2,
  times: [10, 12, 14, 16],
  faces: [1, null, null, 2],
  people: [person(1, [0.9, null, null, 0.8]), person(4, [null, null, null, 0.3])],
  others: 0,
};

describe("address", () => {
  it.each([
    ["/sessions", "", null, null],
    ["/sessions/5f1c", "?t=12.4", "5f1c", 12.4],
    ["/sessions/5f1c/", "?t=-1", "5f1c", null],
    ["/sessions/5f1c", "?t=x", "5f1c", null],
    ["/sessions/a/b", "?t=1", null, null],
  ])("%s%s is recording %s at %s", (path, search, id, time) => {
    expect(placeOf(path, search)).toEqual({ id, time });
  });

  it("comes back from what it wrote", () => {
    const [path = "", search = ""] = pathOf("5f1c", 12.44).split("?");
    expect(placeOf(path, `?${search}`)).toEqual({ id: "5f1c", time: 12.4 });
  });
});

describe("course", () => {
  it("leaves lanes empty where a person was not seen", () => {
    const [first] = course.people;
    const bins = first === undefined ? [] : laneOf(first, course).bins;
    expect(bins.map((bin) => bin !== null)).toEqual([true, false, false, true]);
    expect(bins[0]?.[emotions.indexOf("happiness")]).toBe(0.9);
    expect(bins[0]?.reduce((sum, share) => sum + share)).toBeCloseTo(1);
  });

  it.each([
    [9.9, null],
    [10, 0],
    [12.6, 1],
    [18, 3],
    [18.1, null],
  ])("%s s lies in step %s", (time, step) => {
    expect(stepAt(course, time)).toBe(step);
  });

  it("tells what those in view showed, and nothing within a gap", () => {
    expect(valuesAt(course, 16.7).map(({ person: number, label }) => [number, label])).toEqual([
      [1, "happiness"],
      [4, "happiness"],
    ]);
    expect(valuesAt(course, 10.2)).toMatchObject([{ person: 1, probability: 0.9, satisfaction: 90 }]);
    expect(valuesAt(course, 14.2)).toEqual([]);
  });

  it("lets a frame hold for a second, so that a pause between two is no gap", () => {
    const fine = { ...course, step: 0.4, times: [10, 10.4, 10.8, 11.2, 11.6], faces: [1, null, null, null, 1] };
    expect(heldSteps(fine)).toEqual([0, 0, 0, null, 4]);
    expect(heldSteps({ ...fine, faces: [null, 0, null, 1, 1] })).toEqual([1, 1, 1, 3, 4]);
    expect(heldSteps({ ...fine, faces: [null, null, null, 1, 1] })).toEqual([null, 3, 3, 3, 4]);
    expect(heldSteps({ ...fine, faces: [null, null, null, null, null] })).toEqual([null, null, null, null, null]);
    expect(gapsOf(fine)).toHaveLength(1);
    expect(valuesAt(fine, 10.5)).toMatchObject([{ person: 1, probability: 0.9 }]);
  });

  it("joins stretches of which nothing was recorded", () => {
    expect(gapsOf(course)).toEqual([[12, 16]]);
    expect(gapsOf({ ...course, faces: [0, 0, 1, 1] })).toEqual([]);
  });
});
