/** How far a calibration is: the server takes two seconds of good frames as everybody's resting face. */

import type { RestState } from "./measures";

const NEEDED_MS = 2000;
/** The server gives up after ten seconds; a little more for the way there and back. */
const PATIENCE_MS = 12_000;
/** How long the outcome is told. */
const TOLD_MS = 4000;

export type Calibration =
  | { readonly phase: "off" }
  /** `share` from 0 to 1 by the clock; `late` when good frames are hard to get. */
  | { readonly phase: "running"; readonly share: number; readonly late: boolean }
  | { readonly phase: "done" }
  | { readonly phase: "failed" };

export const noCalibration: Calibration = { phase: "off" };

export class Calibrator {
  #startedAt: number | null = null;
  /** Whether the server was seen at it: what it told before was about an earlier calibration. */
  #begun = false;
  #outcome: { readonly phase: "done" | "failed"; readonly at: number } | null = null;

  /** @param now ms of a clock that never runs backwards */
  start(now: number): void {
    this.#startedAt = now;
    this.#begun = false;
    this.#outcome = null;
  }

  stop(): void {
    this.#startedAt = null;
    this.#outcome = null;
  }

  /** @param states what is known of the resting faces of the people in the picture */
  look(states: readonly (RestState | null)[], now: number): Calibration {
    if (this.#startedAt !== null) {
      const taking = states.includes("calibrating");
      this.#begun ||= taking;
      const elapsed = now - this.#startedAt;
      const over = (this.#begun && !taking && states.length > 0) || elapsed > PATIENCE_MS;
      if (!over) return { phase: "running", share: Math.min(1, elapsed / NEEDED_MS), late: elapsed > 2 * NEEDED_MS };
      const phase = this.#begun && !taking && states.includes("calibrated") ? "done" : "failed";
      this.#outcome = { phase, at: now };
      this.#startedAt = null;
    }
    const told = this.#outcome !== null && now - this.#outcome.at < TOLD_MS;
    return told && this.#outcome !== null ? { phase: this.#outcome.phase } : noCalibration;
  }
}
