/** How an expression is put into words: what was seen, never what someone feels. */

import type { Translate } from "../../../i18n";
import { capitalized, percent } from "../../../shared/format";
import type { Expression } from "../engine/protocol";

export function labelOf(expression: Expression | null, t: Translate, language: string): string {
  if (expression === null) return t("people.noEmotion");
  const word = t(`emotion.${expression.label}`);
  return expression.uncertain ? `${capitalized(word, language)}?` : capitalized(word, language);
}

/** The same in full, for the list and for screen readers. */
export function spokenLabel(expression: Expression | null, t: Translate, language: string): string {
  if (expression === null) return t("people.noEmotion");
  const word = t(`emotion.${expression.label}`);
  return expression.uncertain ? t("emotion.uncertainBetween", { label: word }) : capitalized(word, language);
}

export function confidenceOf(expression: Expression | null, language: string): string {
  return expression === null ? "" : percent(expression.confidence, language);
}
