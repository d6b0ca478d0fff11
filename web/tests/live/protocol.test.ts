import { describe, expect, it } from "vitest";
import { ProtocolError } from "../../src/features/live/engine/fields";
import { encodeFrame, type Face, parseMessage } from "../../src/features/live/engine/protocol";
import { emotions } from "../../src/shared/emotions";

const probabilities = Object.fromEntries(emotions.map((emotion, i) => [emotion, i === 1 ? 0.93 : 0.01]));
const face = {
  track: 4,
  box: [10, 20, 110, 140],
  score: 0.98,
  points: null,
  emotion: { label: "happiness", confidence: 0.93, uncertain: false, probabilities },
};
const result = {
  type: "result",
  seq: 7,
  captured_ms: 1,
  server_ms: 12.5,
  dropped: 2,
  width: 640,
  height: 360,
  faces: [face],
};

function faceOf(value: unknown): Face | undefined {
  const message = parseMessage(JSON.stringify({ ...result, faces: [value] }));
  return message?.type === "result" ? message.faces[0] : undefined;
}

describe("encodeFrame", () => {
  it("writes seq and captured_ms in little-endian before the picture", () => {
    const bytes = encodeFrame(0x01020304, 1234.5, new Uint8Array([0xff, 0xd8]));
    const view = new DataView(bytes.buffer);
    expect([...bytes.subarray(0, 4)]).toEqual([4, 3, 2, 1]);
    expect(view.getFloat64(4, true)).toBe(1234.5);
    expect([...bytes.subarray(12)]).toEqual([0xff, 0xd8]);
  });
});

describe("parseMessage", () => {
  it("reads ready", () => {
    const text = JSON.stringify({ type: "ready", version: "0.1.0", emotions, max_frame_bytes: 1000 });
    const ready = { type: "ready", version: "0.1.0", maxFrameBytes: 1000 };
    expect(parseMessage(text)).toEqual({ ...ready, attributes: false });
    const allowed = JSON.stringify({ ...JSON.parse(text), attributes: ["age", "gender"] });
    expect(parseMessage(allowed)).toEqual({ ...ready, attributes: true });
  });

  it("reads a result, with probabilities in the fixed order", () => {
    const message = parseMessage(JSON.stringify(result));
    expect(message).toMatchObject({ type: "result", seq: 7, dropped: 2, width: 640, height: 360 });
    const first = message?.type === "result" ? message.faces[0] : undefined;
    expect(first).toMatchObject({ track: 4, box: [10, 20, 110, 140] });
    expect(first?.expression?.probabilities).toEqual([0.01, 0.93, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01]);
  });

  it("reads a face without an expression", () => {
    const message = parseMessage(JSON.stringify({ ...result, faces: [{ ...face, emotion: undefined }] }));
    expect(message?.type === "result" && message.faces[0]?.expression).toBeNull();
  });

  it("reads what was measured, and null for what was not", () => {
    const measured = {
      quality: 0.4,
      reason: "too dark",
      landmarks: [
        [1.5, 2],
        [3, 4],
      ],
      pose: { yaw: -4.1, pitch: 2, roll: 0.3 },
      eyes_open: 0.8,
      mouth_open: 0,
      blinks: 3,
      perclos: null,
      baseline: "learned",
      signals: { satisfaction: 81.5, attention: 1, drowsiness: null, expressiveness: 0.2, dominant: "happiness" },
    };
    expect(faceOf({ ...face, ...measured })).toMatchObject({
      quality: 0.4,
      obstacle: "too dark",
      landmarks: [1.5, 2, 3, 4],
      pose: { yaw: -4.1, pitch: 2, roll: 0.3 },
      eyesOpen: 0.8,
      mouthOpen: 0,
      blinks: 3,
      perclos: null,
      rest: "learned",
      signals: { satisfaction: 81.5, attention: 1, drowsiness: null, expressiveness: 0.2, dominant: "happiness" },
    });
    expect(faceOf(face)).toMatchObject({ obstacle: null, landmarks: null, pose: null, blinks: null, signals: null });
    expect(faceOf({ ...face, landmarks: null, pose: { yaw: null, pitch: null, roll: null } })).toMatchObject({
      landmarks: null,
      pose: null,
    });
  });

  it("reads the probabilities from before the resting face was taken off", () => {
    const uncorrected = Object.fromEntries(emotions.map((emotion, i) => [emotion, i === 0 ? 0.93 : 0.01]));
    const read = faceOf({ ...face, emotion: { ...face.emotion, uncorrected } });
    expect(read?.expression?.uncorrected).toEqual([0.93, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01, 0.01]);
    expect(faceOf(face)?.expression?.uncorrected).toBeNull();
  });

  it("reads events and passes over kinds that it does not know", () => {
    const events = [
      { event: "smile", track: 4, start: 1.5, end: null },
      { event: "wink", track: 4, start: 1.5, end: 2 },
    ];
    const message = parseMessage(JSON.stringify({ ...result, events }));
    expect(message).toMatchObject({ events: [{ kind: "smile", track: 4, start: 1.5, end: null }] });
    expect(parseMessage(JSON.stringify(result))).toMatchObject({ events: [] });
  });

  it.each([
    [3, 3],
    [null, null],
    [undefined, null],
  ])("reads an error with seq %j", (seq, expected) => {
    const text = JSON.stringify({ type: "error", code: "truncated", message: "no picture", seq });
    expect(parseMessage(text)).toEqual({
      type: "error",
      code: "truncated",
      message: "no picture",
      kind: null,
      seq: expected,
    });
  });

  it("passes over kinds of messages it does not know", () => {
    expect(parseMessage('{"type":"news"}')).toBeNull();
  });

  it.each([
    ["no JSON", "{"],
    ["a list", "[]"],
    ["null", "null"],
    ["a result without faces", JSON.stringify({ ...result, faces: undefined })],
    ["a box of three", JSON.stringify({ ...result, faces: [{ ...face, box: [1, 2, 3] }] })],
    ["a track that is a text", JSON.stringify({ ...result, faces: [{ ...face, track: "4" }] })],
    [
      "an unknown emotion",
      JSON.stringify({ ...result, faces: [{ ...face, emotion: { ...face.emotion, label: "joy" } }] }),
    ],
    [
      "a missing probability",
      JSON.stringify({ ...result, faces: [{ ...face, emotion: { ...face.emotion, probabilities: {} } }] }),
    ],
    ["landmarks that are texts", JSON.stringify({ ...result, faces: [{ ...face, landmarks: ["a"] }] })],
    ["signals that are texts", JSON.stringify({ ...result, faces: [{ ...face, signals: { attention: "high" } }] })],
    ["events that are no list", JSON.stringify({ ...result, events: {} })],
    ["ready without a limit", '{"type":"ready","version":"1"}'],
  ])("refuses %s", (_name, text) => {
    expect(() => parseMessage(text)).toThrow(ProtocolError);
  });
});
