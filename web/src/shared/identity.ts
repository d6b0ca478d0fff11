/**
 * How people in the same picture are told apart: by the shape of their corners and their number, never by colour,
 * because colour already says which expression was seen.
 */

export const cornerShapes = ["square", "round", "cut", "notched"] as const;
export type CornerShape = (typeof cornerShapes)[number];

export function cornerShape(track: number): CornerShape {
  return cornerShapes[(((track - 1) % cornerShapes.length) + cornerShapes.length) % cornerShapes.length] ?? "square";
}

/** The pen that a corner is drawn with: a canvas path, or something that writes an SVG path. */
export interface Pen {
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  quadraticCurveTo(cx: number, cy: number, x: number, y: number): void;
}

/**
 * Draw one corner of a box.
 *
 * @param x, y the corner itself
 * @param dx, dy +1 or -1: where the box lies as seen from the corner
 * @param arm length of each arm in pixels
 */
export function drawCorner(
  pen: Pen,
  shape: CornerShape,
  x: number,
  y: number,
  dx: number,
  dy: number,
  arm: number,
): void {
  const bend = arm * 0.5;
  pen.moveTo(x, y + dy * arm);
  if (shape === "square") {
    pen.lineTo(x, y);
  } else if (shape === "round") {
    pen.lineTo(x, y + dy * bend);
    pen.quadraticCurveTo(x, y, x + dx * bend, y);
  } else if (shape === "cut") {
    pen.lineTo(x, y + dy * bend);
    pen.lineTo(x + dx * bend, y);
  } else {
    pen.lineTo(x, y + dy * bend);
    pen.lineTo(x + dx * bend, y + dy * bend);
    pen.lineTo(x + dx * bend, y);
  }
  pen.lineTo(x + dx * arm, y);
}

/** Draw the four corners of a box; the arms never meet. */
export function drawCorners(pen: Pen, shape: CornerShape, x: number, y: number, width: number, height: number): void {
  const arm = Math.max(4, Math.min(24, 0.28 * Math.min(width, height)));
  drawCorner(pen, shape, x, y, 1, 1, arm);
  drawCorner(pen, shape, x + width, y, -1, 1, arm);
  drawCorner(pen, shape, x + width, y + height, -1, -1, arm);
  drawCorner(pen, shape, x, y + height, 1, -1, arm);
}

/** The four corners as the data of an SVG path. */
export function cornersPath(shape: CornerShape, x: number, y: number, width: number, height: number): string {
  const steps: string[] = [];
  const pen: Pen = {
    moveTo: (px, py) => steps.push(`M${px} ${py}`),
    lineTo: (px, py) => steps.push(`L${px} ${py}`),
    quadraticCurveTo: (cx, cy, px, py) => steps.push(`Q${cx} ${cy} ${px} ${py}`),
  };
  drawCorners(pen, shape, x, y, width, height);
  return steps.join("");
}
