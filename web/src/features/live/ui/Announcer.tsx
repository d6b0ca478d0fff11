import { useEffect, useState } from "react";
import { type Translate, useLanguage, useT } from "../../../i18n";
import { confidenceOf, spokenLabel } from "../../../shared/words";
import type { Snapshot } from "../engine/session";
import { session } from "../store";

/** A screen reader is told of changes no more often than this. */
const EVERY_MS = 2000;

function keyOf({ people, noFace }: Snapshot): string {
  const present = people.filter((person) => person.present);
  const labels = present.map(({ track, expression, measures }) =>
    [track, expression?.label, expression?.uncertain === true && (measures.obstacle ?? "uncertain")].join(":"),
  );
  return noFace ? "none" : labels.join(" ");
}

function sentenceOf({ people, noFace }: Snapshot, t: Translate, language: string): string {
  if (noFace) return t("announce.none");
  return people
    .filter((person) => person.present)
    .map(({ track, expression, measures }) =>
      t("announce.face", {
        number: track,
        label: spokenLabel(expression, measures.obstacle, t, language),
        percent: confidenceOf(expression, language),
      }),
    )
    .join(". ");
}

/** The live region: speaks when an expression changes, not when a number does. */
export function Announcer() {
  const t = useT();
  const language = useLanguage().code;
  const [sentence, setSentence] = useState("");
  useEffect(() => {
    let said = "";
    const timer = window.setInterval(() => {
      const snapshot = session.snapshot();
      const key = keyOf(snapshot);
      if (key === said) return;
      said = key;
      setSentence(sentenceOf(snapshot, t, language));
    }, EVERY_MS);
    return () => window.clearInterval(timer);
  }, [t, language]);
  return (
    <p className="sr-only" aria-live="polite" data-testid="announcer">
      {sentence}
    </p>
  );
}
