import { describe, expect, it } from "vitest";
import { noWishes, optionsFor, optionsMessage, usual } from "../../src/features/live/engine/options";

describe("optionsFor", () => {
  it("asks for nothing that nobody wants", () => {
    expect(optionsFor(noWishes, true)).toEqual(usual);
  });

  it.each(["landmarks", "pose", "signals"] as const)("%s needs landmarks", (name) => {
    expect(optionsFor({ ...noWishes, [name]: true }, false).landmarks).toBe(true);
  });

  it("asks for age and gender where the server allows them", () => {
    const wishes = { ...noWishes, attributes: true };
    expect(optionsFor(wishes, true).attributes).toBe(true);
    expect(optionsFor(wishes, false)).toEqual(usual);
  });
});

describe("optionsMessage", () => {
  it("says only what changed", () => {
    const message = optionsMessage(usual, { ...usual, landmarks: true });
    expect(JSON.parse(message ?? "")).toEqual({ type: "options", landmarks: true });
    expect(optionsMessage({ ...usual, baseline: true }, usual)).toContain('"baseline":false');
  });

  it("names age and gender", () => {
    const on = { ...usual, attributes: true };
    expect(JSON.parse(optionsMessage(usual, on) ?? "")).toEqual({ type: "options", attributes: ["age", "gender"] });
    expect(JSON.parse(optionsMessage(on, usual) ?? "")).toEqual({ type: "options", attributes: [] });
  });

  it("says nothing when nothing changed", () => {
    expect(optionsMessage(usual, { ...usual })).toBeNull();
  });
});
