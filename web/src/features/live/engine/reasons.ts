/** What spoke for each face's expression, asked of the server for one still picture. */

import { refusalOf } from "../../../shared/answers";
import { type Emotion, emotions } from "../../../shared/emotions";
import { type Box, fractions } from "../../../shared/geometry";
import type { Source } from "../sources/source";
import { Encoder } from "./encoder";
import { fieldsOf, numberOf, ProtocolError, textOf } from "./fields";
import { boxOf } from "./protocol";

export const EXPLAIN_PATH = "/api/v1/analyze?explain=true";
/** Small faces stay readable, and it is sent only when somebody asks. */
const LONG_SIDE = 1280;

/** Boxes as fractions of the picture. */
export interface Reason {
  /** The face's. */
  readonly face: Box;
  /** Where the heat map lies; wider than the face. */
  readonly area: Box;
  readonly label: Emotion;
  /** A data URL. */
  readonly image: string;
}

/**
 * Read the answer.
 *
 * @throws ProtocolError when it is damaged
 */
export function parseReasons(value: unknown): Reason[] {
  const fields = fieldsOf(value, "answer");
  const size = { width: numberOf(fields.width, "width"), height: numberOf(fields.height, "height") };
  if (!Array.isArray(fields.faces)) throw new ProtocolError("faces is not a list");
  return fields.faces.map((face: unknown) => {
    const { box, explain } = fieldsOf(face, "face");
    const why = fieldsOf(explain, "explain");
    const label = emotions.find((name) => name === why.label);
    if (label === undefined) throw new ProtocolError(`unknown emotion ${String(why.label)}`);
    const image = textOf(why.image, "image");
    if (!image.startsWith("data:image/png;base64,")) throw new ProtocolError("image is not a PNG");
    return { face: fractions(boxOf(box), size), area: fractions(boxOf(why.box), size), label, image };
  });
}

/** The overlap of two boxes over their union. */
export function iou(a: Box, b: Box): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const inside = Math.max(0, width) * Math.max(0, height);
  const size = (box: Box) => Math.max(0, box[2] - box[0]) * Math.max(0, box[3] - box[1]);
  const union = size(a) + size(b) - inside;
  return union > 0 ? inside / union : 0;
}

const LEAST_IOU = 0.3;

/** The reason that belongs to the face drawn at `box`; null when that face was not found again. */
export function reasonAt(box: Box, reasons: readonly Reason[]): Reason | null {
  const [best] = reasons.toSorted((a, b) => iou(box, b.face) - iou(box, a.face));
  return best !== undefined && iou(box, best.face) >= LEAST_IOU ? best : null;
}

/** Made when first asked for: tests of this module have no canvas. */
let encoder: Encoder | null = null;

/**
 * Send what the source shows now.
 *
 * @throws Refusal when the server refuses
 */
export async function askReasons(source: Source, signal: AbortSignal): Promise<Reason[]> {
  encoder ??= new Encoder();
  const picture = await encoder.encode(source.element, source.size(), LONG_SIDE, Number.POSITIVE_INFINITY);
  if (picture === null) return [];
  const answer = await fetch(EXPLAIN_PATH, {
    method: "POST",
    body: new Blob([new Uint8Array(picture)], { type: "image/jpeg" }),
    signal,
  });
  if (!answer.ok) throw refusalOf(answer.status, await answer.text());
  return parseReasons(await answer.json());
}
