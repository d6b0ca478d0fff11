/** Age and gender as they come in the server's messages. */

import { type Attributes, genders } from "../../../shared/attributes";
import { type Fields, fieldsOf, knownNumberOf, listOf, numberOf, ProtocolError, wordOf } from "./fields";

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

function labelOf(gender: Fields): (typeof genders)[number] {
  const label = wordOf(gender.label, genders);
  if (label === null) throw new ProtocolError(`unknown gender ${String(gender.label)}`);
  return label;
}
