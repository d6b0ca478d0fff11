import { useEffect, useRef } from "react";
import { useLanguage, useT } from "../../../i18n";
import { fitCanvas } from "../../../shared/canvas";
import { drawFaces, type ShownFace } from "../../../shared/faces";
import { contain, place } from "../../../shared/geometry";
import { useSettings } from "../../../shared/settings";
import { chipText } from "../../../shared/words";
import { everyFrame, type Source } from "../sources/source";
import { session } from "../store";
import { drawMarks, noseOf } from "./marks";

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
    let drawn = -1;
    return everyFrame(() => {
      const faces = session.tracks.drawn(session.clock.now());
      if (faces.length === 0 && drawn === 0) return;
      drawn = faces.length;
      const size = fitCanvas(canvas);
      const picture = contain(source.size(), size);
      context.clearRect(0, 0, size.width, size.height);
      for (const face of faces) drawMarks(context, face, picture, mirrored, { landmarks, pose });
      const shown = faces.map(({ track, box, alpha, expression, obstacle }) => ({
        number: track,
        box: place(box, picture, mirrored),
        alpha,
        expression,
        ...chipText(expression, obstacle, t, language.code),
      }));
      drawFaces(context, shown, size);
      describe(canvas, shown);
      const noses = landmarks ? faces.map((face) => noseOf(face, picture, mirrored)) : [];
      canvas.dataset.noses = noses.map((nose) => nose?.map(Math.round).join(",") ?? "").join(" ");
      canvas.dataset.poses = String(pose ? faces.filter((face) => face.pose !== null).length : 0);
    });
  }, [source, mirrored, t, language, landmarks, pose]);

  return <canvas ref={ref} data-testid="overlay" className="pointer-events-none absolute inset-0 size-full" />;
}

/** Say in attributes what the canvas shows, for tests of the whole app. */
function describe(canvas: HTMLCanvasElement, faces: readonly ShownFace[]): void {
  canvas.dataset.faces = String(faces.length);
  canvas.dataset.labels = faces.map(({ expression }) => expression?.label ?? "").join(" ");
  canvas.dataset.boxes = faces
    .map(({ box }) => [box.x, box.y, box.width, box.height].map(Math.round).join(","))
    .join(" ");
}
