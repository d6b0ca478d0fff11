import { describe, expect, it } from "vitest";
import { pathOfSides, sidesOf } from "../../src/features/sessions/engine/address";
import type { Course, Detail } from "../../src/features/sessions/engine/api";
import {
  cautionsOf,
  curveOf,
  differenceOf,
  meanOf,
  ratesOf,
  runsOfSame,
  type Shares,
  sharesOf,
} from "../../src/features/sessions/engine/compare";
import { stepsPath } from "../../src/features/sessions/ui/Strip";
import { emotions } from "../../src/shared/emotions";

type PersonShares = Detail["persons"][number]["shares"];

const none = Object.fromEntries([...emotions, "uncertain"].map((name) => [name, 0])) as unknown as PersonShares;

function person(number: number, seconds: number, shares: Partial<PersonShares>, events: Record<string, number> = {}) {
  const times = { first: 0, last: seconds, seconds, followed: seconds };
  return { person: number, ...times, dominant: null, shares: { ...none, ...shares }, events };
}

function session(persons: Detail["persons"], more: Partial<Detail> = {}): Detail {
  return {
    id: "5f1c",
    name: "",
    purpose: "self",
    notes: "",
    source: "browser",
    state: "stopped",
    started: 0,
    ended: 60,
    consented: 0,
    duration: 60,
    frames: 600,
    most_faces: 1,
    pictures: false,
    picture_count: 0,
    picture_bytes: 0,
    people: persons.length,
    face_seconds: 60,
    dominant: null,
    dominant_seconds: 0,
    models: { emotion: "a" },
    settings: { signals: true, landmarks: true, baseline: false },
    version: "1",
    persons,
    events: [],
    event_counts: {},
    markers: [],
    ...more,
  };
}

describe("address of a comparison", () => {
  it.each([
    ["/sessions/compare", "", [null, null], [null, null]],
    ["/sessions/compare/", "?a=5f1c&b=07d2&pb=3", ["5f1c", null], ["07d2", 3]],
    ["/sessions/compare", "?a=../x&b=07d2&pa=-1&pb=x", [null, null], ["07d2", null]],
  ])("%s%s", (path, search, a, b) => {
    const side = ([id, person]: (string | number | null)[]) => ({ id, person });
    expect(sidesOf(path, search)).toEqual([side(a), side(b)]);
  });

  it("is not taken for a recording, and comes back from what it wrote", () => {
    expect(sidesOf("/sessions/5f1c", "?a=1")).toBeNull();
    const sides = [
      { id: "5f1c", person: 2 },
      { id: null, person: null },
    ] as const;
    const [path = "", search = ""] = pathOfSides(sides).split("?");
    expect(sidesOf(path, `?${search}`)).toEqual(sides);
  });
});

describe("shares", () => {
  const two = session([
    person(1, 30, { happiness: 0.5, uncertain: 0.5 }),
    person(2, 10, { happiness: 0.1, fear: 0.9 }),
  ]);

  it("weigh everybody by their time in view", () => {
    const all = sharesOf(two, null);
    expect(all?.seconds).toBe(40);
    expect(all?.of.happiness).toBeCloseTo(0.4);
    expect(all?.of.uncertain).toBeCloseTo(0.375);
    expect(Object.values(all?.of ?? {}).reduce((sum, share) => sum + share)).toBeCloseTo(1);
    expect(sharesOf(two, 2)).toMatchObject({ seconds: 10, of: { fear: 0.9 } });
    expect(sharesOf(two, 3)).toBeNull();
    expect(sharesOf(session([]), null)).toBeNull();
  });

  const shares = (happiness: number, uncertain: number): Shares => ({
    seconds: 60,
    of: { ...none, happiness, uncertain, neutral: 1 - happiness - uncertain },
  });

  it.each([
    [shares(0.2, 0), shares(0.5, 0), 0.3, 0.3, 0.3, true],
    [shares(0.2, 0.1), shares(0.5, 0.2), 0.3, 0.2, 0.5, true],
    [shares(0.2, 0.4), shares(0.5, 0), 0.3, -0.1, 0.3, false],
    [shares(0.5, 0), shares(0.2, 0.4), -0.3, -0.3, 0.1, false],
  ])("differ by what lies between them, however the uncertain time divides", (a, b, by, least, most, sure) => {
    const found = differenceOf("happiness", a, b);
    expect([found.by, found.least, found.most].map((value) => Number(value.toFixed(6)))).toEqual([by, least, most]);
    expect(found.sure).toBe(sure);
  });
});

