"""`mien bench`: how fast this machine reads a clip, stage by stage."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from mien.core.types import Frame
    from mien.pipeline import Analyzer


def bench(
    video: Annotated[Path | None, typer.Option(help="Clip to read; else a zoom over the demo portrait.")] = None,
    seconds: Annotated[float, typer.Option(min=0.5, help="About how long each configuration is measured.")] = 10.0,
    threads: Annotated[int, typer.Option(min=1, help="Threads per model and for OpenCV.")] = 1,
    weights: Annotated[Path | None, typer.Option(help="ONNX file of YuNet, to measure that detector too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="JSON on stdout.")] = False,
) -> None:
    """Frames per second, milliseconds per stage and memory, for every detector in one run.

    The configurations take turns, a slice of frames each, so that a machine that slows down slows all of them.
    """
    import cv2

    from mien.core.settings import AnalyzerSettings, TrackingSettings
    from mien.pipeline import Analyzer

    cv2.setNumThreads(threads)
    started = time.perf_counter()
    frames = list(_frames(video))
    decode_ms = (time.perf_counter() - started) * 1000 / len(frames)

    def settings(interval: float | None, detector: str = "mien", **more: Any) -> AnalyzerSettings:
        tracking = TrackingSettings(detect_interval=interval)
        return AnalyzerSettings(detector=detector, threads=threads, tracking=tracking, **more)

    contenders = {
        "mien": settings(None),
        "mien, every frame": settings(0.0),
        "mien, every 0.1 s": settings(0.1),
        "mien, landmarks": settings(None, landmarks=True),
        "haar, every frame": settings(0.0, "haar"),
        "haar, every 0.2 s": settings(0.2, "haar"),
    }
    if weights is not None:
        contenders["yunet, every frame"] = settings(0.0, "yunet", weights=weights)
    runs = {name: Contender(Analyzer(settings), frames) for name, settings in contenders.items()}
    deadline = time.perf_counter() + seconds * len(runs)
    while time.perf_counter() < deadline:
        for run in runs.values():
            run.slice(0.25)
    rows = {name: run.report() for name, run in runs.items()}
    main = rows["mien"]
    report = {
        **{k: main[k] for k in ("fps", "faces_per_frame", "stages_ms")},
        "rss_mb": round(resident_mb(), 1),
        "threads": threads,
        "decode_ms": round(decode_ms, 2),
        "clip": {
            "name": "demo portrait" if video is None else video.name,
            "frames": len(frames),
            "width": frames[0].width,
            "height": frames[0].height,
        },
        "configurations": rows,
        "machine": machine(),
    }
    if as_json:
        print(json.dumps(report))
    else:
        _print(report)


class Contender:
    """One configuration on the clip, measured in slices; a round through the clip starts a new stream."""

    def __init__(self, analyzer: Analyzer, frames: list[Frame]) -> None:
        self.analyzer, self.frames = analyzer, frames
        self.stream, self.at = analyzer.stream(), 0
        self.times: list[float] = []
        self.stages: dict[str, list[float]] = {}
        self.faces = 0
        self.stream.analyze(frames[0])

    def slice(self, seconds: float) -> None:
        """Read frames for about ``seconds``."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            if self.at == len(self.frames):
                self.stream, self.at = self.analyzer.stream(), 0
            start = time.perf_counter()
            result = self.stream.analyze(self.frames[self.at])
            self.times.append(time.perf_counter() - start)
            self.at += 1
            self.faces += len(result.faces)
            for stage, ms in result.stages_ms.items():
                self.stages.setdefault(stage, []).append(ms)

    def report(self) -> dict[str, Any]:
        """Return frames per second, faces per frame, and medians."""
        ordered = sorted(self.times)
        return {
            "fps": round(len(ordered) / sum(ordered), 1),
            "frame_ms": {
                "median": round(statistics.median(ordered) * 1000, 3),
                "p95": round(ordered[int(0.95 * (len(ordered) - 1))] * 1000, 3),
            },
            "faces_per_frame": round(self.faces / len(ordered), 3),
            # A stage that runs on some frames only counts by its share: the mean is what it costs a frame.
            "stages_ms": {stage: round(sum(ms) / len(ordered), 3) for stage, ms in self.stages.items()},
            "frames_measured": len(ordered),
        }


def _frames(video: Path | None) -> Iterator[Frame]:
    if video is not None:
        from mien.sources.video import open_video

        with open_video(video) as source:
            # No more than 120 MB of raw pictures: the memory shown shall be the analysis', not the clip's.
            limit = None
            for frame in source:
                limit = limit or max(1, 120_000_000 // frame.image.nbytes)
                yield frame
                if frame.index + 1 >= limit:
                    return
        return
    yield from _portrait()


def _portrait(count: int = 120, width: int = 640, height: int = 360) -> Iterator[Frame]:
    """Yield a slow zoom over the demo portrait that comes with the web app, 30 frames/s."""
    import cv2
    import numpy as np

    from mien.core.errors import SourceError
    from mien.core.types import Frame

    path = Path(__file__).parent.parent / "server" / "static" / "demo.jpg"
    picture = cv2.imread(str(path))
    if picture is None:
        raise SourceError("the demo portrait is missing (the web app is not built): give a clip with --video")
    for index in range(count):
        scale = (1.2 + 0.2 * np.sin(index / 19)) * width / picture.shape[1]
        shift = (width / 2 - 0.45 * scale * picture.shape[1], height / 2 - 0.3 * scale * picture.shape[0])
        matrix = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)
        image = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        yield Frame(np.asarray(image, np.uint8), index, index / 30, "demo portrait")


def resident_mb() -> float:
    """Return the peak memory of this process in MB."""
    import resource
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def machine() -> dict[str, Any]:
    """Return what numbers depend on: processor, cores, versions, commit where there is one."""
    import subprocess

    from mien import __version__
    from mien.cli.doctor import processor
    from mien.models import runtime

    git = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        found = subprocess.run(git, capture_output=True, text=True, timeout=5, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        found = ""
    return {
        **processor(),
        "mien": __version__,
        "onnxruntime": runtime.version(),
        "commit": found or None,
        "load": round(os.getloadavg()[0], 2),
    }


def _print(report: dict[str, Any]) -> None:
    clip, cpu = report["clip"], report["machine"]
    print(f"{clip['name']}: {clip['width']}×{clip['height']}, {clip['frames']} frames, {report['threads']} thread(s)")
    print(f"{cpu['name']}, {cpu['cores']} cores, load {cpu['load']}, mien {cpu['mien']} {cpu['commit'] or ''}\n")
    print(
        f"{'configuration':20}{'frames/s':>10}{'median ms':>11}{'p95 ms':>9}{'faces':>7}  mean ms per frame and stage"
    )
    for name, row in report["configurations"].items():
        stages = "  ".join(f"{k} {v}" for k, v in row["stages_ms"].items())
        ms = row["frame_ms"]
        print(f"{name:20}{row['fps']:10}{ms['median']:11}{ms['p95']:9}{row['faces_per_frame']:7}  {stages}")
    print(f"\npeak memory {report['rss_mb']} MB; decoding the clip {report['decode_ms']} ms per frame")
