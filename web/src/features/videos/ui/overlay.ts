/** Draws the faces of a frame over the player's picture. */

import { looks } from "../../../shared/emotions";
import { cornerShape, drawCorners } from "../../../shared/identity";
import type { Face, FrameLine } from "../engine/api";

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const FONT = '600 13px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif';
const CHIP = 24;

/** Where CSS `object-fit: contain` puts a picture. */
export function contained(width: number, height: number, room: { width: number; height: number }): Box {
  const scale = width > 0 && height > 0 ? Math.min(room.width / width, room.height / height) : 0;
  return {
    x: (room.width - width * scale) / 2,
    y: (room.height - height * scale) / 2,
    width: width * scale,
    height: height * scale,
  };
}

/** Where a face lies on the screen. */
export function boxOf(face: Face, line: FrameLine, picture: Box): Box {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = face.box;
  const [sx, sy] = [picture.width / line.width, picture.height / line.height];
  return { x: picture.x + x1 * sx, y: picture.y + y1 * sy, width: (x2 - x1) * sx, height: (y2 - y1) * sy };
}

/** @param label what to write on a face's chip */
export function drawFrame(
  context: CanvasRenderingContext2D,
  room: { width: number; height: number },
  line: FrameLine | null,
  label: (face: Face) => string,
): Box[] {
  context.clearRect(0, 0, room.width, room.height);
  if (line === null) return [];
  const picture = contained(line.width, line.height, room);
  context.font = FONT;
  context.textBaseline = "middle";
  return line.faces.map((face) => {
    const box = boxOf(face, line, picture);
    drawBox(context, face, box);
    drawChip(context, face, box, label(face), room);
    return box;
  });
}

function drawBox(context: CanvasRenderingContext2D, face: Face, { x, y, width, height }: Box): void {
  context.beginPath();
  drawCorners(context, cornerShape(face.track ?? 1), x, y, width, height);
  context.lineCap = "round";
  context.lineJoin = "round";
  for (const [style, wide] of [
    ["rgb(0 0 0 / 0.5)", 4.5],
    ["#ffffff", 2],
  ] as const) {
    context.strokeStyle = style;
    context.lineWidth = wide;
    context.stroke();
  }
}

function drawChip(
  context: CanvasRenderingContext2D,
  face: Face,
  box: Box,
  text: string,
  room: { width: number; height: number },
): void {
  const wide = context.measureText(text).width + 16;
  const x = Math.max(2, Math.min(room.width - wide - 2, box.x + box.width / 2 - wide / 2));
  const y = box.y - CHIP - 6 >= 2 ? box.y - CHIP - 6 : Math.max(2, box.y + 6);
  const { label, confidence, uncertain } = face.emotion;
  context.save();
  context.beginPath();
  context.roundRect(x, y, wide, CHIP, 8);
  context.fillStyle = "rgb(15 18 22 / 0.86)";
  context.fill();
  context.save();
  context.clip();
  context.globalAlpha = uncertain ? 0.3 : 0.6;
  context.fillStyle = looks[label].colour;
  context.fillRect(x, y, wide * confidence, CHIP);
  context.restore();
  if (uncertain) context.setLineDash([5, 4]);
  context.strokeStyle = uncertain ? "rgb(255 255 255 / 0.9)" : "rgb(255 255 255 / 0.3)";
  context.lineWidth = 1;
  context.stroke();
  context.restore();
  context.fillStyle = "#ffffff";
  context.textAlign = "left";
  context.fillText(text, x + 8, y + CHIP / 2 + 0.5);
}
