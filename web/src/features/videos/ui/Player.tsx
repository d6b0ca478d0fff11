import { useEffect, useMemo, useRef, useState } from "react";
import { useLanguage, useT } from "../../../i18n";
import { navigate } from "../../../shared/address";
import { fitCanvas } from "../../../shared/canvas";
import { drawFaces } from "../../../shared/faces";
import { clock } from "../../../shared/format";
import { contain, fractions, place } from "../../../shared/geometry";
import { Button } from "../../../shared/ui/Button";
import { chipText } from "../../../shared/words";
import * as api from "../engine/api";
import { Results } from "../engine/results";
import { act } from "../store";
import { Controls } from "./Controls";
import { Downloads } from "./Downloads";
import { People } from "./People";
import { Timeline } from "./Timeline";
import { useCourse } from "./useCourse";
import { fullscreen, usePlayer } from "./usePlayer";
import { How } from "./VideoRow";

/** One video: the picture with its boxes, the course of time below, the people beside it. */
export function Player({ video }: { readonly video: api.Video }) {
  const t = useT();
  const element = useRef<HTMLVideoElement>(null);
  const [offset, setOffset] = useState(0);
  const [line, setLine] = useState<api.FrameLine | null>(null);
  const player = usePlayer(element, video.id, video.fps);
  const duration = video.duration || player.duration || video.time;
  const [source, setSource] = useState<"video" | "annotated">("video");
  const course = useCourse(video, duration);
  const busy = video.state === "waiting" || video.state === "running";
  return (
    <div className="h-full overflow-y-auto" data-testid="player" data-time={player.time.toFixed(2)}>
      <div className="player mx-auto grid max-w-7xl gap-4 p-4">
        <header className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <Button icon="back" look="quiet" onClick={() => navigate("/videos")}>
            {t("videos.back")}
          </Button>
          <h1 className="min-w-0 truncate text-20 font-semibold">{video.name}</h1>
          <div className="basis-full text-14 text-muted">
            <How video={video} />
            {video.resumed.length > 0 && (
              <span className="block">{t("videos.resumed", { times: video.resumed.map(clock).join(", ") })}</span>
            )}
          </div>
        </header>
        <div className="stage relative overflow-hidden rounded-card bg-black">
          {/* biome-ignore lint/a11y/useMediaCaption: what people send has no captions; the results are in the table */}
          <video
            key={source}
            ref={element}
            src={`${api.BASE}/${video.id}/${source}`}
            className="absolute inset-0 size-full object-contain"
            playsInline
            preload="auto"
            onClick={player.toggle}
          />
          {source === "video" && <Overlay element={element} video={video} offset={offset} onLine={setLine} />}
          {player.unplayable && source === "video" && (
            <Unplayable video={video} onCopy={() => setSource("annotated")} />
          )}
        </div>
        <Controls
          player={player}
          duration={duration}
          offset={offset}
          onOffset={setOffset}
          onFullscreen={() => void fullscreen(element.current?.parentElement ?? null)}
        />
        <Timeline
          course={course}
          duration={duration}
          time={player.time - offset}
          busy={busy}
          element={element}
          offset={offset}
          onSeek={(time) => player.seek(time + offset)}
        />
        <aside className="side grid content-start gap-4">
          <People course={course.whole} line={line} />
          <Downloads video={video} />
        </aside>
      </div>
    </div>
  );
}

/** For kinds of video that browsers do not play: the results are there, and a copy can be made. */
function Unplayable({ video, onCopy }: { readonly video: api.Video; onCopy(): void }) {
  const t = useT();
  return (
    <div className="absolute inset-0 grid place-content-center gap-3 bg-black p-6 text-center text-white" role="alert">
      <p className="text-16 font-semibold">{t("videos.unplayable")}</p>
      <p className="text-14 opacity-80">{t("videos.unplayable.text")}</p>
      <div>
        {video.annotated === "ready" ? (
          <Button onClick={onCopy}>{t("videos.download.copy")}</Button>
        ) : (
          <Button
            disabled={video.annotated !== "none" && video.annotated !== "failed"}
            onClick={() => void act(api.annotate, video.id)}
          >
            {t("videos.copy.make")}
          </Button>
        )}
      </div>
    </div>
  );
}

interface OverlayProps {
  readonly element: React.RefObject<HTMLVideoElement | null>;
  readonly video: api.Video;
  readonly offset: number;
  onLine(line: api.FrameLine | null): void;
}

/** The canvas over the picture; drawn once per presented frame, with the results of exactly that frame. */
function Overlay({ element, video, offset, onLine }: OverlayProps) {
  const t = useT();
  const language = useLanguage().code;
  const canvas = useRef<HTMLCanvasElement>(null);
  const redraw = useRef<() => void>(() => undefined);
  const { id, fps, time } = video;
  const results = useMemo(
    () =>
      new Results(
        (from, to) => api.frames(id, from, to),
        () => redraw.current(),
      ),
    [id],
  );
  useEffect(() => {
    results.stale(time - 1);
    redraw.current();
  }, [results, time]);
  useEffect(() => {
    const player = element.current;
    const surface = canvas.current;
    const context = surface?.getContext("2d");
    if (player === null || !surface || !context) return;
    let shown = player.currentTime;
    let told = 0;
    const draw = () => {
      const line = results.at(shown - offset, 0.75 / (fps || 25));
      const size = fitCanvas(surface);
      context.clearRect(0, 0, size.width, size.height);
      const faces = line?.faces ?? [];
      if (line !== null) {
        const picture = contain(line, size);
        const drawn = faces.map((face) => ({
          number: face.track ?? 1,
          box: place(fractions(face.box, line), picture, false),
          alpha: 1,
          expression: face.emotion,
          ...chipText(face.emotion, face.reason ?? null, t, language),
        }));
        drawFaces(context, drawn, size);
      }
      surface.dataset.faces = String(faces.length);
      surface.dataset.frame = line === null ? "" : String(line.frame);
      const now = performance.now();
      if (now - told > 200 || player.paused) {
        told = now;
        onLine(line);
      }
    };
    redraw.current = draw;
    let handle = player.requestVideoFrameCallback(function onFrame(_now, { mediaTime }) {
      shown = mediaTime;
      draw();
      handle = player.requestVideoFrameCallback(onFrame);
    });
    const watcher = new ResizeObserver(draw);
    watcher.observe(surface);
    draw();
    return () => {
      player.cancelVideoFrameCallback(handle);
      watcher.disconnect();
      redraw.current = () => undefined;
    };
  }, [element, results, offset, fps, t, language, onLine]);
  return <canvas ref={canvas} data-testid="video-overlay" className="pointer-events-none absolute inset-0 size-full" />;
}
