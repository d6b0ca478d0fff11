/** The faces of the last results, moved smoothly from one to the next so that boxes glide at display rate. */

import type { Box, Expression, Result } from "./protocol";

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
  from: Box;
  to: Box;
  expression: Expression | null;
  at: number;
  glide: number;
}

/** One face as it is to be drawn now; `box` as fractions of the picture. */
export interface DrawnFace {
  readonly track: number;
  readonly box: Box;
  readonly alpha: number;
  readonly expression: Expression | null;
}

/** One person for the list. */
export interface Person {
  readonly track: number;
  readonly present: boolean;
  readonly expression: Expression | null;
}

function mix(a: Box, b: Box, share: number): Box {
  const at = (i: 0 | 1 | 2 | 3) => a[i] + (b[i] - a[i]) * share;
  return [at(0), at(1), at(2), at(3)];
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
      const to: Box = [
        face.box[0] / result.width,
        face.box[1] / result.height,
        face.box[2] / result.width,
        face.box[3] / result.height,
      ];
      const known = this.#tracks.get(face.track);
      const from = known && now - known.at < GONE_MS ? this.#boxOf(known, now) : to;
      this.#tracks.set(face.track, { from, to, expression: face.expression, at: now, glide });
    }
    for (const [id, track] of this.#tracks) if (now - track.at > FORGET_MS) this.#tracks.delete(id);
  }

  /** The faces to draw. */
  drawn(now: number): DrawnFace[] {
    const faces: DrawnFace[] = [];
    for (const [track, state] of this.#tracks) {
      const alpha = this.#alpha(state, now);
      if (alpha > 0) faces.push({ track, box: this.#boxOf(state, now), alpha, expression: state.expression });
    }
    return faces;
  }

  /** The people for the list, by number: whoever stays keeps their place. */
  people(now: number): Person[] {
    return [...this.#tracks]
      .filter(([, state]) => now - state.at <= FORGET_MS + this.#slack())
      .map(([track, state]) => ({ track, present: this.#alpha(state, now) > 0, expression: state.expression }))
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

  #boxOf(track: Track, now: number): Box {
    return mix(track.from, track.to, Math.min(1, Math.max(0, (now - track.at) / track.glide)));
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
