import { describe, expect, it } from "vitest";
import { unmeasured } from "../../src/features/live/engine/measures";
import { metersOf } from "../../src/features/live/ui/Signals";

const signals = { satisfaction: 81.4, attention: 0.5, drowsiness: null, expressiveness: 0.2, dominant: null };

describe("metersOf", () => {
  it("is nothing when signals are not followed", () => {
    expect(metersOf({ ...unmeasured, eyesOpen: 1 }, "en")).toBeNull();
  });

  it("gives each signal a text and a share, and a dash to what is not known yet", () => {
    const meters = metersOf({ ...unmeasured, eyesOpen: 0.9, blinks: 3, signals }, "en");
    expect(Object.fromEntries((meters ?? []).map(({ name, text }) => [name, text]))).toEqual({
      attention: "50%",
      eyes: "90%",
      drowsiness: "–",
      blinks: "3",
      satisfaction: "81",
      expressiveness: "20%",
    });
    expect(meters?.find(({ name }) => name === "satisfaction")?.share).toBeCloseTo(0.814);
  });
});
