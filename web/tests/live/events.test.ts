import { describe, expect, it } from "vitest";
import { EventLog } from "../../src/features/live/engine/events";
import type { FaceEvent } from "../../src/features/live/engine/measures";

const smile: FaceEvent = { kind: "smile", track: 1, start: 2, end: null };

describe("EventLog", () => {
  it("notes what goes on, then how long it took, then lets it go", () => {
    const log = new EventLog();
    log.add([smile], 0);
    expect(log.of(1, 10_000)).toEqual([{ kind: "smile", start: 2, seconds: null }]);
    log.add([{ ...smile, end: 3.5 }], 10_000);
    expect(log.of(1, 10_000)).toEqual([{ kind: "smile", start: 2, seconds: 1.5 }]);
    expect(log.of(1, 14_000)).toEqual([]);
  });

  it("keeps people apart and the newest first", () => {
    const log = new EventLog();
    log.add([smile, { kind: "yawn", track: 1, start: 4, end: null }], 0);
    log.add([{ kind: "looks away", track: 1, start: 5, end: null }], 100);
    expect(log.of(1, 100).map(({ kind }) => kind)).toEqual(["looks away", "yawn"]);
    expect(log.of(2, 100)).toEqual([]);
  });

  it("leaves out blinks", () => {
    const log = new EventLog();
    log.add([{ kind: "blink", track: 1, start: 1, end: 1.2 }], 0);
    expect(log.of(1, 0)).toEqual([]);
  });

  it("forgets what never ends", () => {
    const log = new EventLog();
    log.add([smile], 0);
    log.add([{ kind: "yawn", track: 2, start: 70, end: null }], 70_000);
    expect(log.of(1, 70_000)).toEqual([]);
  });
});
