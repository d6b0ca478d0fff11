/** What a user has chosen about the app itself, kept in this browser. Nothing about pictures or people is kept. */

import { create } from "zustand";
import { persist } from "zustand/middleware";

export const themes = ["auto", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

export interface Settings {
  /** A language code, or "auto" for the browser's own. */
  readonly language: string;
  readonly theme: Theme;
  /** Whether a camera that looks at the user is shown as in a mirror. */
  readonly mirrored: boolean;
  /** What is drawn on faces beside the box. */
  readonly landmarks: boolean;
  readonly pose: boolean;
  /** Whether signals and events are followed over time. */
  readonly signals: boolean;
  /** Whether each person's resting face is taken off what is shown. */
  readonly baseline: boolean;
  /** Whether age and gender are asked for, where the server allows it. */
  readonly attributes: boolean;
}

interface Store extends Settings {
  change(values: Partial<Settings>): void;
}

export const defaults: Settings = {
  language: "auto",
  theme: "auto",
  mirrored: true,
  landmarks: false,
  pose: false,
  signals: false,
  baseline: false,
  attributes: false,
};

/** Keep of a stored value what makes sense, so that an old or damaged entry cannot break the app. */
export function sanitize(stored: unknown): Settings {
  const value: Partial<Record<keyof Settings, unknown>> = typeof stored === "object" && stored !== null ? stored : {};
  const flag = (name: "mirrored" | "landmarks" | "pose" | "signals" | "baseline" | "attributes") =>
    typeof value[name] === "boolean" ? value[name] : defaults[name];
  return {
    language: typeof value.language === "string" ? value.language : defaults.language,
    theme: themes.find((theme) => theme === value.theme) ?? defaults.theme,
    mirrored: flag("mirrored"),
    landmarks: flag("landmarks"),
    pose: flag("pose"),
    signals: flag("signals"),
    baseline: flag("baseline"),
    attributes: flag("attributes"),
  };
}

export const useSettings = create<Store>()(
  persist((set) => ({ ...defaults, change: (values) => set(values) }), {
    name: "mien-settings",
    version: 1,
    partialize: (state): Settings => sanitize(state),
    merge: (stored, current) => ({ ...current, ...sanitize(stored) }),
  }),
);
