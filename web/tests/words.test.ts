import { describe, expect, it } from "vitest";
import type { Expression } from "../src/features/live/engine/protocol";
import { translator } from "../src/i18n";
import german from "../src/i18n/languages/de";
import english from "../src/i18n/languages/en";
import { chipText, labelOf, spokenLabel } from "../src/shared/words";

const t = translator(english);
const sure: Expression = { label: "fear", confidence: 0.8, uncertain: false, probabilities: [], uncorrected: null };
const unsure: Expression = { ...sure, uncertain: true };

describe("labels", () => {
  it.each([
    [sure, null, "Fear", "Fear"],
    [sure, "too dark", "Fear", "Fear"],
    [unsure, null, "Fear?", "Uncertain: fear?"],
    [unsure, "too dark", "Uncertain (too dark)", "Uncertain (too dark)"],
    [null, "too small", "Face found", "Face found"],
  ] as const)("%j with %j", (expression, obstacle, short, long) => {
    expect(labelOf(expression, obstacle, t, "en")).toBe(short);
    expect(spokenLabel(expression, obstacle, t, "en")).toBe(long);
  });

  it("says it in German", () => {
    expect(labelOf(unsure, "turned away", translator(german), "de")).toBe("Unsicher (abgewandt)");
  });
});

describe("chipText", () => {
  it.each([
    [sure, null, "Fear", "80%"],
    [unsure, null, "Fear?", "80%"],
    [unsure, "blurred", "Uncertain (blurred)", ""],
    [null, null, "Face found", ""],
  ] as const)("of %j with %j", (expression, obstacle, label, value) => {
    expect(chipText(expression, obstacle, t, "en")).toEqual({ label, value, widest: "100%" });
  });
});
