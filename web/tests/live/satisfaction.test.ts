import { describe, expect, it } from "vitest";
import { History } from "../../src/features/live/engine/history";
import { MAX_LINES, mean, satisfactionOf, satisfactionSeries } from "../../src/features/live/engine/satisfaction";
import { emotions } from "../../src/shared/emotions";

const only = (name: string) => emotions.map((emotion) => (emotion === name ? 1 : 0));

describe("satisfactionOf", () => {
  it.each([
    ["happiness", 100],
    ["surprise", 67],
    ["neutral", 50],
    ["disgust", 43],
    ["sadness", 33],
    ["fear", 17],
    ["anger", 0],
    ["contempt", 50],
  ])("%s is %d", (emotion, points) => {
    expect(satisfactionOf(only(emotion))).toBeCloseTo(points);
  });

  it("leaves contempt out of the mean", () => {
    expect(satisfactionOf([0, 0.3, 0, 0, 0.1, 0, 0, 0.6])).toBeCloseTo(75);
  });

  it("is unknown without probabilities", () => {
    expect(satisfactionOf(emotions.map(() => Number.NaN))).toBeNull();
  });
});

describe("satisfactionSeries", () => {
  it("has a line for each person, broken where the face was lost, and the average of those seen", () => {
    const history = new History();
    for (let i = 0; i <= 40; i++) {
      const time = 90 + i / 4;
      history.add(1, time, only("happiness"));
      if (time < 94 || time > 97) history.add(2, time, only("anger"));
    }
    const { times, people, average } = satisfactionSeries(history, 100, null);
    const at = (seconds: number) => times.findIndex((time) => Math.abs(time - seconds) <= 0.13);
    expect(people.map(({ track }) => track)).toEqual([1, 2]);
    expect(people[0]?.line[at(-5)]).toBeCloseTo(100);
    expect(people[1]?.line[at(-5)]).toBeNull();
    expect(people[1]?.line[at(-9)]).toBeCloseTo(0);
    expect(average[at(-5)]).toBeCloseTo(100);
    expect(average[at(-9)]).toBeCloseTo(50);
    expect(average[at(-30)]).toBeNull();
  });

  it("draws those seen last where there are many, and always the chosen one", () => {
    const history = new History();
    for (let track = 1; track <= MAX_LINES + 4; track++) history.add(track, track, only("fear"));
    const { people, average } = satisfactionSeries(history, 20, 1);
    expect(people).toHaveLength(MAX_LINES);
    expect(people[0]?.track).toBe(1);
    expect(people[1]?.track).toBe(6);
    expect(mean(average)).toBeCloseTo(17);
  });

  it("is empty before anybody was seen", () => {
    expect(satisfactionSeries(new History(), 10, null)).toEqual({ times: [], people: [], average: [] });
  });
});
