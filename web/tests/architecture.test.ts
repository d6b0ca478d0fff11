/** The parts of the app know each other in one direction only: app → features → shared and i18n. */

import { describe, expect, it } from "vitest";

const files = import.meta.glob<string>("../src/**/*.{ts,tsx}", { eager: true, query: "?raw", import: "default" });

/** "features/live" for a feature's file, otherwise the first folder below src; "" for src itself. */
function partOf(path: string): string {
  const [first = "", second = ""] = path.split("/");
  if (second === "") return first === "i18n" ? first : "";
  return first === "features" ? `features/${second}` : first;
}

function resolve(from: string, target: string): string {
  const steps = from.split("/").slice(0, -1);
  for (const step of target.split("/")) {
    if (step === "..") steps.pop();
    else if (step !== ".") steps.push(step);
  }
  return steps.join("/");
}

const imports = Object.entries(files).flatMap(([path, text]) => {
  const file = path.replace("../src/", "");
  return [...text.matchAll(/from "(\.[^"]+)"|import "(\.[^"]+)"/g)].map(([, named, bare]) => ({
    file,
    target: resolve(file, named ?? bare ?? ""),
  }));
});

const allowed: Readonly<Record<string, readonly string[]>> = {
  "": ["app", ""],
  app: [
    "app",
    "features/live",
    "features/cameras",
    "features/videos",
    "features/photos",
    "features/sessions",
    "features/about",
    "i18n",
    "shared",
  ],
  "features/live": ["features/live", "i18n", "shared"],
  "features/cameras": ["features/cameras", "i18n", "shared"],
  "features/videos": ["features/videos", "i18n", "shared"],
  "features/photos": ["features/photos", "i18n", "shared"],
  "features/sessions": ["features/sessions", "i18n", "shared"],
  "features/about": ["features/about", "i18n", "shared"],
  i18n: ["i18n", "shared"],
  shared: ["shared", "i18n"],
};

describe("architecture", () => {
  it("finds the app's imports", () => {
    expect(imports.length).toBeGreaterThan(50);
  });

  it("lets features know neither each other nor the app", () => {
    const wrong = imports.filter(({ file, target }) => {
      const from = partOf(file);
      const known = allowed[from];
      expect(known, `give ${from} a place in this test`).toBeDefined();
      return !known?.includes(partOf(target));
    });
    expect(wrong).toEqual([]);
  });

  it("keeps React out of the live engine and the sources", () => {
    const touched = Object.entries(files).filter(([path]) => /live\/(engine|sources)\//.test(path));
    expect(touched.length).toBeGreaterThan(10);
    expect(touched.filter(([, text]) => /from "react"/.test(text)).map(([path]) => path)).toEqual([]);
  });
});
