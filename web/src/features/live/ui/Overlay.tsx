import { useEffect, useRef } from "react";
import { useLanguage, useT } from "../../../i18n";
import { percent } from "../../../shared/format";
import { useSettings } from "../../../shared/settings";
import { contain, type Rect } from "../engine/geometry";
import type { DrawnFace } from "../engine/tracks";
import { everyFrame, type Source } from "../sources/source";
import { session } from "../store";
import { drawMarks, noseOf } from "./marks";
import { drawFaces, type Words } from "./overlay";
import { labelOf } from "./words";

interface Props {
  readonly source: Source;
  readonly mirrored: boolean;
}

/** The canvas with boxes and labels. It draws at display rate by itself; React only sets it up. */
export function Overlay({ source, mirrored }: Props) {
  const t = useT();
  const language = useLanguage();
  const landmarks = useSettings((state) => state.landmarks);
  const pose = useSettings((state) => state.pose);
  const ref = useRef<HTMLCanvasElement>(null);

  useEffect(() => {
    const canvas = ref.current;
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return;
    const words: Words = {
      label: (expression, obstacle) => labelOf(expression, obstacle, t, language.code),
      percent: (value) => percent(value, language.code),
    };
    let drawn = -1;
    return everyFrame(() => {
      const faces = session.tracks.drawn(session.clock.now());
      const resized = fitCanvas(canvas, context);
      if (faces.length === 0 && drawn === 0 && !resized) return;
      drawn = faces.length;
      const size = { width: canvas.clientWidth, height: canvas.clientHeight };
      const picture = contain(source.size(), size);
      context.clearRect(0, 0, size.width, size.height);
      for (const face of faces) drawMarks(context, face, picture, mirrored, { landmarks, pose });
      const boxes = drawFaces(context, faces, picture, size, mirrored, words);
      describe(canvas, faces, boxes);
      const noses = landmarks ? faces.map((face) => noseOf(face, picture, mirrored)) : [];
      canvas.dataset.noses = noses.map((nose) => nose?.map(Math.round).join(",") ?? "").join(" ");
      canvas.dataset.poses = String(pose ? faces.filter((face) => face.pose !== null).length : 0);
    });
  }, [source, mirrored, t, language, landmarks, pose]);

  return <canvas ref={ref} data-testid="overlay" className="pointer-events-none absolute inset-0 size-full" />;
}

/** Give the canvas as many pixels as the screen shows of it. @returns whether that changed anything */
function fitCanvas(canvas: HTMLCanvasElement, context: CanvasRenderingContext2D): boolean {
  const ratio = window.devicePixelRatio;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width === width && canvas.height === height) return false;
  canvas.width = width;
  canvas.height = height;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return true;
}

/** Say in attributes what the canvas shows, for tests of the whole app. */
function describe(canvas: HTMLCanvasElement, faces: readonly DrawnFace[], boxes: readonly Rect[]): void {
  canvas.dataset.faces = String(faces.length);
  canvas.dataset.labels = faces.map(({ expression }) => expression?.label ?? "").join(" ");
  canvas.dataset.boxes = boxes.map((box) => [box.x, box.y, box.width, box.height].map(Math.round).join(",")).join(" ");
}
