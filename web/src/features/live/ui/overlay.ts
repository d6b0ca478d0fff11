/** Draws boxes and labels over the picture. Text is never mirrored, whatever the picture is. */

import { looks } from "../../../shared/emotions";
import { cornerShape, drawCorners } from "../../../shared/identity";
import { overlapping, place, type Rect, type Size } from "../engine/geometry";
import type { Obstacle } from "../engine/measures";
import type { Expression } from "../engine/protocol";
import type { DrawnFace } from "../engine/tracks";

export interface Words {
  label(expression: Expression | null, obstacle: Obstacle | null): string;
  percent(value: number): string;
}

const FONT = '600 14px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif';
const CHIP_HEIGHT = 28;
const PAD = 8;
const GLYPH = 18;
const GAP = 6;

const glyphs = new Map<string, Path2D>();

function glyphPath(data: string): Path2D {
  let path = glyphs.get(data);
  if (path === undefined) {
    path = new Path2D(data);
    glyphs.set(data, path);
  }
  return path;
}

/** Draw all faces; returns where their boxes came to lie. */
export function drawFaces(
  context: CanvasRenderingContext2D,
  faces: readonly DrawnFace[],
  picture: Rect,
  canvas: Size,
  mirrored: boolean,
  words: Words,
): Rect[] {
  context.font = FONT;
  const boxes = faces.map((face) => place(face.box, picture, mirrored));
  const chips = chipsOf(context, faces, boxes, canvas, words);
  faces.forEach((face, i) => {
    const box = boxes[i];
    const chip = chips[i];
    if (box === undefined || chip === undefined) return;
    context.globalAlpha = face.alpha;
    drawBox(context, face.track, box);
    drawChip(context, face, chip);
    context.globalAlpha = 1;
  });
  return boxes;
}

/** A label, laid out: its number, glyph and, unless there is no room for them, words. */
interface Chip {
  readonly rect: Rect;
  readonly number: string;
  readonly numberWidth: number;
  readonly label: string;
  readonly value: string;
}

/** Lay out the labels; those that would cover each other do without words, which the list of people has too. */
function chipsOf(
  context: CanvasRenderingContext2D,
  faces: readonly DrawnFace[],
  boxes: readonly Rect[],
  canvas: Size,
  words: Words,
): Chip[] {
  const layOut = (withWords: (i: number) => boolean) =>
    faces.flatMap((face, i) => {
      const box = boxes[i];
      return box === undefined ? [] : [chipOf(context, face, box, canvas, withWords(i) ? words : null)];
    });
  const full = layOut(() => true);
  const crowded = overlapping(full.map(({ rect }) => rect));
  return crowded.includes(true) ? layOut((i) => crowded[i] !== true) : full;
}

function chipOf(
  context: CanvasRenderingContext2D,
  face: DrawnFace,
  box: Rect,
  canvas: Size,
  words: Words | null,
): Chip {
  const { expression } = face;
  const number = String(face.track);
  const numberWidth = context.measureText(number).width + GAP;
  const label = words?.label(expression, face.obstacle) ?? "";
  // Where the label is a reason there is no expression for a percentage to be of.
  const reasoned = expression?.uncertain === true && face.obstacle !== null;
  const value = expression === null || words === null || reasoned ? "" : words.percent(expression.confidence);
  const glyphWidth = expression === null ? 0 : GLYPH;
  // Room for the widest value, so that the chip keeps its width while the number changes.
  const valueWidth = value === "" || words === null ? 0 : GAP + context.measureText(words.percent(1)).width;
  const labelWidth = label === "" ? 0 : GAP + context.measureText(label).width;
  const width = PAD + numberWidth + glyphWidth + labelWidth + valueWidth + PAD;
  return { rect: chipPlace(box, width, canvas), number, numberWidth, label, value };
}

function drawBox(context: CanvasRenderingContext2D, track: number, { x, y, width, height }: Rect): void {
  context.beginPath();
  drawCorners(context, cornerShape(track), x, y, width, height);
  context.lineCap = "round";
  context.lineJoin = "round";
  // A dark line under the light one: visible on any picture.
  context.strokeStyle = "rgb(0 0 0 / 0.5)";
  context.lineWidth = 4.5;
  context.stroke();
  context.strokeStyle = "#ffffff";
  context.lineWidth = 2;
  context.stroke();
}

function drawChip(context: CanvasRenderingContext2D, face: DrawnFace, chip: Chip): void {
  const { expression } = face;
  const { x, y, width } = chip.rect;
  drawChipGround(context, expression, chip.rect);
  context.fillStyle = "#ffffff";
  context.textBaseline = "middle";
  const middle = y + CHIP_HEIGHT / 2 + 0.5;
  let at = x + PAD;
  context.globalAlpha = face.alpha * 0.75;
  context.fillText(chip.number, at, middle);
  context.globalAlpha = face.alpha;
  at += chip.numberWidth;
  if (expression !== null) {
    drawGlyph(context, looks[expression.label].glyph, at, y + (CHIP_HEIGHT - GLYPH) / 2);
    at += GLYPH + GAP;
  }
  context.fillText(chip.label, at, middle);
  context.textAlign = "right";
  context.fillText(chip.value, x + width - PAD, middle);
  context.textAlign = "left";
}

/** Above the face; inside its upper edge when there is no room above; never beyond the canvas. */
function chipPlace(box: Rect, width: number, canvas: Size): Rect {
  const x = Math.max(4, Math.min(canvas.width - width - 4, box.x + box.width / 2 - width / 2));
  const above = box.y - CHIP_HEIGHT - 8;
  return { x, y: above >= 4 ? above : Math.max(4, box.y + 8), width, height: CHIP_HEIGHT };
}

function drawChipGround(context: CanvasRenderingContext2D, expression: Expression | null, { x, y, width }: Rect): void {
  context.save();
  context.beginPath();
  context.roundRect(x, y, width, CHIP_HEIGHT, 8);
  context.fillStyle = "rgb(15 18 22 / 0.86)";
  context.fill();
  if (expression !== null) {
    context.save();
    context.clip();
    context.globalAlpha *= expression.uncertain ? 0.3 : 0.6;
    context.fillStyle = looks[expression.label].colour;
    context.fillRect(x, y, width * expression.confidence, CHIP_HEIGHT);
    context.restore();
  }
  if (expression?.uncertain === true) context.setLineDash([5, 4]);
  context.lineWidth = expression?.uncertain === true ? 1.5 : 1;
  context.strokeStyle = expression?.uncertain === true ? "rgb(255 255 255 / 0.9)" : "rgb(255 255 255 / 0.3)";
  context.stroke();
  context.restore();
}

function drawGlyph(context: CanvasRenderingContext2D, data: string, x: number, y: number): void {
  context.save();
  context.translate(x, y);
  context.scale(GLYPH / 24, GLYPH / 24);
  context.strokeStyle = "#ffffff";
  context.lineWidth = 2;
  context.beginPath();
  context.arc(12, 12, 10.5, 0, 2 * Math.PI);
  context.stroke();
  context.stroke(glyphPath(data));
  context.restore();
}
