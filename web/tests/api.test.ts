/** What the server's description says and what the page reads must be one; the compiler does most of this test. */

import { expect, test } from "vitest";
import { parseMessage } from "../src/features/live/engine/protocol";
import type { components } from "../src/shared/api";
import { type Emotion, emotions } from "../src/shared/emotions";

type Schemas = components["schemas"];
type Label = Schemas["Emotion"]["label"];

test("the page knows the server's expressions and no others", () => {
  const described: readonly Label[] = emotions;
  const known = (label: Label): Emotion => label;
  expect(described.map(known)).toEqual([...emotions]);
});

test("a face as described is read", () => {
  const probabilities: Schemas["Probabilities"] = {
    neutral: 0.1,
    happiness: 0.9,
    surprise: 0,
    sadness: 0,
    anger: 0,
    disgust: 0,
    fear: 0,
    contempt: 0,
  };
  const face = {
    track: 3,
    box: [1, 2, 30, 40],
    score: 0.9,
    points: null,
    emotion: { label: "happiness", confidence: 0.9, uncertain: false, probabilities },
    pose: { yaw: 1, pitch: 2, roll: 3 },
    quality: 0.8,
  } satisfies Schemas["Face"];
  const text = JSON.stringify({ type: "result", seq: 1, dropped: 0, width: 64, height: 48, faces: [face] });
  const message = parseMessage(text);
  expect(message).toMatchObject({
    type: "result",
    faces: [{ track: 3, box: [1, 2, 30, 40], expression: { label: "happiness" } }],
  });
});
