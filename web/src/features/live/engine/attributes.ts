/** Age and gender as the server estimates them for those who ask. */

import type { Translate } from "../../../i18n";
import { percent } from "../../../shared/format";
import { type Fields, fieldsOf, knownNumberOf, listOf, numberOf, ProtocolError, wordOf } from "./fields";

const labels = ["female", "male", "uncertain"] as const;

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
  readonly gender: { readonly label: (typeof labels)[number]; readonly confidence: number } | null;
}

/** @returns null when neither was asked for @throws ProtocolError when a value is damaged */
export function attributesOf(face: Fields): Attributes | null {
  const years = knownNumberOf(face.age, "age");
  const gender = face.gender === undefined || face.gender === null ? null : fieldsOf(face.gender, "gender");
  if (years === null && gender === null) return null;
  const [low, high] = years === null ? [] : listOf(face.age_range, "age_range");
  return {
    age:
      years === null
        ? null
        : {
            years,
            low: numberOf(low, "age_range"),
            high: numberOf(high, "age_range"),
            uncertain: face.age_uncertain === true,
          },
    gender: gender === null ? null : { label: labelOf(gender), confidence: numberOf(gender.confidence, "confidence") },
  };
}

function labelOf(gender: Fields): (typeof labels)[number] {
  const label = wordOf(gender.label, labels);
  if (label === null) throw new ProtocolError(`unknown gender ${String(gender.label)}`);
  return label;
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
