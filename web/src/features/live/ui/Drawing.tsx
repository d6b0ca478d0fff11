import { useEffect, useRef } from "react";
import { everyFrame } from "../sources/source";

/** A minute on a chart this wide moves less than a pixel in this time. */
const REDRAW_MS = 66;

/** Something that draws itself in an element, without React. */
export interface Drawing {
  draw(): void;
  resize(): void;
  destroy(): void;
}

interface Props {
  /** Sets it up; called again whenever this function is another one. */
  readonly make: (host: HTMLElement) => Drawing;
  readonly testid: string;
  readonly label: string;
}

/** A place for a drawing that moves. React only sets it up. */
export function DrawingPlace({ make, testid, label }: Props) {
  const ref = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const host = ref.current;
    if (host === null) return;
    const drawing = make(host);
    const observer = new ResizeObserver(() => drawing.resize());
    observer.observe(host);
    let drawnAt = Number.NEGATIVE_INFINITY;
    const stop = everyFrame(() => {
      const wall = performance.now();
      if (wall - drawnAt < REDRAW_MS) return;
      drawnAt = wall;
      drawing.draw();
    });
    return () => {
      stop();
      observer.disconnect();
      drawing.destroy();
    };
  }, [make]);
  return <div ref={ref} className="absolute inset-0" data-testid={testid} role="img" aria-label={label} />;
}
