import { describe, expect, it } from "vitest";
import { noWishes, optionsFor, optionsMessage, usual } from "../../src/features/live/engine/options";

describe("optionsFor", () => {
  it("asks for nothing that nobody wants", () => {
    expect(optionsFor(noWishes)).toEqual(usual);
  });

  it.each(["landmarks", "pose", "signals"] as const)("%s needs landmarks", (name) => {
    expect(optionsFor({ ...noWishes, [name]: true }).landmarks).toBe(true);
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
