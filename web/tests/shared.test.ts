import { describe, expect, it } from "vitest";
import { pageOf } from "../src/app/router";
import { looks } from "../src/shared/emotions";
import { capitalized, clock, percent } from "../src/shared/format";
import { remoteHost } from "../src/shared/host";
import { cornerShape, cornersPath } from "../src/shared/identity";
import { defaults, sanitize } from "../src/shared/settings";

describe("format", () => {
  it.each([
    [0.934, "en", "93%"],
    [0.995, "en", "100%"],
    [0.004, "en", "0%"],
    [0.5, "de", "50\u00a0%"],
  ])("percent(%d, %s) is %s", (value, language, text) => {
    expect(percent(value, language)).toBe(text);
  });

  it.each([
    [0, "0:00.0"],
    [12.4, "0:12.4"],
    [12.39, "0:12.3"],
    [59.999, "0:59.9"],
    [60, "1:00.0"],
    [3725, "1:02:05.0"],
    [-1, "0:00.0"],
  ])("clock(%d) is %s", (seconds, text) => {
    expect(clock(seconds)).toBe(text);
  });

  it("capitalizes in the language's way", () => {
    expect(capitalized("ärger", "de")).toBe("Ärger");
    expect(capitalized("", "en")).toBe("");
  });
});

describe("remoteHost", () => {
  it.each(["localhost", "127.0.0.1", "127.1.2.3", "[::1]", "mien.localhost"])("%s is this computer", (name) => {
    expect(remoteHost(name)).toBeNull();
  });

  it.each(["mien.example.org", "192.168.1.5", "localhost.example.org", "128.0.0.1"])("%s is a server", (name) => {
    expect(remoteHost(name)).toBe(name);
  });
});

describe("settings", () => {
  it.each([null, undefined, "text", 3, [], {}])("%j gives the defaults", (stored) => {
    expect(sanitize(stored)).toEqual(defaults);
  });

  it("keeps what makes sense and replaces what does not", () => {
    expect(sanitize({ language: "de", theme: "pink", mirrored: false, pose: true, signals: 1, other: 1 })).toEqual({
      ...defaults,
      language: "de",
      mirrored: false,
      pose: true,
    });
  });
});

describe("identity", () => {
  it("gives neighbours different corners and repeats after four", () => {
    const shapes = [1, 2, 3, 4].map(cornerShape);
    expect(new Set(shapes).size).toBe(4);
    expect(cornerShape(5)).toBe(cornerShape(1));
  });

  it("leaves the sides open, however small the box", () => {
    // Two corners on a side of 10 px: their arms are 4 px each.
    expect(cornersPath("square", 0, 0, 10, 10)).toContain("L0 0L4 0");
    expect(cornersPath("square", 0, 0, 10, 10)).toContain("L10 0L6 0");
  });
});

describe("router", () => {
  it.each([
    ["/", "live"],
    ["/live", "live"],
    ["/about", "about"],
    ["/about/", "about"],
    ["/videos", "videos"],
    ["/videos/3f9c2a5b7d1e4f60", "videos"],
    ["/nonsense", "live"],
  ])("%s is %s", (path, page) => {
    expect(pageOf(path)).toBe(page);
  });
});

describe("emotions", () => {
  it("tells every emotion's line apart without its colour, or by a colour of its own", () => {
    const lines = Object.values(looks).map(({ colour, dash }) => `${colour} ${dash.join(",")}`);
    expect(new Set(lines).size).toBe(8);
    expect(new Set(Object.values(looks).map(({ glyph }) => glyph)).size).toBe(8);
  });
});
