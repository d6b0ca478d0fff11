/** The faces of the last results, moved smoothly from one to the next so that boxes glide at display rate. */

import { type Box, fractions } from "../../../shared/geometry";
import type { Obstacle } from "../../../shared/words";
import type { Measures, Pose } from "./measures";
import type { Expression, Face, Result } from "./protocol";

/** After this many ms without being seen a face has faded from the picture. */
const GONE_MS = 500;
/** When a face begins to fade. */
const FADE_FROM_MS = 200;
/** How long a person stays in the list after leaving the picture. */
const FORGET_MS = 2000;
/** A slow server's results are waited for, but not for ever. */
const MAX_SLACK_MS = 1500;
/** How long the second result may take, before it is known how far apart results come. */
const FIRST_SLACK_MS = 1000;
const INTERVALS = 4;
const GLIDE_MIN_MS = 16;
const GLIDE_MAX_MS = 120;

interface Track {
  from: Shape;
  to: Shape;
  face: Face;
  at: number;
  glide: number;
}

/** What glides. Places as fractions of the picture; `landmarks` x y x y … */
export interface Shape {
  readonly box: Box;
  readonly landmarks: readonly number[] | null;
  readonly pose: Pose | null;
}

/** One face as it is to be drawn now. */
export interface DrawnFace extends Shape {
  readonly track: number;
  readonly alpha: number;
  readonly expression: Expression | null;
  readonly obstacle: Obstacle | null;
}

/** One person for the list. */
export interface Person {
  readonly track: number;
  readonly present: boolean;
  readonly expression: Expression | null;
  readonly measures: Measures;
}

function shapeOf({ box, landmarks, pose }: Face, { width, height }: Result): Shape {
  return {
    box: fractions(box, { width, height }),
    landmarks: landmarks?.map((value, i) => value / (i % 2 === 0 ? width : height)) ?? null,
    pose,
  };
}

function shapeAt({ from, to, at, glide }: Track, now: number): Shape {
  const share = Math.min(1, Math.max(0, (now - at) / glide));
  if (share === 1) return to;
  const mix = (a: number, b: number) => a + (b - a) * share;
  // The short way round.
  const turn = (a: number, b: number) => a + (((((b - a + 180) % 360) + 360) % 360) - 180) * share;
  const between = (i: 0 | 1 | 2 | 3) => mix(from.box[i], to.box[i]);
  const { landmarks, pose } = from;
  return {
    box: [between(0), between(1), between(2), between(3)],
    landmarks: landmarks === null ? to.landmarks : (to.landmarks?.map((b, i) => mix(landmarks[i] ?? b, b)) ?? null),
    pose:
      pose === null || to.pose === null
        ? to.pose
        : {
            yaw: turn(pose.yaw, to.pose.yaw),
            pitch: turn(pose.pitch, to.pose.pitch),
            roll: turn(pose.roll, to.pose.roll),
          },
  };
}

/** What is in the way when nobody present can be read well: of the first of them. A detector that is unsure is no news. */
export function obstacleOf(people: readonly Person[]): Obstacle | null {
  const present = people.filter((person) => person.present);
  const poor = present.map(({ measures }) => measures.obstacle);
  if (poor.some((obstacle) => obstacle === null || obstacle === "unsure")) return null;
  return poor[0] ?? null;
}

export class Tracks {
  readonly #tracks = new Map<number, Track>();
  #lastResult = Number.NEGATIVE_INFINITY;
  /** The last times between results, newest first. Frames under way together are answered in pairs. */
  #intervals: number[] = [];

  /** Take the faces of a result; each glides from where it is drawn now to where it was seen. */
  update(result: Result, now: number): void {
    const interval = now - this.#lastResult;
    if (Number.isFinite(interval)) this.#intervals = [interval, ...this.#intervals.slice(0, INTERVALS - 1)];
    this.#lastResult = now;
    const glide = Math.min(GLIDE_MAX_MS, Math.max(GLIDE_MIN_MS, interval));
    for (const face of result.faces) {
      const to = shapeOf(face, result);
      const known = this.#tracks.get(face.track);
      const from = known && now - known.at < GONE_MS ? shapeAt(known, now) : to;
      this.#tracks.set(face.track, { from, to, face, at: now, glide });
    }
    for (const [id, track] of this.#tracks) if (now - track.at > FORGET_MS) this.#tracks.delete(id);
  }

  /** The faces to draw. */
  drawn(now: number): DrawnFace[] {
    const faces: DrawnFace[] = [];
    for (const [track, state] of this.#tracks) {
      const alpha = this.#alpha(state, now);
      const { expression, obstacle } = state.face;
      if (alpha > 0) faces.push({ track, ...shapeAt(state, now), alpha, expression, obstacle });
    }
    return faces;
  }

  /** The people for the list, by number: whoever stays keeps their place. */
  people(now: number): Person[] {
    return [...this.#tracks]
      .filter(([, state]) => now - state.at <= FORGET_MS + this.#slack())
      .map(([track, state]) => ({
        track,
        present: this.#alpha(state, now) > 0,
        expression: state.face.expression,
        measures: state.face,
      }))
      .sort((a, b) => a.track - b.track);
  }

  /** The largest face in the picture, for a start the most interesting one. */
  largest(now: number): number | null {
    const size = ({ box }: DrawnFace) => (box[2] - box[0]) * (box[3] - box[1]);
    const faces = this.drawn(now).toSorted((a, b) => size(b) - size(a));
    return faces[0]?.track ?? null;
  }

  clear(): void {
    this.#tracks.clear();
    this.#lastResult = Number.NEGATIVE_INFINITY;
    this.#intervals = [];
  }

  #alpha(track: Track, now: number): number {
    // A face of the newest result is not stale because the server is slow: the usual wait is granted on top.
    const slack = track.at === this.#lastResult ? this.#slack() : 0;
    const age = now - track.at - slack;
    return Math.min(1, Math.max(0, (GONE_MS - age) / (GONE_MS - FADE_FROM_MS)));
  }

  #slack(): number {
    return this.#intervals.length === 0 ? FIRST_SLACK_MS : Math.min(MAX_SLACK_MS, Math.max(...this.#intervals));
  }
}
