import { describe, expect, it } from "vitest";
import { type Measures, unmeasured } from "../../src/features/live/engine/measures";
import type { Face, Result } from "../../src/features/live/engine/protocol";
import { obstacleOf, Tracks } from "../../src/features/live/engine/tracks";
import type { Obstacle } from "../../src/shared/words";

function face(track: number, x: number, size = 20, measures: Partial<Measures> = {}): Face {
  return { track, box: [x, 0, x + size, size], score: 1, expression: null, ...unmeasured, ...measures };
}

function result(...faces: Face[]): Result {
  return { type: "result", seq: 0, dropped: 0, width: 100, height: 100, faces, events: [] };
}

const left = (tracks: Tracks, now: number) => tracks.drawn(now)[0]?.box[0];

describe("Tracks", () => {
  it("places a new face at once, as a fraction of the frame", () => {
    const tracks = new Tracks();
    tracks.update(result(face(1, 40)), 0);
    expect(tracks.drawn(0)).toEqual([
      { track: 1, box: [0.4, 0, 0.6, 0.2], alpha: 1, expression: null, obstacle: null, landmarks: null, pose: null },
    ]);
  });

  it("glides between results and arrives within the usual interval", () => {
    const tracks = new Tracks();
    tracks.update(result(face(1, 0)), 0);
    tracks.update(result(face(1, 10)), 100);
    expect(left(tracks, 100)).toBe(0);
    expect(left(tracks, 150)).toBeCloseTo(0.05);
    expect(left(tracks, 200)).toBeCloseTo(0.1);
    expect(left(tracks, 260)).toBeCloseTo(0.1);
  });

  it("moves landmarks and pose along with the box, angles the short way round", () => {
    const tracks = new Tracks();
    const at = (x: number, roll: number) => face(1, x, 20, { landmarks: [x, 50], pose: { yaw: x, pitch: 0, roll } });
    tracks.update(result(at(0, 170)), 0);
    tracks.update(result(at(10, -170)), 100);
    expect(tracks.drawn(150)[0]?.landmarks?.[0]).toBeCloseTo(0.05);
    expect(tracks.drawn(150)[0]?.landmarks?.[1]).toBeCloseTo(0.5);
    expect(tracks.drawn(150)[0]?.pose?.yaw).toBeCloseTo(5);
    expect(tracks.drawn(150)[0]?.pose?.roll).toBeCloseTo(180);
    expect(tracks.drawn(200)[0]?.pose).toEqual({ yaw: 10, pitch: 0, roll: -170 });
  });

  it("takes landmarks that come later at once, and lets go of those that do not come any more", () => {
    const tracks = new Tracks();
    tracks.update(result(face(1, 0)), 0);
    tracks.update(result(face(1, 10, 20, { landmarks: [20, 40] })), 100);
    expect(tracks.drawn(101)[0]?.landmarks).toEqual([0.2, 0.4]);
    tracks.update(result(face(1, 10)), 200);
    expect(tracks.drawn(201)[0]?.landmarks).toBeNull();
  });

  it("starts a new glide from where the box is drawn, without a jump", () => {
    const tracks = new Tracks();
    tracks.update(result(face(1, 0)), 0);
    tracks.update(result(face(1, 10)), 100);
    const before = left(tracks, 150);
    tracks.update(result(face(1, 30)), 150);
    expect(left(tracks, 150)).toBe(before);
  });

  it("keeps tracks apart by their number, not by their order", () => {
    const tracks = new Tracks();
    tracks.update(result(face(1, 0), face(2, 80)), 0);
    tracks.update(result(face(2, 80), face(1, 0)), 50);
    for (const { track, box } of tracks.drawn(75)) expect(box[0]).toBe(track === 1 ? 0 : 0.8);
  });

  it("fades a lost face within half a second", () => {
    const tracks = new Tracks();
    tracks.update(result(face(1, 0)), 0);
    for (let at = 50; at <= 500; at += 50) tracks.update(result(), at);
    expect(tracks.drawn(150)[0]?.alpha).toBe(1);
    expect(tracks.drawn(350)[0]?.alpha).toBeCloseTo(0.5);
    expect(tracks.drawn(500)).toEqual([]);
  });

  it("does not let faces blink when the server is slow", () => {
    const tracks = new Tracks();
    tracks.update(result(face(1, 0)), 0);
    tracks.update(result(face(1, 0)), 700);
    expect(tracks.drawn(1300)[0]?.alpha).toBe(1);
  });

  it("does not let faces blink when results come in pairs", () => {
    const tracks = new Tracks();
    for (const at of [0, 10, 900, 910]) tracks.update(result(face(1, 0)), at);
    expect(tracks.drawn(1900)[0]?.alpha).toBe(1);
  });

  it("gives the second result time before the first one fades", () => {
    const tracks = new Tracks();
    tracks.update(result(face(1, 0)), 0);
    expect(tracks.drawn(1000)[0]?.alpha).toBe(1);
    expect(tracks.drawn(1500)).toEqual([]);
  });

  it("fades the last result when no other comes", () => {
    const tracks = new Tracks();
    tracks.update(result(face(1, 0)), 0);
    tracks.update(result(face(1, 0)), 30);
    expect(tracks.drawn(600)).toEqual([]);
  });

  it("lists people by number and keeps those who left for two seconds", () => {
    const tracks = new Tracks();
    tracks.update(result(face(7, 0), face(2, 50)), 0);
    tracks.update(result(face(7, 0)), 30);
    tracks.update(result(face(7, 0)), 1000);
    expect(tracks.people(1000).map(({ track, present }) => [track, present])).toEqual([
      [2, false],
      [7, true],
    ]);
    tracks.update(result(face(7, 0)), 2100);
    expect(tracks.people(2100).map(({ track }) => track)).toEqual([7]);
  });

  it("finds the largest face", () => {
    const tracks = new Tracks();
    expect(tracks.largest(0)).toBeNull();
    tracks.update(result(face(1, 0, 10), face(2, 50, 30)), 0);
    expect(tracks.largest(0)).toBe(2);
  });

  it("forgets everybody", () => {
    const tracks = new Tracks();
    tracks.update(result(face(1, 0)), 0);
    tracks.clear();
    expect(tracks.drawn(0)).toEqual([]);
    expect(tracks.people(0)).toEqual([]);
  });
});

describe("obstacleOf", () => {
  it.each<[string, (Obstacle | null)[], Obstacle | null]>([
    ["nobody", [], null],
    ["one in the dark", ["too dark"], "too dark"],
    ["one in the dark and one who can be read", ["too dark", null], null],
    ["two with different obstacles", ["turned away", "too small"], "turned away"],
    ["what is hardly a face", ["unsure"], null],
  ])("%s", (_name, found, expected) => {
    const tracks = new Tracks();
    tracks.update(result(...found.map((obstacle, i) => face(i + 1, 20 * i, 20, { obstacle }))), 0);
    expect(obstacleOf(tracks.people(0))).toBe(expected);
  });
});
