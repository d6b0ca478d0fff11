"""Does it stay fast and small? Minutes of video through one stream, by the minute: time per frame, memory, identities.

Usage: python benchmarks/long_run.py FILE [--minutes 10] [--json]

The clip's frames are held in memory and repeated with times that go on, as a camera's would; where the clip begins
anew its people jump, which is what a cut does. What is measured is the analysis: decoding is done before. On a busy
machine ``cpu_ms_median`` says more than the time that passed. Time per frame and memory should be the same in the last
minute as in the second (the first warms up); identities may grow by a few per repetition, what is kept of them may not.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2

from mien.cli.bench import machine
from mien.core.settings import AnalyzerSettings
from mien.core.types import Frame
from mien.pipeline import Analyzer
from mien.sources.video import open_video

MOST_BYTES = 300_000_000
"""Raw pictures held; of a longer clip only the beginning is repeated."""


def resident_mb() -> float:
    """Return this process's memory now (Linux), in MB; unlike a peak it can fall."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def clip(path: Path) -> list[Frame]:
    frames: list[Frame] = []
    with open_video(path) as video:
        for frame in video:
            frames.append(frame)
            if len(frames) * frame.image.nbytes > MOST_BYTES:
                break
    return frames


def endless(frames: list[Frame]) -> Iterator[Frame]:
    """Yield the frames again and again; the last one lasts as long as the one before it."""
    step = frames[-1].timestamp - frames[-2].timestamp
    length = frames[-1].timestamp - frames[0].timestamp + step
    for index in range(2**62):
        rounds, k = divmod(index, len(frames))
        frame = frames[k]
        yield Frame(frame.image, index, frame.timestamp - frames[0].timestamp + rounds * length, frame.source)


def run(frames: list[Frame], settings: AnalyzerSettings, minutes: float, part: float) -> list[dict[str, Any]]:
    """Analyse ``minutes`` of video time; return a row per ``part`` seconds of it."""
    stream = Analyzer(settings).stream()
    rows: list[dict[str, Any]] = []
    times: list[float] = []
    busy: list[float] = []
    ids: set[int] = set()
    faces = events = 0
    for frame in endless(frames):
        while frame.timestamp >= (len(rows) + 1) * part - 1e-6:
            rows.append(
                {
                    "until_s": round((len(rows) + 1) * part, 1),
                    "frames": len(times),
                    "ms_median": round(statistics.median(times) * 1000, 3) if times else None,
                    "ms_p95": round(sorted(times)[int(0.95 * (len(times) - 1))] * 1000, 3) if times else None,
                    "cpu_ms_median": round(statistics.median(busy) * 1000, 3) if busy else None,
                    "rss_mb": round(resident_mb(), 1),
                    "faces": faces,
                    "events": events,
                    "identities": len(ids),
                    "kept": len(stream.tracker.active),
                }
            )
            times, busy, faces, events = [], [], 0, 0
        if frame.timestamp >= minutes * 60 - 1e-6:
            return rows
        start, start_cpu = time.perf_counter(), time.process_time()
        result = stream.analyze(frame)
        times.append(time.perf_counter() - start)
        busy.append(time.process_time() - start_cpu)
        faces += len(result.faces)
        events += len(result.events)
        if result.faces.tracks is not None:
            ids |= {int(track) for track in result.faces.tracks}
    raise AssertionError("endless frames ended")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, metavar="FILE", help="video")
    parser.add_argument("--minutes", type=float, default=10.0, help="minutes of video")
    parser.add_argument("--part", type=float, default=60.0, help="seconds of video per row")
    parser.add_argument("--plain", action="store_true", help="expressions alone: no landmarks, baseline and signals")
    parser.add_argument("--json", action="store_true", dest="as_json", help="JSON on stdout")
    chosen = parser.parse_args()
    more = not chosen.plain
    settings = AnalyzerSettings(landmarks=more, baseline=more, signals=more)
    cv2.setNumThreads(1)  # as the server does it: threads are for streams
    frames = clip(chosen.file)
    if len(frames) < 2:
        parser.error(f"{chosen.file} has fewer than two frames: give a video")
    rows = run(frames, settings, chosen.minutes, chosen.part)
    if chosen.as_json:
        what = {"name": chosen.file.name, "frames": len(frames), "width": frames[0].width, "height": frames[0].height}
        print(json.dumps({"clip": what, "all_stages": more, "rows": rows, "machine": machine()}))
        return
    print(f"{chosen.file.name}: {len(frames)} frames of {frames[0].width}×{frames[0].height}, repeated")
    print(" ".join(f"{name:>13}" for name in rows[0]))
    for row in rows:
        print(" ".join(f"{value if value is not None else '-':>13}" for value in row.values()))


if __name__ == "__main__":
    main()
