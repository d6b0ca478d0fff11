/** The stream protocol `mien.v1`: frames go out as bytes, results come back as JSON text. */

import { emotions } from "../../../shared/emotions";
import type { Box } from "../../../shared/geometry";
import type { Shown } from "../../../shared/words";
import { fieldsOf, listOf, numberOf, ProtocolError, textOf } from "./fields";
import { eventsOf, type FaceEvent, type Measures, measuresOf } from "./measures";

export const SUBPROTOCOL = "mien.v1";
export const STREAM_PATH = "/api/v1/stream";
const HEADER_BYTES = 12;

export interface Expression extends Shown {
  /** In the order of `emotions`. */
  readonly probabilities: readonly number[];
  /** The same before the person's resting face was taken off; null where nothing was. */
  readonly uncorrected: readonly number[] | null;
}

export interface Face extends Measures {
  readonly track: number;
  readonly box: Box;
  readonly score: number;
  readonly expression: Expression | null;
}

export interface Ready {
  readonly type: "ready";
  readonly version: string;
  readonly maxFrameBytes: number;
  /** Whether age and gender may be asked for. */
  readonly attributes: boolean;
}

export interface Result {
  readonly type: "result";
  readonly seq: number;
  readonly dropped: number;
  readonly width: number;
  readonly height: number;
  readonly faces: readonly Face[];
  readonly events: readonly FaceEvent[];
}

export interface Failure {
  readonly type: "error";
  readonly code: string;
  readonly message: string;
  /** What kind of purpose was refused. */
  readonly kind: string | null;
  readonly seq: number | null;
}

/** How the keeping of a recording's pictures goes. */
export interface PicturesKept {
  readonly kept: number;
  readonly lost: number;
  /** Why none is kept at present; "" when all is well. */
  readonly code: string;
}

/** How the recording of this stream is. */
export interface Recorded {
  readonly type: "recording";
  readonly session: string;
  readonly state: string;
  readonly message: string;
  readonly saved: number;
  /** What the message says, for programs. */
  readonly code: string;
  /** Results that are not on disk yet, and those that never will be. */
  readonly waiting: number;
  readonly lost: number;
  /** How the keeping of pictures goes; null where none are kept. */
  readonly pictures: PicturesKept | null;
  /** What goes on with it; told once. */
  readonly token: string | null;
}

/** A moment that was noted. */
export interface Marked {
  readonly type: "marker";
  readonly time: number;
  readonly label: string;
}

export type ServerMessage = Ready | Result | Failure | Recorded | Marked;

/** Put the header (uint32 seq, float64 captured_ms, little-endian) in front of an encoded picture. */
export function encodeFrame(seq: number, capturedMs: number, picture: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + picture.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, seq, true);
  view.setFloat64(4, capturedMs, true);
  bytes.set(picture, HEADER_BYTES);
  return bytes;
}

export function boxOf(value: unknown): Box {
  if (!Array.isArray(value) || value.length !== 4) throw new ProtocolError("box does not have four numbers");
  const [x1, y1, x2, y2] = value.map((side: unknown) => numberOf(side, "box"));
  return [x1 ?? 0, y1 ?? 0, x2 ?? 0, y2 ?? 0];
}

function expressionOf(value: unknown): Expression | null {
  if (value === undefined || value === null) return null;
  const fields = fieldsOf(value, "emotion");
  const label = emotions.find((name) => name === fields.label);
  if (label === undefined) throw new ProtocolError(`unknown emotion ${String(fields.label)}`);
  return {
    label,
    confidence: numberOf(fields.confidence, "confidence"),
    uncertain: fields.uncertain === true,
    probabilities: probabilitiesOf(fields.probabilities),
    uncorrected: fields.uncorrected === undefined ? null : probabilitiesOf(fields.uncorrected),
  };
}

function probabilitiesOf(value: unknown): number[] {
  const probabilities = fieldsOf(value, "probabilities");
  return emotions.map((name) => numberOf(probabilities[name], name));
}

export function faceOf(value: unknown): Face {
  const fields = fieldsOf(value, "face");
  return {
    track: numberOf(fields.track, "track"),
    box: boxOf(fields.box),
    score: numberOf(fields.score, "score"),
    expression: expressionOf(fields.emotion),
    ...measuresOf(fields),
  };
}

function picturesOf(value: unknown): PicturesKept | null {
  if (value === undefined || value === null) return null;
  const { kept, lost, code } = fieldsOf(value, "pictures");
  return { kept: numberOf(kept, "kept"), lost: numberOf(lost, "lost"), code: textOf(code, "code") };
}

/**
 * Read one message of the server.
 *
 * @returns null for a kind of message that this version does not know, which may safely be passed over
 * @throws ProtocolError when the message is damaged
 */
export function parseMessage(text: string): ServerMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new ProtocolError("message is not JSON", { cause: error });
  }
  const fields = fieldsOf(value, "message");
  switch (fields.type) {
    case "ready":
      return {
        type: "ready",
        version: textOf(fields.version, "version"),
        maxFrameBytes: numberOf(fields.max_frame_bytes, "max_frame_bytes"),
        attributes: Array.isArray(fields.attributes) && fields.attributes.length > 0,
      };
    case "result":
      return {
        type: "result",
        seq: numberOf(fields.seq, "seq"),
        dropped: numberOf(fields.dropped, "dropped"),
        width: numberOf(fields.width, "width"),
        height: numberOf(fields.height, "height"),
        faces: listOf(fields.faces, "faces").map(faceOf),
        events: eventsOf(fields.events),
      };
    case "error":
      return {
        type: "error",
        code: textOf(fields.code, "code"),
        message: textOf(fields.message, "message"),
        kind: typeof fields.kind === "string" ? fields.kind : null,
        seq: typeof fields.seq === "number" ? fields.seq : null,
      };
    case "recording":
      return {
        type: "recording",
        session: textOf(fields.session, "session"),
        state: textOf(fields.state, "state"),
        message: textOf(fields.message, "message"),
        saved: numberOf(fields.saved, "saved"),
        code: textOf(fields.code, "code"),
        waiting: numberOf(fields.waiting, "waiting"),
        lost: numberOf(fields.lost, "lost"),
        pictures: picturesOf(fields.pictures),
        token: typeof fields.token === "string" ? fields.token : null,
      };
    case "marker":
      return { type: "marker", time: numberOf(fields.time, "time"), label: textOf(fields.label, "label") };
    default:
      return null;
  }
}
