/** What the server is asked for, by what the user wants to see. */

/** What the user wants to see. */
export interface Wishes {
  readonly landmarks: boolean;
  readonly pose: boolean;
  readonly signals: boolean;
  readonly baseline: boolean;
  /** Age and gender. */
  readonly attributes: boolean;
}

export const noWishes: Wishes = {
  landmarks: false,
  pose: false,
  signals: false,
  baseline: false,
  attributes: false,
};

/** The protocol's options, by its names. */
export interface Options {
  readonly landmarks: boolean;
  readonly signals: boolean;
  readonly baseline: boolean;
  readonly attributes: boolean;
}

/** What holds on a new connection. */
export const usual: Options = { landmarks: false, signals: false, baseline: false, attributes: false };

/** Most signals are read off landmarks. @param attributes whether the server allows age and gender */
export function optionsFor(wishes: Wishes, attributes: boolean): Options {
  return {
    landmarks: wishes.landmarks || wishes.pose || wishes.signals,
    signals: wishes.signals,
    baseline: wishes.baseline,
    attributes: wishes.attributes && attributes,
  };
}

/** The message that tells what changed; null when nothing did. */
export function optionsMessage(before: Options, after: Options): string | null {
  const names = ["landmarks", "signals", "baseline", "attributes"] as const;
  const changed = names.filter((name) => before[name] !== after[name]);
  if (changed.length === 0) return null;
  const value = (name: (typeof names)[number]) =>
    name === "attributes" ? (after.attributes ? ["age", "gender"] : []) : after[name];
  return JSON.stringify({ type: "options", ...Object.fromEntries(changed.map((name) => [name, value(name)])) });
}
