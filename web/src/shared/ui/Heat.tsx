import { useT } from "../../i18n";
import type { Size } from "../geometry";

/** What spoke for a face's expression and what against it, as a small transparent picture. */
export interface Heat {
  /** x1 y1 x2 y2 in the units of the picture's size. */
  readonly box: readonly number[];
  /** A data URL. */
  readonly image: string;
}

/** The maps over a picture of this size, which lies in the same place by `object-fit: contain`. */
export function HeatMaps({
  size,
  maps,
  mirrored = false,
}: {
  readonly size: Size;
  readonly maps: readonly Heat[];
  readonly mirrored?: boolean;
}) {
  return (
    <svg
      viewBox={`0 0 ${Math.max(1, size.width)} ${Math.max(1, size.height)}`}
      preserveAspectRatio="xMidYMid meet"
      className="pointer-events-none absolute inset-0 size-full"
      aria-hidden="true"
    >
      {maps.map(({ box: [x1 = 0, y1 = 0, x2 = 0, y2 = 0], image }) => (
        <image
          key={`${x1} ${y1}`}
          href={image}
          x={x1}
          y={y1}
          width={x2 - x1}
          height={y2 - y1}
          preserveAspectRatio="none"
          {...(mirrored ? { transform: `translate(${size.width} 0) scale(-1 1)` } : {})}
        />
      ))}
    </svg>
  );
}

/** What the colours of the maps mean; they are those of the server's pictures. */
export function HeatColours() {
  const t = useT();
  return (
    <>
      <Swatch colour="#ff6a00" words={t("why.for")} />
      <Swatch colour="#286ee6" words={t("why.against")} />
      <span>{t("why.limit")}</span>
    </>
  );
}

function Swatch({ colour, words }: { readonly colour: string; readonly words: string }) {
  return (
    <span className="flex items-center gap-1.5">
      <span className="size-3 rounded-xs" style={{ background: colour }} aria-hidden="true" />
      {words}
    </span>
  );
}
