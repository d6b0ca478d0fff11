/** How recordings are put into words. */

import type { Translate } from "../../../i18n";
import type { Emotion } from "../../../shared/emotions";
import { capitalized, clock } from "../../../shared/format";
import type { Session } from "../engine/api";
import type { Shown } from "../engine/compare";

/** When, in the language's own notation. */
export function dateOf(seconds: number, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(seconds * 1000);
}

/** Whole seconds: 64.2 → "1:04". */
export function lengthOf(seconds: number): string {
  return clock(seconds).replace(/\.\d$/, "");
}

/** Bytes as people read them: "12.4 MB". */
export function megabytes(bytes: number, language: string): string {
  const digits = bytes < 10_000_000 ? 1 : 0;
  return `${(bytes / 1e6).toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits })} MB`;
}

export function nameOf({ name, started }: Pick<Session, "name" | "started">, language: string): string {
  return name === "" ? dateOf(started, language) : name;
}

export function emotionWord(emotion: Emotion, t: Translate, language: string): string {
  return capitalized(t(`emotion.${emotion}`), language);
}

/** What was shown in a step, or why there is nothing. */
export function shownWord(shown: Shown, t: Translate, language: string): string {
  if (shown === null) return t("compare.gap");
  if (shown === "uncertain") return t("emotion.uncertain");
  return shown === "nobody" ? t("sessions.nobody") : emotionWord(shown, t, language);
}

const purposes = ["self", "research", "usability", "practice", "health", "development", "demonstration"] as const;

/** One of the purposes that can be chosen, or somebody's own words. */
export function purposeWord(purpose: string, t: Translate): string {
  const known = purposes.find((each) => each === purpose);
  return known === undefined ? purpose : t(`record.purpose.${known}`);
}

export function peopleWord(count: number, t: Translate): string {
  return count === 1 ? t("sessions.person") : t("sessions.persons", { count });
}
