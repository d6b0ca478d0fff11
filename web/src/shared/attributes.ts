/** Age and gender as the server estimates them for those who ask, where it allows that. */

import { create } from "zustand";
import type { Translate } from "../i18n";
import { ask } from "./answers";
import type { components } from "./api";
import { percent } from "./format";

export const genders = ["female", "male", "uncertain"] as const;

/** From this estimated age on somebody is called a woman or a man. */
const ADULT = 16;

export interface Attributes {
  /** In years; four faces in five are as old as the range says. null where nobody asked. */
  readonly age: {
    readonly years: number;
    readonly low: number;
    readonly high: number;
    readonly uncertain: boolean;
  } | null;
  readonly gender: { readonly label: (typeof genders)[number]; readonly confidence: number } | null;
}

/** What is asked for where both are wanted. */
export const BOTH = ["age", "gender"] as const;

/** Whether the server allows them; not before it has said so. */
export const useAttributesAllowed = create<{ readonly allowed: boolean }>()(() => ({ allowed: false }));

export async function learnAttributesAllowed(): Promise<void> {
  try {
    const options: components["schemas"]["AnalysisOptions"] = await (await ask("/api/v1/analyze")).json();
    useAttributesAllowed.setState({ allowed: options.attributes.length > 0 });
  } catch {
    // Without an answer nothing is offered; what the page is for will say what is wrong.
  }
}

/** Both in words: "about 26–38, woman 90%"; what should not be relied on is not told. */
export function aboutText({ age, gender }: Attributes, t: Translate, language: string): string {
  const parts: string[] = [];
  if (age !== null) parts.push(age.uncertain ? t("attributes.age.uncertain") : t("attributes.age", age));
  if (gender !== null) {
    if (gender.label === "uncertain") parts.push(t("attributes.gender.uncertain"));
    else {
      const child = age !== null && age.years < ADULT ? ".child" : "";
      parts.push(`${t(`attributes.${gender.label}${child}`)} ${percent(gender.confidence, language)}`);
    }
  }
  return parts.join(", ");
}
