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
}

interface Store extends Settings {
  change(values: Partial<Settings>): void;
}

export const defaults: Settings = { language: "auto", theme: "auto", mirrored: true };

/** Keep of a stored value what makes sense, so that an old or damaged entry cannot break the app. */
export function sanitize(stored: unknown): Settings {
  const value: Partial<Record<keyof Settings, unknown>> = typeof stored === "object" && stored !== null ? stored : {};
  return {
    language: typeof value.language === "string" ? value.language : defaults.language,
    theme: themes.find((theme) => theme === value.theme) ?? defaults.theme,
    mirrored: typeof value.mirrored === "boolean" ? value.mirrored : defaults.mirrored,
  };
}

export const useSettings = create<Store>()(
  persist((set) => ({ ...defaults, change: (values) => set(values) }), {
    name: "mien-settings",
    version: 1,
    partialize: ({ language, theme, mirrored }): Settings => ({ language, theme, mirrored }),
    merge: (stored, current) => ({ ...current, ...sanitize(stored) }),
  }),
);
