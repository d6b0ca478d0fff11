/** The app's texts. To add a language, add one file to `languages/`. */

import { useMemo } from "react";
import { useSettings } from "../shared/settings";
import type { Arguments, Key, Language, Translate } from "./types";

export type { Key, Language, Translate } from "./types";

const files = import.meta.glob<Language>("./languages/*.ts", { eager: true, import: "default" });

export const languages: readonly Language[] = Object.values(files);

function find(code: string): Language | undefined {
  return languages.find((language) => language.code === code);
}

/** The language of a setting: the one named, or for "auto" the browser's first that we have, or English. */
export function resolveLanguage(setting: string, wanted: readonly string[]): Language {
  const codes = setting === "auto" ? wanted.map((tag) => tag.slice(0, 2).toLowerCase()) : [setting];
  for (const code of [...codes, "en"]) {
    const language = find(code);
    if (language) return language;
  }
  throw new Error("The English texts are missing from the bundle.");
}

/** Fill a text's `{placeholders}`. */
export function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

export function translator(language: Language): Translate {
  return <K extends Key>(key: K, ...values: Arguments<K>) => fill(language.messages[key], values[0] ?? {});
}

/** The language in use. */
export function useLanguage(): Language {
  const setting = useSettings((state) => state.language);
  return useMemo(() => resolveLanguage(setting, navigator.languages), [setting]);
}

/** The function that gives texts in the language in use. */
export function useT(): Translate {
  const language = useLanguage();
  return useMemo(() => translator(language), [language]);
}
