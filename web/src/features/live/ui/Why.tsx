import { useEffect, useRef } from "react";
import { useT } from "../../../i18n";
import { contain, pixels } from "../../../shared/geometry";
import { failureText } from "../../../shared/refusals";
import { HeatColours, HeatMaps } from "../../../shared/ui/Heat";
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
  const ref = useRef<HTMLDivElement>(null);
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
  const size = source.size();
  const shown = why.phase === "shown" ? why : null;
  const maps = shown === null ? [] : [{ box: pixels(shown.reason.area, size), image: shown.reason.image }];
  return (
    <div ref={ref} data-testid="why-map" data-track={shown?.track ?? ""}>
      <HeatMaps size={size} maps={maps} mirrored={mirrored} />
    </div>
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
      {why.phase === "failed" &&
        (why.error === null ? t("why.absent") : t("why.failed", { message: failureText(why.error, t) }))}
      {why.phase === "shown" && (
        <>
          <strong className="font-semibold">{t("why.shown", { label: t(`emotion.${why.reason.label}`) })}</strong>
          <HeatColours />
          <span className="sr-only">
            {t("why.map", { number: why.track, label: t(`emotion.${why.reason.label}`) })}
          </span>
        </>
      )}
    </p>
  );
}

/** Says that there is something to see, where there is. */
export function WhyHint() {
  const t = useT();
  const { stage, paused, people } = useSession();
  if (stage.phase !== "running" || !paused || people.length === 0) return null;
  return (
    <p className="px-4 pt-1 pb-3 text-14 text-muted" data-testid="why-hint">
      {t("why.hint")}
    </p>
  );
}
