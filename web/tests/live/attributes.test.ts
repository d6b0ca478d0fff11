import { describe, expect, it } from "vitest";
import { attributesOf } from "../../src/features/live/engine/attributes";
import { ProtocolError } from "../../src/features/live/engine/fields";
import { type Language, translator } from "../../src/i18n";
import german from "../../src/i18n/languages/de";
import english from "../../src/i18n/languages/en";
import { aboutText } from "../../src/shared/attributes";

const face = { age: 31.2, age_range: [26, 38], gender: { label: "female", confidence: 0.9 } };

function text(value: Record<string, unknown>, language: Language = english): string {
  const attributes = attributesOf(value);
  return attributes === null ? "" : aboutText(attributes, translator(language), language.code);
}

describe("attributesOf", () => {
  it("is null where nobody asked", () => {
    expect(attributesOf({ box: [0, 0, 1, 1] })).toBeNull();
  });

  it("reads one or both", () => {
    expect(attributesOf(face)).toEqual({
      age: { years: 31.2, low: 26, high: 38, uncertain: false },
      gender: { label: "female", confidence: 0.9 },
    });
    expect(attributesOf({ gender: face.gender })?.age).toBeNull();
    expect(attributesOf({ ...face, gender: undefined })?.gender).toBeNull();
  });

  it.each([{ age: "31" }, { age_range: [1] }, { age_range: null }, { gender: { label: "cat", confidence: 1 } }])(
    "refuses %j",
    (damage) => {
      expect(() => attributesOf({ ...face, ...damage })).toThrow(ProtocolError);
    },
  );
});

describe("aboutText", () => {
  it("tells the range and the likelier gender", () => {
    expect(text(face)).toBe("about 26–38, woman 90%");
    expect(text(face, german)).toBe("etwa 26–38, Frau 90\u00a0%");
    expect(text({ ...face, gender: undefined })).toBe("about 26–38");
    expect(text({ gender: { label: "male", confidence: 0.88 } })).toBe("man 88%");
  });

  it("calls nobody young a woman or a man", () => {
    expect(text({ ...face, age: 8, age_range: [5, 11] })).toBe("about 5–11, girl 90%");
  });

  it("does not tell what should not be relied on", () => {
    const doubtful = { ...face, age_uncertain: true, gender: { label: "uncertain", confidence: 0.6 } };
    expect(text(doubtful)).toBe("age uncertain, gender uncertain");
  });
});
