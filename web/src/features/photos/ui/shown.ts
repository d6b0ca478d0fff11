import type { Translate } from "../../../i18n";
import type { ShownFace } from "../../../shared/faces";
import { contain, fractions, place, type Size } from "../../../shared/geometry";
import type { Heat } from "../../../shared/ui/Heat";
import { chipText } from "../../../shared/words";
import type { Analysis } from "../engine/api";

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