describe("events", () => {
  const seen = [person(1, 30, {}, { smile: 3 }), person(2, 90, {}, { blink: 4 })];

  it("are counted per minute in view", () => {
    expect(ratesOf(session(seen), null)).toMatchObject({ smile: 1.5, blink: 2, yawn: 0 });
    expect(ratesOf(session(seen), 1)).toMatchObject({ smile: 6, blink: 0 });
  });

  it("are counted by the time in which they were looked for", () => {
    const [one, two] = [person(1, 60, {}, { smile: 3 }), person(2, 60, {})];
    const late = [
      { ...one, followed: 20 },
      { ...two, followed: 10 },
    ];
    expect(ratesOf(session(late), null).smile).toBe(6);
    expect(ratesOf(session(late), 1).smile).toBe(9);
  });

  it("are not known where nobody looked for them", () => {
    const unfollowed = { ...person(1, 60, {}), followed: 0 };
    const without = (settings: Detail["settings"]) => ratesOf(session([unfollowed], { settings }), null);
    expect(without({ signals: false, landmarks: true }).smile).toBeNull();
    expect(without({ signals: true, landmarks: false })).toMatchObject({ smile: 0, blink: null, "looks away": null });
    expect(ratesOf(session([]), null).smile).toBeNull();
    const late = session([person(1, 60, {})], { settings: { signals: false, landmarks: true } });
    expect(ratesOf(late, null).smile, "switched on half-way").toBe(0);
  });
});

describe("curve", () => {
  const lane = (number: number, happy: readonly (number | null)[], sure: boolean): Course["people"][number] => ({
    person: number,
    dominant: happy.map((value) => (value === null || !sure ? null : value > 0.5 ? "happiness" : "fear")),
    uncertain: happy.map((value) => (value === null ? null : Number(!sure))),
    probabilities: Object.fromEntries(
      emotions.map((name) => [
        name,
        happy.map((value) => (value === null ? null : name === "happiness" ? value : name === "fear" ? 1 - value : 0)),
      ]),
    ),
    satisfaction: happy.map((value) => (value === null ? null : 100 * value)),
    attention: happy.map(() => null),
    drowsiness: happy.map(() => null),
    expressiveness: happy.map(() => null),
  });
  const course: Course = {
    start: 0,
    step: 5,
    times: [0, 5, 10, 15],
    faces: [2, 1, 0, null],
    people: [lane(1, [0.9, null, null, null], true), lane(2, [0.3, 0.8, null, null], false)],
    others: 0,
  };

  it("keeps gaps, empty rooms and uncertainty apart", () => {
    const all = curveOf(course, null);
    expect(all.shown).toEqual(["happiness", "uncertain", "nobody", null]);
    expect(all.satisfaction).toEqual([60, 80, null, null]);
    expect(all.attention).toEqual([null, null, null, null]);
    expect(curveOf(course, 1).shown).toEqual(["happiness", "nobody", "nobody", null]);
    expect(meanOf(all.satisfaction)).toBe(70);
    expect(meanOf(all.attention)).toBeNull();
  });

  it("is drawn broken where nothing is known", () => {
    expect(stepsPath([1, 3, null, 2], (value) => 10 * value)).toBe("M0 10.00H1V30.00H2M3 20.00H4");
    expect(runsOfSame(["a", "a", null, "a"])).toEqual([
      [0, 2, "a"],
      [2, 3, null],
      [3, 4, "a"],
    ]);
  });
});

describe("cautions", () => {
  const plain = session([person(1, 60, { happiness: 1 })]);
  const found = (a: Detail, b: Detail) => cautionsOf(a, b, [sharesOf(a, null), sharesOf(b, null)]);

  it.each([
    ["nothing", plain, []],
    ["another length", { ...plain, duration: 100 }, ["lengths"]],
    ["little time in view", { ...plain, persons: [person(1, 20, { fear: 1 })] }, ["short"]],
    ["one that goes on", { ...plain, state: "recording" as const }, ["going"]],
    ["other models", { ...plain, models: { emotion: "b" } }, ["models"]],
    ["another baseline", { ...plain, settings: { ...plain.settings, baseline: true } }, ["baseline"]],
    ["much uncertainty", { ...plain, persons: [person(1, 60, { uncertain: 0.4, fear: 0.6 })] }, ["uncertain"]],
  ])("tell of %s", (_, other, cautions) => {
    expect(found(plain, other)).toEqual(cautions);
    expect(found(other, plain)).toEqual(cautions);
  });
});
