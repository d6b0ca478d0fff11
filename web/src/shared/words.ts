/** How an expression is put into words: what was seen, never what someone feels. */

import type { Translate } from "../i18n";
import type { Emotion } from "./emotions";
import { capitalized, percent } from "./format";

/** What speaks most against a face's fitness for analysis. */
export const obstacles = ["too small", "too dark", "too bright", "blurred", "turned away", "unsure"] as const;
export type Obstacle = (typeof obstacles)[number];

/** The shown expression of a face. */
export interface Shown {
  readonly label: Emotion;
  readonly confidence: number;
  readonly uncertain: boolean;
}

/** For the chip over the face: short. */
export function labelOf(expression: Shown | null, obstacle: Obstacle | null, t: Translate, language: string): string {
  if (expression === null) return t("people.noEmotion");
  const word = capitalized(t(`emotion.${expression.label}`), language);
  if (!expression.uncertain) return word;
  return obstacle === null ? `${word}?` : uncertainBecause(obstacle, t);
}

/** The same in full, for the list and for screen readers. */
export function spokenLabel(
  expression: Shown | null,
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

export function confidenceOf(expression: Shown | null, language: string): string {
  return expression === null ? "" : percent(expression.confidence, language);
}

/** What a face's chip says: words, and a percentage that is "" where there is none. */
export interface ChipText {
  readonly label: string;
  readonly value: string;
  /** The widest percentage, so that a chip keeps its width while its number changes. */
  readonly widest: string;
}

export function chipText(
  expression: Shown | null,
  obstacle: Obstacle | null,
  t: Translate,
  language: string,
): ChipText {
  // Where the label is a reason there is no expression for a percentage to be of.
  const reasoned = expression?.uncertain === true && obstacle !== null;
  return {
    label: labelOf(expression, obstacle, t, language),
    value: reasoned ? "" : confidenceOf(expression, language),
    widest: percent(1, language),
  };
}
