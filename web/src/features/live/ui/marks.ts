/** Draws what lies inside a face's box: the lines through its 68 landmarks, and where the head points. */

import { place, type Rect } from "../../../shared/geometry";
import type { Pose } from "../engine/measures";
import type { DrawnFace } from "../engine/tracks";

/** First point, point after the last one, whether the line closes. The convention is iBUG's. */
const LINES = [
  [0, 17, false], // jaw
  [17, 22, false], // brows
  [22, 27, false],
  [27, 31, false], // bridge and base of the nose
  [31, 36, false],
  [36, 42, true], // eyes
  [42, 48, true],
  [48, 60, true], // lips, outer and inner
  [60, 68, true],
] as const;
const NOSE_TIP = 30;

/** Red to the head's side, green down, blue where it looks; the last one ends in a knob, so that not colour alone tells it. */
const AXES = ["#d64036", "#3fc58e", "#2f6fed"] as const;
const DARK = "rgb(15 18 22 / 0.6)";

export interface Shown {
  readonly landmarks: boolean;
  readonly pose: boolean;
}

type Point = readonly [number, number];

export function drawMarks(
  context: CanvasRenderingContext2D,
  face: DrawnFace,
  picture: Rect,
  mirrored: boolean,
  shown: Shown,
): void {
  context.save();
  context.globalAlpha = face.alpha;
  context.lineCap = "round";
  context.lineJoin = "round";
  const box = place(face.box, picture, mirrored);
  const size = Math.sqrt(box.width * box.height);
  if (shown.landmarks && face.landmarks !== null)
    drawLandmarks(context, landmarksAt(face.landmarks, picture, mirrored), size);
  if (shown.pose && face.pose !== null) {
    const centre: Point = [box.x + box.width / 2, box.y + box.height / 2];
    drawPose(context, axes(face.pose, mirrored), centre, 0.4 * size);
  }
  context.restore();
}

/** Where the tip of the nose is drawn, for tests of the whole app. */
export function noseOf(face: DrawnFace, picture: Rect, mirrored: boolean): Point | null {
  return face.landmarks === null ? null : (landmarksAt(face.landmarks, picture, mirrored)[NOSE_TIP] ?? null);
}

/** Bring landmarks (fractions of the picture) to the screen. */
export function landmarksAt(landmarks: readonly number[], picture: Rect, mirrored: boolean): Point[] {
  const points: Point[] = [];
  for (let i = 0; i + 1 < landmarks.length; i += 2) {
    const x = landmarks[i] ?? 0;
    points.push([
      picture.x + (mirrored ? 1 - x : x) * picture.width,
      picture.y + (landmarks[i + 1] ?? 0) * picture.height,
    ]);
  }
  return points;
}

/** Where a head's side, its chin and its gaze point on the screen, each at most 1 long: `mien.outputs.marks.axes`. */
export function axes({ yaw, pitch, roll }: Pose, mirrored: boolean): readonly [Point, Point, Point] {
  const [a, b, c] = [yaw, pitch, roll].map((angle) => (angle * Math.PI) / 180) as [number, number, number];
  const flip = mirrored ? -1 : 1;
  const [sinA, cosA, sinB, cosB, sinC, cosC] = [
    Math.sin(a),
    Math.cos(a),
    Math.sin(b),
    Math.cos(b),
    Math.sin(c),
    Math.cos(c),
  ];
  return [
    [flip * (cosA * cosC + sinA * sinB * sinC), cosB * sinC],
    [flip * (sinA * sinB * cosC - cosA * sinC), cosB * cosC],
    [flip * sinA * cosB, -sinB],
  ];
}

function drawLandmarks(context: CanvasRenderingContext2D, points: readonly Point[], size: number): void {
  context.beginPath();
  for (const [first, end, closed] of LINES) {
    points.slice(first, end).forEach(([x, y], i) => {
      if (i === 0) context.moveTo(x, y);
      else context.lineTo(x, y);
    });
    if (closed) context.closePath();
  }
  const width = Math.max(1, size / 160);
  context.strokeStyle = DARK;
  context.lineWidth = width + 1.5;
  context.stroke();
  context.strokeStyle = "rgb(255 255 255 / 0.9)";
  context.lineWidth = width;
  context.stroke();
}

function drawPose(
  context: CanvasRenderingContext2D,
  ends: readonly [Point, Point, Point],
  [x, y]: Point,
  length: number,
): void {
  const width = Math.max(2, length / 24);
  ends.forEach(([dx, dy], i) => {
    const colour = AXES[i] ?? DARK;
    const tip: Point = [x + length * dx, y + length * dy];
    for (const [style, extra] of [
      [DARK, 2],
      [colour, 0],
    ] as const) {
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(...tip);
      context.strokeStyle = style;
      context.lineWidth = width + extra;
      context.stroke();
    }
    if (i === 2) drawTip(context, tip, 1.6 * width, colour);
  });
}

/** A knob at the end of the gaze: seen even when it points straight at the viewer. */
function drawTip(context: CanvasRenderingContext2D, [x, y]: Point, radius: number, colour: string): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.fill();
  context.strokeStyle = "#ffffff";
  context.lineWidth = 1.5;
  context.stroke();
}
