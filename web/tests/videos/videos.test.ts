import { describe, expect, it, vi } from "vitest";
import { pathOf, placeOf } from "../../src/features/videos/engine/address";
import { type FrameLine, uploadPath } from "../../src/features/videos/engine/api";
import { nearest, PIECE_SECONDS, Results } from "../../src/features/videos/engine/results";
import { mostly } from "../../src/features/videos/ui/People";
import { refusalOf } from "../../src/shared/answers";
import { LEFT, placeAt, runsOf, timeAt } from "../../src/shared/lanes";
import { including, marks, shift, zoom } from "../../src/shared/span";

const ID = "3f9c2a5b7d1e4f60";

function line(time: number): FrameLine {
  return { frame: Math.round(time * 25), time, width: 64, height: 48, faces: [] };
}

describe("uploadPath", () => {
  it("asks for age and gender where they are wanted", () => {
    expect(uploadPath("a b&c.mp4", false)).toBe("/api/v1/videos?name=a%20b%26c.mp4");
    expect(uploadPath("a.mp4", true)).toBe("/api/v1/videos?name=a.mp4&attributes=age,gender");
  });
});

describe("address", () => {
  it.each([
    ["/videos", "", null, null],
    [`/videos/${ID}`, "", ID, null],
    [`/videos/${ID}/`, "?t=12.4", ID, 12.4],
    [`/videos/${ID}`, "?t=-3", ID, null],
    [`/videos/${ID}`, "?t=x", ID, null],
    ["/videos/../etc", "?t=1", null, null],
  ])("%s%s is video %s at %s", (path, search, id, time) => {
    expect(placeOf(path, search)).toEqual({ id, time });
  });

  it("comes back from what it wrote", () => {
    const [path = "", search = ""] = pathOf(ID, 12.404).split("?");
    expect(placeOf(path, `?${search}`)).toEqual({ id: ID, time: 12.4 });
  });
});

describe("messages", () => {
  it.each([
    ['{"error":{"code":"x","message":"too large"}}', "x", "too large"],
    ["<html>", "", "HTTP 502"],
    ["{}", "", "HTTP 502"],
  ])("%s says %s: %s", (body, code, message) => {
    expect(refusalOf(502, body)).toMatchObject({ status: 502, code, message });
  });
});

describe("results", () => {
  const lines = [0, 0.04, 0.08, 0.12].map(line);

  it.each([
    [0.0, 0],
    [0.055, 0.04],
    [0.061, 0.08],
    [0.14, 0.12],
    [0.2, null],
    [-1, null],
  ])("at %d the frame of %s is nearest", (time, found) => {
    expect(nearest(lines, time, 0.03)?.time ?? null).toBe(found);
  });

  it("fetches a piece once, the next one ahead of time, and anew when it has grown", async () => {
    const asked: number[] = [];
    const changed = vi.fn();
    const results = new Results(async (from) => {
      asked.push(from);
      return [line(from)];
    }, changed);
    expect(results.at(1, 0.03)).toBeNull();
    results.at(2, 0.03);
    await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(1));
    expect(asked).toEqual([0]);
    expect(results.at(0, 0.03)?.time).toBe(0);
    results.at(PIECE_SECONDS - 1, 0.03);
    await vi.waitFor(() => expect(asked).toEqual([0, PIECE_SECONDS]));
    results.stale(3);
    results.at(1, 0.03);
    await vi.waitFor(() => expect(asked).toEqual([0, PIECE_SECONDS, 0]));
  });
});

describe("span", () => {
  it("keeps the moment under the pointer where it is", () => {
    const closer = zoom({ from: 0, to: 100 }, 0.5, 30, 100);
    expect(closer).toEqual({ from: 15, to: 65 });
    expect(zoom(closer, 10, 30, 100)).toEqual({ from: 0, to: 100 });
    expect(zoom({ from: 0, to: 100 }, 1e-6, 50, 100).to - zoom({ from: 0, to: 100 }, 1e-6, 50, 100).from).toBeCloseTo(
      1,
    );
  });

  it("never leaves the video", () => {
    expect(shift({ from: 10, to: 20 }, 1000, 100)).toEqual({ from: 90, to: 100 });
    expect(shift({ from: 10, to: 20 }, -1000, 100)).toEqual({ from: 0, to: 10 });
  });

  it("moves on with the video", () => {
    const span = { from: 10, to: 20 };
    expect(including(span, 15, 100)).toBe(span);
    expect(including(span, 20.5, 100)).toEqual({ from: 19.5, to: 29.5 });
  });

  it("marks round times", () => {
    expect(marks({ from: 0, to: 60 }, 6)).toEqual([0, 10, 20, 30, 40, 50, 60]);
    expect(marks({ from: 3, to: 7 }, 4)).toEqual([3, 4, 5, 6, 7]);
  });
});

describe("timeline", () => {
  const bin = [1, 0, 0, 0, 0, 0, 0, 0];

  it("leaves gaps empty", () => {
    expect(runsOf([null, bin, bin, null, null, bin])).toEqual([
      [1, 3],
      [5, 6],
    ]);
    expect(runsOf([])).toEqual([]);
  });

  it("finds the time under the pointer again", () => {
    const span = { from: 10, to: 30 };
    expect(timeAt(placeAt(17, 640, span), 640, span)).toBeCloseTo(17);
    expect(timeAt(0, 640, span)).toBe(10);
    expect(placeAt(10, 640, span)).toBe(LEFT);
  });

  it("names what somebody mostly showed", () => {
    const happy = [0.2, 0.8, 0, 0, 0, 0, 0, 0];
    const person = { track: 1, first: 0, last: 1, frames: 3, uncertain: 0, bins: [bin, happy, null, happy, happy] };
    expect(mostly(person)).toBe("happiness");
  });
});
