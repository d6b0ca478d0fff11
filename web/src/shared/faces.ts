/** Draws faces over a picture: corners in the shape of the face's number, and a chip with what was seen. */

import { FONT_FAMILY } from "./canvas";
import { looks } from "./emotions";
import { overlapping, type Rect, type Size } from "./geometry";
import { cornerShape, drawCorners } from "./identity";
import type { ChipText, Shown } from "./words";

const FONT = `600 14px ${FONT_FAMILY}`;
const CHIP_HEIGHT = 28;
const SMALL_CHIP_HEIGHT = 20;
const PAD = 8;
const SMALL_PAD = 4;
const GLYPH = 18;
const GAP = 6;

/** A face as it is to be drawn. */
export interface ShownFace extends ChipText {
  readonly number: number;
  /** On the canvas. */
  readonly box: Rect;
  readonly alpha: number;
  readonly expression: Shown | null;
}

const glyphs = new Map<string, Path2D>();

function glyphPath(data: string): Path2D {
  let path = glyphs.get(data);
  if (path === undefined) {
    path = new Path2D(data);
    glyphs.set(data, path);
  }
  return path;
}

/** Draw all faces on a canvas of this size in CSS pixels. Text is never mirrored, whatever the picture is. */
export function drawFaces(context: CanvasRenderingContext2D, faces: readonly ShownFace[], canvas: Size): void {
  context.save();
  context.font = FONT;
  const chips = chipsOf(context, faces, canvas);
  faces.forEach((face, i) => {
    const chip = chips[i];
    if (chip === undefined) return;
    context.globalAlpha = face.alpha;
    drawBox(context, face.number, face.box);
    drawChip(context, face, chip);
  });
  context.restore();
}

/** What a chip has room for: everything; number and glyph; the number alone. */
type Room = "words" | "glyph" | "number";

/** A label, laid out. */
interface Chip {
  readonly rect: Rect;
  readonly room: Room;
  readonly numberWidth: number;
  readonly label: string;
  readonly value: string;
}

/** Lay out the labels; those that would cover each other do without what the list of people has too. */
function chipsOf(context: CanvasRenderingContext2D, faces: readonly ShownFace[], canvas: Size): Chip[] {
  const lay = (face: ShownFace, room: Room) => chipOf(context, face, canvas, room);
  let chips = faces.map((face) => lay(face, "words"));
  for (const room of ["glyph", "number"] as const) {
    const crowded = overlapping(chips.map(({ rect }) => rect));
    chips = faces.flatMap((face, i) => (crowded[i] === true ? lay(face, room) : (chips[i] ?? [])));
  }
  return chips;
}

function chipOf(context: CanvasRenderingContext2D, face: ShownFace, canvas: Size, room: Room): Chip {
  const alone = room === "number";
  const numberWidth = context.measureText(String(face.number)).width + (alone ? 0 : GAP);
  const label = room === "words" ? face.label : "";
  const value = room === "words" ? face.value : "";
  const glyphWidth = face.expression === null || alone ? 0 : GLYPH;
  const valueWidth = value === "" ? 0 : GAP + context.measureText(face.widest).width;
  const labelWidth = label === "" ? 0 : GAP + context.measureText(label).width;
  const pad = alone ? SMALL_PAD : PAD;
  const width = pad + numberWidth + glyphWidth + labelWidth + valueWidth + pad;
  const rect = chipPlace(face.box, width, alone ? SMALL_CHIP_HEIGHT : CHIP_HEIGHT, canvas);
  return { rect, room, numberWidth, label, value };
}

function drawBox(context: CanvasRenderingContext2D, number: number, { x, y, width, height }: Rect): void {
  context.beginPath();
  drawCorners(context, cornerShape(number), x, y, width, height);
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

function drawChip(context: CanvasRenderingContext2D, face: ShownFace, chip: Chip): void {
  const { expression } = face;
  const { x, y, width, height } = chip.rect;
  const alone = chip.room === "number";
  drawChipGround(context, expression, chip.rect);
  context.fillStyle = "#ffffff";
  context.textBaseline = "middle";
  context.textAlign = "left";
  const middle = y + height / 2 + 0.5;
  let at = x + (alone ? SMALL_PAD : PAD);
  context.globalAlpha = face.alpha * (alone ? 1 : 0.75);
  context.fillText(String(face.number), at, middle);
  context.globalAlpha = face.alpha;
  at += chip.numberWidth;
  if (expression !== null && !alone) {
    drawGlyph(context, looks[expression.label].glyph, at, y + (height - GLYPH) / 2);
    at += GLYPH + GAP;
  }
  context.fillText(chip.label, at, middle);
  context.textAlign = "right";
  context.fillText(chip.value, x + width - PAD, middle);
}

/** Above the face; inside its upper edge when there is no room above; never beyond the canvas. */
function chipPlace(box: Rect, width: number, height: number, canvas: Size): Rect {
  const x = Math.max(4, Math.min(canvas.width - width - 4, box.x + box.width / 2 - width / 2));
  const gap = height / 4;
  const above = box.y - height - gap;
  return { x, y: above >= 4 ? above : Math.max(4, box.y + gap), width, height };
}

function drawChipGround(
  context: CanvasRenderingContext2D,
  expression: Shown | null,
  { x, y, width, height }: Rect,
): void {
  context.save();
  context.beginPath();
  context.roundRect(x, y, width, height, height / 4);
  context.fillStyle = "rgb(15 18 22 / 0.86)";
  context.fill();
  if (expression !== null) {
    context.save();
    context.clip();
    context.globalAlpha *= expression.uncertain ? 0.3 : 0.6;
    context.fillStyle = looks[expression.label].colour;
    context.fillRect(x, y, width * expression.confidence, height);
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
