/** What the server tells of a camera that it watches: server-sent events with JSON. */

import { fieldsOf, knownNumberOf, listOf, numberOf, ProtocolError, wordOf } from "./fields";
import { eventsOf } from "./measures";
import { faceOf, type Result } from "./protocol";

export const cameraStates = ["starting", "live", "stalled", "waiting", "ended", "stopped"] as const;
export type CameraStateName = (typeof cameraStates)[number];

/** How a camera is. */
export interface CameraState {
  readonly state: CameraStateName;
  /** The server's words; "" when all is well. */
  readonly reason: string;
  /** The same for programs; "" when all is well. */
  readonly code: string;
  /** Seconds from the change into this state to the next try; null when none is planned. */
  readonly retryIn: number | null;
}

/** What was seen on a camera's picture. */
export interface SeenByCamera extends Result {
  /** Milliseconds from the picture to the result. */
  readonly serverMs: number;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProtocolError("event is not JSON", { cause: error });
  }
}

/** @throws ProtocolError when it is damaged */
export function parseCameraState(text: string): CameraState {
  const fields = fieldsOf(parse(text), "state");
  const state = wordOf(fields.state, cameraStates);
  if (state === null) throw new ProtocolError(`unknown state ${String(fields.state)}`);
  return {
    state,
    reason: typeof fields.reason === "string" ? fields.reason : "",
    code: typeof fields.code === "string" ? fields.code : "",
    retryIn: knownNumberOf(fields.retry_in, "retry_in"),
  };
}

/** @throws ProtocolError when it is damaged */
export function parseCameraResult(text: string): SeenByCamera {
  const fields = fieldsOf(parse(text), "result");
  return {
    type: "result",
    seq: numberOf(fields.frame, "frame"),
    dropped: 0,
    width: numberOf(fields.width, "width"),
    height: numberOf(fields.height, "height"),
    faces: listOf(fields.faces, "faces").map(faceOf),
    events: eventsOf(fields.events ?? undefined),
    serverMs: numberOf(fields.server_ms, "server_ms"),
  };
}
