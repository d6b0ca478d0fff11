import { useEffect, useRef } from "react";
import { useLanguage, useT } from "../../../i18n";
import { fitCanvas } from "../../../shared/canvas";
import { drawFaces } from "../../../shared/faces";
import { HeatMaps } from "../../../shared/ui/Heat";
import type { Analysis } from "../engine/api";
import type { Photo } from "../store";
import { facesOn, mapsOf } from "./shown";

/** A photo with its faces marked; it fills its place without being cut. */
export function Picture({ photo, heat }: { readonly photo: Photo; readonly heat: boolean }) {
  const analysis = photo.reading.state === "done" ? photo.reading.analysis : null;
  return (
    <div className="absolute inset-0 overflow-hidden bg-[#0f1216]">
      {photo.reading.state !== "failed" && (
        <img src={photo.address} alt="" decoding="async" className="absolute inset-0 size-full object-contain" />
      )}
      {analysis !== null && heat && <HeatMaps size={analysis} maps={mapsOf(analysis)} />}
      {analysis !== null && <Marks analysis={analysis} />}
    </div>
  );
}

function Marks({ analysis }: { readonly analysis: Analysis }) {
  const t = useT();
  const language = useLanguage().code;
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const canvas = ref.current;
    const context = canvas?.getContext("2d");
    if (!canvas || !context) return;
    const draw = () => {
      const size = fitCanvas(canvas);
      const faces = facesOn(size, analysis, t, language);
      context.clearRect(0, 0, size.width, size.height);
      drawFaces(context, faces, size);
      canvas.dataset.boxes = faces
        .map(({ box }) => [box.x, box.y, box.width, box.height].map(Math.round).join(","))
        .join(" ");
    };
    const watcher = new ResizeObserver(draw);
    watcher.observe(canvas);
    return () => watcher.disconnect();
  }, [analysis, t, language]);
  return <canvas ref={ref} data-testid="marks" className="pointer-events-none absolute inset-0 size-full" />;
}
