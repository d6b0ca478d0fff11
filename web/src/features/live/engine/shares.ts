/** How the time of the last minute is shared out among the expressions. */

import { type Emotion, emotions } from "../../../shared/emotions";

export interface Share {
  readonly emotion: Emotion;
  /** From 0 to 1. */
  readonly share: number;
  /** The sum of the shares before it, in the order of `emotions`. */
  readonly before: number;
}

/** @param people for each person the seconds of each emotion. @returns nothing when nothing was seen */
export function sharesOf(people: readonly (readonly number[])[]): Share[] {
  const seconds = emotions.map((_, i) => people.reduce((sum, person) => sum + (person[i] ?? 0), 0));
  const total = seconds.reduce((sum, value) => sum + value, 0);
  if (total === 0) return [];
  let before = 0;
  return emotions.map((emotion, i) => {
    const share = (seconds[i] ?? 0) / total;
    const piece = { emotion, share, before };
    before += share;
    return piece;
  });
}
