"""What a longer time between two detections costs and gains: speed, place of the boxes, faces missed, labels.

    python benchmarks/detect_interval.py CLIP…

The yardstick is the same clip with detection on every frame. Intervals take turns, so that a machine that slows down
slows all of them.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien.cli.bench import machine
from mien.core.geometry import iou
from mien.core.settings import AnalyzerSettings, TrackingSettings
from mien.core.types import Faces, Frame
from mien.pipeline import Analyzer
from mien.sources.video import open_video

INTERVALS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8)
SAME_FACE = 0.4
"""IoU from which on two boxes show the same face, as in the detector's own evaluation."""


@dataclass
class Row:
    """What one interval gave, frame by frame."""

    seconds: list[float] = field(default_factory=list)
    overlaps: list[float] = field(default_factory=list)
    wanted: int = 0
    missed: int = 0
    extra: int = 0
    same_label: list[bool] = field(default_factory=list)

    def compare(self, found: Faces, wanted: Faces) -> None:
        """Match the faces of a frame with those of the yardstick, best overlap first."""
        overlap = iou(found.boxes, wanted.boxes)
        self.wanted += len(wanted)
        pairs = 0
        while overlap.size and overlap.max() >= SAME_FACE:
            a, b = np.unravel_index(int(overlap.argmax()), overlap.shape)
            self.overlaps.append(float(overlap[a, b]))
            assert found.label is not None
            assert wanted.label is not None
            self.same_label.append(bool(found.label[a] == wanted.label[b]))
            overlap[a, :] = overlap[:, b] = 0
            pairs += 1
        self.missed += len(wanted) - pairs
        self.extra += len(found) - pairs

    def report(self) -> dict[str, Any]:
        """Return medians and shares."""
        return {
            "median_ms": round(statistics.median(self.seconds) * 1000, 3),
            "fps": round(len(self.seconds) / sum(self.seconds), 1),
            "mean_iou": round(float(np.mean(self.overlaps)), 4) if self.overlaps else None,
            "missed": round(self.missed / max(self.wanted, 1), 4),
            "extra": round(self.extra / max(self.wanted, 1), 4),
            "same_label": round(float(np.mean(self.same_label)), 4) if self.same_label else None,
        }


def measure(frames: list[Frame]) -> dict[str, Any]:
    """Run all intervals over the frames, a frame each in turn."""
    streams = {
        interval: Analyzer(AnalyzerSettings(tracking=TrackingSettings(detect_interval=interval))).stream()
        for interval in INTERVALS
    }
    rows = {interval: Row() for interval in INTERVALS}
    for frame in frames:
        results = {}
        for interval, stream in streams.items():
            start = time.perf_counter()
            results[interval] = stream.analyze(frame).faces
            rows[interval].seconds.append(time.perf_counter() - start)
        for interval, faces in results.items():
            rows[interval].compare(faces, results[0.0])
    return {f"{interval:g}": row.report() for interval, row in rows.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, help="JSON file to write")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    report: dict[str, Any] = {"machine": machine(), "clips": {}}
    for path in chosen.clip:
        with open_video(path) as video:
            report["clips"][path.name] = rows = measure(list(video))
        print(f"\n{path.name}\ninterval s  frames/s  median ms  mean IoU  missed   extra    same label")
        for interval, row in rows.items():
            print(
                f"{interval:>10}{row['fps']:>10}{row['median_ms']:>11}{row['mean_iou'] or 0:>10.3f}"
                f"{row['missed']:>8.1%}{row['extra']:>8.1%}{row['same_label'] or 0:>12.1%}"
            )
    if chosen.out is not None:
        chosen.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
