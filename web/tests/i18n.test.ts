import { describe, expect, it } from "vitest";
import { fill, languages, resolveLanguage, translator } from "../src/i18n";
import english from "../src/i18n/languages/en";
import { emotions } from "../src/shared/emotions";

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{\w+\}/g)].map(([name]) => name).sort();
}

const reference = new Map<string, string>(Object.entries(english.messages));

describe("languages", () => {
  it("has English and German", () => {
    expect(languages.map(({ code }) => code).sort()).toEqual(["de", "en"]);
  });

  it.each(languages)("$code has the keys of English", ({ messages }) => {
    expect(Object.keys(messages).sort()).toEqual(Object.keys(english.messages).sort());
  });

  it.each(languages)("$code has English's placeholders, and no empty text", ({ messages }) => {
    const wrong = Object.entries(messages).filter(
      ([key, text]) =>
        text.trim() === "" || String(placeholders(text)) !== String(placeholders(reference.get(key) ?? "")),
    );
    expect(wrong).toEqual([]);
  });

  it.each(languages)("$code never says that someone is or feels something", ({ code, messages }) => {
    for (const emotion of emotions)
      expect(messages[`emotion.${emotion}`], code).not.toMatch(/\b(is|feels|fühlt|ist)\b/);
  });
});

describe("resolveLanguage", () => {
  it.each([
    ["auto", ["de-AT", "en"], "de"],
    ["auto", ["fr-FR", "de"], "de"],
    ["auto", ["fr"], "en"],
    ["auto", [], "en"],
    ["de", ["en"], "de"],
    ["xx", ["de"], "en"],
  ])("%s with %j gives %s", (setting, wanted, code) => {
    expect(resolveLanguage(setting, wanted).code).toBe(code);
  });
});

describe("texts", () => {
  it("fills placeholders", () => {
    expect(translator(english)("people.face", { number: 3 })).toBe("Face 3");
  });

  it("leaves unknown placeholders as they are", () => {
    expect(fill("{a} and {b}", { a: 1 })).toBe("1 and {b}");
  });
});
