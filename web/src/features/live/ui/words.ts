/** How an expression is put into words: what was seen, never what someone feels. */

import type { Translate } from "../../../i18n";
import { capitalized, percent } from "../../../shared/format";
import type { Obstacle } from "../engine/measures";
import type { Expression } from "../engine/protocol";

/** For the chip over the face: short. */
export function labelOf(
  expression: Expression | null,
  obstacle: Obstacle | null,
  t: Translate,
  language: string,
): string {
  if (expression === null) return t("people.noEmotion");
  const word = capitalized(t(`emotion.${expression.label}`), language);
  if (!expression.uncertain) return word;
  return obstacle === null ? `${word}?` : uncertainBecause(obstacle, t);
}

/** The same in full, for the list and for screen readers. */
export function spokenLabel(
  expression: Expression | null,
  obstacle: Obstacle | null,
  t: Translate,
  language: string,
): string {
  if (expression === null) return t("people.noEmotion");
  const word = t(`emotion.${expression.label}`);
  if (!expression.uncertain) return capitalized(word, language);
  return obstacle === null ? t("emotion.uncertainBetween", { label: word }) : uncertainBecause(obstacle, t);
}

export function uncertainBecause(obstacle: Obstacle, t: Translate): string {
  return t("emotion.uncertainBecause", { reason: t(`obstacle.${obstacle}`) });
}

export function confidenceOf(expression: Expression | null, language: string): string {
  return expression === null ? "" : percent(expression.confidence, language);
}
