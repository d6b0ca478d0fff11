import { useEffect, useRef } from "react";
import { useT } from "../../../i18n";
import { contain } from "../../../shared/geometry";
import { useKeys } from "../../../shared/useKeys";
import { faceAt } from "../engine/why";
import type { Source } from "../sources/source";
import { lens, session, useSession, useWhy } from "../store";

/** Put on whatever stands for a face: resting on it, by pointer or focus, asks why. */
export function whyOn(track: number) {
  return {
    onPointerEnter: () => lens.point(track),
    onPointerLeave: () => lens.point(null),
    onFocus: () => lens.focus(track),
    onBlur: () => lens.focus(null),
  };
}

interface MapProps {
  readonly source: Source;
  readonly mirrored: boolean;
}

/** The heat map over the face. It lies where the picture does, by the same rule (`object-fit: contain`). */
export function WhyMap({ source, mirrored }: MapProps) {
  const why = useWhy();
  const ref = useRef<SVGSVGElement>(null);
  useEffect(() => {
    const host = ref.current?.parentElement;
    if (!host) return;
    const move = (event: PointerEvent) => {
      const { left, top, width, height } = host.getBoundingClientRect();
      const picture = contain(source.size(), { width, height });
      const faces = session.tracks.drawn(session.clock.now());
      lens.point(faceAt(event.clientX - left, event.clientY - top, faces, picture, mirrored));
    };
    const leave = () => lens.point(null);
    host.addEventListener("pointermove", move);
    host.addEventListener("pointerdown", move);
    host.addEventListener("pointerleave", leave);
    return () => {
      host.removeEventListener("pointermove", move);
      host.removeEventListener("pointerdown", move);
      host.removeEventListener("pointerleave", leave);
      leave();
    };
  }, [source, mirrored]);
  useKeys({ escape: () => lens.dismiss() });
  const { width, height } = source.size();
  const shown = why.phase === "shown" ? why : null;
  const [x1, y1, x2, y2] = shown?.reason.area ?? [0, 0, 0, 0];
  return (
    <svg
      ref={ref}
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="xMidYMid meet"
      className="pointer-events-none absolute inset-0 size-full"
      data-testid="why-map"
      data-track={shown?.track ?? ""}
      aria-hidden="true"
    >
      {shown && (
        <image
          href={shown.reason.image}
          x={x1 * width}
          y={y1 * height}
          width={(x2 - x1) * width}
          height={(y2 - y1) * height}
          preserveAspectRatio="none"
          {...(mirrored ? { transform: `translate(${width} 0) scale(-1 1)` } : {})}
        />
      )}
    </svg>
  );
}

/** What the colours of the map mean, or why there is none. */
export function WhyWords() {
  const t = useT();
  const why = useWhy();
  return (
    <p
      role="status"
      data-testid="why"
      data-phase={why.phase}
      className={`pointer-events-none absolute top-3 left-3 flex max-w-[calc(100%-1.5rem)] flex-wrap items-center gap-x-3 rounded-card bg-[#0f1216]/90 px-3 py-1.5 text-14 text-white transition-opacity ${why.phase === "off" ? "opacity-0" : "opacity-100"}`}
    >
      {why.phase === "asking" && t("why.asking")}
      {why.phase === "failed" && (why.message === null ? t("why.absent") : t("why.failed", { message: why.message }))}
      {why.phase === "shown" && (
        <>
          <strong className="font-semibold">{t("why.shown", { label: t(`emotion.${why.reason.label}`) })}</strong>
          <Swatch colour="#ff6a00" words={t("why.for")} />
          <Swatch colour="#286ee6" words={t("why.against")} />
          <span className="opacity-80">{t("why.limit")}</span>
          <span className="sr-only">
            {t("why.map", { number: why.track, label: t(`emotion.${why.reason.label}`) })}
          </span>
        </>
      )}
    </p>
  );
}

/** The colours are those of the server's pictures. */
function Swatch({ colour, words }: { readonly colour: string; readonly words: string }) {
  return (
    <span className="flex items-center gap-1.5">
      <span className="size-3 rounded-xs" style={{ background: colour }} aria-hidden="true" />
      {words}
    </span>
  );
}

/** Says that there is something to see, where there is. */
export function WhyHint() {
  const t = useT();
  const { stage, paused, people } = useSession();
  const still = stage.phase === "running" && (paused || stage.source.kind === "photo");
  if (!still || people.length === 0) return null;
  return (
    <p className="px-4 pt-1 pb-3 text-14 text-muted" data-testid="why-hint">
      {t("why.hint")}
    </p>
  );
}
