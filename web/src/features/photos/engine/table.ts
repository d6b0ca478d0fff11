/** All results as a table or as JSON. Nothing is asked of the server for it: it has forgotten the pictures. */

import { emotions } from "../../../shared/emotions";
import type { Analysis, Face } from "./api";

/** A picture's result, or why there is none. */
export type Outcome =
  | { readonly name: string; readonly analysis: Analysis }
  | { readonly name: string; readonly error: string };

type Cell = string | number | boolean | null | undefined;

/** Named as in the tables of `mien analyze`; `number` is the face's in the annotated picture, from 1. */
const COLUMNS = [
  ...["source", "width", "height", "faces", "number", "x1", "y1", "x2", "y2", "score"],
  ...["emotion", "confidence", "uncertain", ...emotions.map((emotion) => `p_${emotion}`)],
  ...["yaw", "pitch", "roll", "eyes_open", "mouth_open", "quality", "reason"],
  ...["age", "age_low", "age_high", "age_uncertain", "gender", "gender_confidence", "error"],
];

/** A row for each face; one for a picture without faces too, and for one that could not be read. */
export function csvOf(outcomes: readonly Outcome[]): string {
  const rows = outcomes.flatMap(rowsOf).map((row) => COLUMNS.map((column) => cell(row[column])));
  return [COLUMNS, ...rows].map((row) => `${row.join(",")}\n`).join("");
}

function rowsOf(outcome: Outcome): Record<string, Cell>[] {
  if ("error" in outcome) return [{ source: outcome.name, error: outcome.error }];
  const { width, height, faces } = outcome.analysis;
  const picture = { source: outcome.name, width, height, faces: faces.length };
  if (faces.length === 0) return [picture];
  return faces.map((face, i) => ({ ...picture, number: i + 1, ...faceRow(face) }));
}

function faceRow({ box: [x1, y1, x2, y2], score, emotion, pose, ...face }: Face): Record<string, Cell> {
  const { label, confidence, uncertain, probabilities } = emotion;
  const { eyes_open, mouth_open, quality, reason, age, age_range, age_uncertain, gender } = face;
  return {
    ...{ x1, y1, x2, y2, score, emotion: label, confidence, uncertain },
    ...Object.fromEntries(emotions.map((name) => [`p_${name}`, probabilities[name]])),
    ...{ yaw: pose?.yaw, pitch: pose?.pitch, roll: pose?.roll, eyes_open, mouth_open, quality, reason },
    // Empty where nobody asked for them.
    ...{ age, age_low: age_range?.[0], age_high: age_range?.[1], age_uncertain: age === null ? null : age_uncertain },
    ...{ gender: gender?.label, gender_confidence: gender?.confidence },
  };
}

/** Text that a spreadsheet would run as a formula is marked as text (OWASP, "CSV injection"). */
function cell(value: Cell): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** What the server said of every picture, without the heat maps, which are pictures themselves. */
export function jsonOf(outcomes: readonly Outcome[]): string {
  const pictures = outcomes.map((outcome) => {
    if ("error" in outcome) return { source: outcome.name, error: outcome.error };
    const faces = outcome.analysis.faces.map(({ explain: _, ...face }) => face);
    return { ...outcome.analysis, source: outcome.name, faces };
  });
  return `${JSON.stringify({ pictures }, null, 1)}\n`;
}
