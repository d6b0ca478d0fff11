import { describe, expect, it } from "vitest";
import { noWishes, optionsFor, optionsMessage, usual } from "../../src/features/live/engine/options";

describe("optionsFor", () => {
  it("asks for nothing that nobody wants", () => {
    expect(optionsFor(noWishes, "camera")).toEqual(usual);
  });

  it.each(["landmarks", "pose", "signals"] as const)("%s needs landmarks", (name) => {
    expect(optionsFor({ ...noWishes, [name]: true }, "camera").landmarks).toBe(true);
  });

  it("looks closely at photos alone", () => {
    expect(optionsFor(noWishes, "photo").small_faces).toBe(true);
    expect(optionsFor(noWishes, "video").small_faces).toBe(false);
  });
});

describe("optionsMessage", () => {
  it("says only what changed", () => {
    const message = optionsMessage(usual, { ...usual, landmarks: true });
    expect(JSON.parse(message ?? "")).toEqual({ type: "options", landmarks: true });
    expect(optionsMessage({ ...usual, baseline: true }, usual)).toContain('"baseline":false');
  });

  it("says nothing when nothing changed", () => {
    expect(optionsMessage(usual, { ...usual })).toBeNull();
  });
});
