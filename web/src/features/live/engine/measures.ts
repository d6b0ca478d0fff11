/** What the server measures on a face beside its expression. What was not computed, or is not known yet, is null. */

import type { Attributes } from "../../../shared/attributes";
import { type Emotion, emotions } from "../../../shared/emotions";
import { type Obstacle, obstacles } from "../../../shared/words";
import { attributesOf } from "./attributes";
import { type Fields, fieldsOf, knownNumberOf, listOf, numberOf, wordOf } from "./fields";

/** What is known of a person's resting face. */
export const restStates = ["none", "learning", "learned", "calibrating", "calibrated"] as const;
export type RestState = (typeof restStates)[number];

export const eventKinds = ["smile", "blink", "eyes closed", "yawn", "looks away", "face lost"] as const;
export type EventKind = (typeof eventKinds)[number];

/** In degrees: yaw > 0 to the picture's right, pitch > 0 up, roll > 0 clockwise. */
export interface Pose {
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
}

/** Satisfaction from 0 to 100, the others from 0 to 1. */
export interface Signals {
  readonly satisfaction: number | null;
  readonly attention: number | null;
  readonly drowsiness: number | null;
  readonly expressiveness: number | null;
  readonly dominant: Emotion | null;
}

export interface Measures {
  /** From 0 to 1. */
  readonly quality: number | null;
  readonly obstacle: Obstacle | null;
  /** 68 points in pixels of the frame: x y x y … */
  readonly landmarks: readonly number[] | null;
  readonly pose: Pose | null;
  /** From 0, closed, to 1, open. */
  readonly eyesOpen: number | null;
  readonly mouthOpen: number | null;
  /** Since the track began. */
  readonly blinks: number | null;
  /** Share of the last minute with closed eyes. */
  readonly perclos: number | null;
  readonly rest: RestState | null;
  readonly signals: Signals | null;
  readonly attributes: Attributes | null;
}

export const unmeasured: Measures = {
  quality: null,
  obstacle: null,
  landmarks: null,
  pose: null,
  eyesOpen: null,
  mouthOpen: null,
  blinks: null,
  perclos: null,
  rest: null,
  signals: null,
  attributes: null,
};

/** Something that happened to a person; times in seconds of the server's clock, `end` null while it goes on. */
export interface FaceEvent {
  readonly kind: EventKind;
  readonly track: number;
  readonly start: number;
  readonly end: number | null;
}

/** @throws ProtocolError when a value is damaged */
export function measuresOf(face: Fields): Measures {
  return {
    quality: knownNumberOf(face.quality, "quality"),
    obstacle: wordOf(face.reason, obstacles),
    landmarks: landmarksOf(face.landmarks),
    pose: poseOf(face.pose),
    eyesOpen: knownNumberOf(face.eyes_open, "eyes_open"),
    mouthOpen: knownNumberOf(face.mouth_open, "mouth_open"),
    blinks: knownNumberOf(face.blinks, "blinks"),
    perclos: knownNumberOf(face.perclos, "perclos"),
    rest: wordOf(face.baseline, restStates),
    signals: signalsOf(face.signals),
    attributes: attributesOf(face),
  };
}

/** The events of a result; kinds that this version does not know are passed over. */
export function eventsOf(value: unknown): FaceEvent[] {
  if (value === undefined) return [];
  return listOf(value, "events").flatMap((item) => {
    const { event, track, start, end } = fieldsOf(item, "event");
    const kind = wordOf(event, eventKinds);
    if (kind === null) return [];
    return [{ kind, track: numberOf(track, "track"), start: numberOf(start, "start"), end: knownNumberOf(end, "end") }];
  });
}

function landmarksOf(value: unknown): number[] | null {
  if (value === undefined || value === null) return null;
  return listOf(value, "landmarks").flatMap((point) => {
    const [x, y] = listOf(point, "landmark");
    return [numberOf(x, "landmark"), numberOf(y, "landmark")];
  });
}

function poseOf(value: unknown): Pose | null {
  if (value === undefined || value === null) return null;
  const fields = fieldsOf(value, "pose");
  const yaw = knownNumberOf(fields.yaw, "yaw");
  const pitch = knownNumberOf(fields.pitch, "pitch");
  const roll = knownNumberOf(fields.roll, "roll");
  return yaw === null || pitch === null || roll === null ? null : { yaw, pitch, roll };
}

function signalsOf(value: unknown): Signals | null {
  if (value === undefined || value === null) return null;
  const fields = fieldsOf(value, "signals");
  return {
    satisfaction: knownNumberOf(fields.satisfaction, "satisfaction"),
    attention: knownNumberOf(fields.attention, "attention"),
    drowsiness: knownNumberOf(fields.drowsiness, "drowsiness"),
    expressiveness: knownNumberOf(fields.expressiveness, "expressiveness"),
    dominant: wordOf(fields.dominant, emotions),
  };
}
