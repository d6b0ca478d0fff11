/** What the server is asked for, by what the user wants to see. */

/** What the user wants to see. */
export interface Wishes {
  readonly landmarks: boolean;
  readonly pose: boolean;
  readonly signals: boolean;
  readonly baseline: boolean;
}

export const noWishes: Wishes = { landmarks: false, pose: false, signals: false, baseline: false };

/** The protocol's options, by its names. */
export interface Options {
  readonly landmarks: boolean;
  readonly signals: boolean;
  readonly baseline: boolean;
}

/** What holds on a new connection. */
export const usual: Options = { landmarks: false, signals: false, baseline: false };

/** Most signals are read off landmarks. */
export function optionsFor(wishes: Wishes): Options {
  return {
    landmarks: wishes.landmarks || wishes.pose || wishes.signals,
    signals: wishes.signals,
    baseline: wishes.baseline,
  };
}

/** The message that tells what changed; null when nothing did. */
export function optionsMessage(before: Options, after: Options): string | null {
  const names = ["landmarks", "signals", "baseline"] as const;
  const changed = names.filter((name) => before[name] !== after[name]);
  if (changed.length === 0) return null;
  return JSON.stringify({ type: "options", ...Object.fromEntries(changed.map((name) => [name, after[name]])) });
}
