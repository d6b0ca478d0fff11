import type { Translate } from "../../../i18n";
import type { Attributes } from "../../../shared/attributes";
import type { ShownFace } from "../../../shared/faces";
import { contain, fractions, place, type Size } from "../../../shared/geometry";
import type { Heat } from "../../../shared/ui/Heat";
import { chipText } from "../../../shared/words";
import type { Analysis, Face } from "../engine/api";

/** The faces where they lie on a canvas of this size, numbered from 1, the largest first. */
export function facesOn(canvas: Size, analysis: Analysis, t: Translate, language: string): ShownFace[] {
  const picture = contain(analysis, canvas);
  return analysis.faces.map(({ box, emotion, reason }, i) => ({
    number: i + 1,
    box: place(fractions(box, analysis), picture, false),
    alpha: 1,
    expression: emotion,
    ...chipText(emotion, reason ?? null, t, language),
  }));
}

export function mapsOf({ faces }: Analysis): Heat[] {
  return faces.flatMap(({ explain }) => (explain ? [explain] : []));
}

/** Age and gender, as far as they were asked for; null where neither was. */
export function aboutOf({ age, age_range, age_uncertain, gender }: Face): Attributes | null {
  if (!age_range && !gender) return null;
  const [low = 0, high = 0] = age_range ?? [];
  return {
    age: age_range ? { years: age ?? low, low, high, uncertain: age_uncertain === true } : null,
    // A gender that is not told comes without a number.
    gender: gender ? { label: gender.label, confidence: gender.confidence ?? 0 } : null,
  };
}
