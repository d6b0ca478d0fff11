import { describe, expect, it } from "vitest";
import { axes, landmarksAt } from "../../src/features/live/ui/marks";

const picture = { x: 100, y: 50, width: 200, height: 100 };

describe("landmarksAt", () => {
  it("brings points to the picture's place", () => {
    expect(landmarksAt([0, 0, 0.25, 0.5], picture, false)).toEqual([
      [100, 50],
      [150, 100],
    ]);
  });

  it("mirrors them with the picture", () => {
    expect(landmarksAt([0.25, 0.5], picture, true)).toEqual([[250, 100]]);
  });
});

describe("axes", () => {
  const rounded = (pose: Parameters<typeof axes>[0], mirrored = false) =>
    axes(pose, mirrored).map((axis) => axis.map((value) => Math.round(value * 1e4) / 1e4 + 0));

  it("points aside, down and at the viewer when the head is straight", () => {
    expect(rounded({ yaw: 0, pitch: 0, roll: 0 })).toEqual([
      [1, 0],
      [0, 1],
      [0, 0],
    ]);
  });

  it.each([
    ["to the picture's right", { yaw: 90, pitch: 0, roll: 0 }, [1, 0]],
    ["up", { yaw: 0, pitch: 90, roll: 0 }, [0, -1]],
  ])("looks %s", (_name, pose, gaze) => {
    expect(rounded(pose)[2]).toEqual(gaze);
  });

  it("turns clockwise with the roll", () => {
    expect(rounded({ yaw: 0, pitch: 0, roll: 90 }).slice(0, 2)).toEqual([
      [0, 1],
      [-1, 0],
    ]);
  });

  it("gives what the server's pictures show", () => {
    // Computed by mien.outputs.marks.axes(20, 10, -15).
    const expected = [
      [0.8923, -0.2549],
      [0.3006, 0.9513],
      [0.3368, -0.1736],
    ];
    expect(rounded({ yaw: 20, pitch: 10, roll: -15 })).toEqual(expected);
    expect(rounded({ yaw: 20, pitch: 10, roll: -15 }, true)).toEqual(expected.map(([x, y]) => [-(x ?? 0), y]));
  });
});
