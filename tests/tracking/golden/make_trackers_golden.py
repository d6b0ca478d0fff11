"""Make `trackers.json`: synthetic faces, and the identities that Roboflow's `trackers` gives them.

The package pulls another OpenCV than ours, so run this in an environment of its own:

    python -m venv /tmp/oracle && /tmp/oracle/bin/pip install trackers==2.6.1
    /tmp/oracle/bin/python tests/tracking/golden/make_trackers_golden.py
"""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

FPS, SLOW_FPS = 15, 5
Place = tuple[float, float, float] | tuple[float, float, float, float] | None
"""Centre x, centre y, size and maybe the detector's score of a face; None where it is not detected."""


def still(x: float, y: float, size: float) -> Callable[[float], Place]:
    return lambda t: (x, y, size)


def moving(x: float, y: float, size: float, vx: float, vy: float = 0.0, grow: float = 0.0) -> Callable[[float], Place]:
    return lambda t: (x + vx * t, y + vy * t, size * float(np.exp(grow * t)))


def seen(path: Callable[[float], Place], *spans: tuple[float, float]) -> Callable[[float], Place]:
    """The path, detected within these spans of seconds only."""
    return lambda t: path(t) if any(a <= t < b for a, b in spans) else None


def weak(path: Callable[[float], Any], start: float, end: float) -> Callable[[float], Place]:
    """The path with a weak score between ``start`` and ``end``."""
    return lambda t: (*path(t)[:3], 0.35 if start <= t < end else 0.9)


SEQUENCES: dict[str, tuple[float, list[Callable[[float], Place]]]] = {
    "a row of six that keep still": (2.0, [still(100 + 90 * i, 200, 60) for i in range(6)]),
    "two pass each other on two lanes": (3.0, [moving(100, 180, 80, 150), moving(620, 235, 70, -150)]),
    "a near and a far face cross": (3.0, [moving(100, 200, 150, 120), moving(460, 190, 60, -120)]),
    "a group walks by": (3.0, [moving(80 + 110 * i, 150 + 15 * (i % 2), 64 + 4 * i, 60, 8) for i in range(4)]),
    "one comes nearer": (3.0, [moving(300, 200, 50, 10, 0, 0.35), still(560, 210, 70)]),
    "missed now and then": (
        3.0,
        [
            seen(moving(100, 150, 70, 60), (0, 1.0), (1.15, 2.0), (2.2, 9)),
            seen(moving(500, 300, 70, -40), (0, 0.8), (0.95, 9)),
        ],
    ),
    "hidden for half a second in place": (3.0, [seen(still(200, 200, 80), (0, 1.2), (1.7, 9)), still(420, 210, 80)]),
    "one leaves, another comes elsewhere": (
        4.0,
        [seen(still(150, 200, 80), (0, 1.0)), seen(still(500, 220, 80), (2.4, 9)), still(320, 210, 70)],
    ),
    "weak for a while": (3.0, [weak(moving(120, 200, 80, 40), 1.0, 1.6), still(500, 200, 70)]),
    "so fast that boxes do not overlap": (3.0, [moving(60, 200, 60, 250), still(400, 420, 70)]),
    "gone for two seconds": (4.5, [seen(still(200, 200, 80), (0, 1.2), (3.3, 9)), still(420, 210, 80)]),
}


def film(seconds: float, fps: int, paths: list[Callable[[float], Place]], seed: int) -> list[list[list[float]]]:
    """Return for every frame the detections, x1 y1 x2 y2 score, with a little noise and in changing order."""
    rng = np.random.default_rng(seed)
    frames = []
    for index in range(int(seconds * fps)):
        rows = []
        for who in rng.permutation(len(paths)):
            place = paths[who](index / fps)
            if place is None:
                continue
            x, y, size = np.array(place[:3]) + rng.normal(0, 0.012, 3) * place[2]
            score = place[3] if len(place) == 4 else 0.9
            rows.append(
                [round(float(v), 1) for v in (x - size / 2, y - size / 2, x + size / 2, y + size / 2)] + [score]
            )
        frames.append(rows)
    return frames


def identities(tracker: Any, frames: list[list[list[float]]]) -> list[list[int]]:
    """Return for every detection its identity, -1 for none (yet), in the order given."""
    import supervision  # type: ignore[import-not-found, unused-ignore]

    answers = []
    for rows in frames:
        table = np.array(rows, np.float32).reshape(-1, 5)
        detections = supervision.Detections(
            xyxy=table[:, :4], confidence=table[:, 4], class_id=np.zeros(len(table), int)
        )
        found = tracker.update(detections)
        # The order of what comes back is not promised: boxes tell which is which.
        known = {
            tuple(box.tolist()): int(i) for box, i in zip(found.xyxy, found.tracker_id, strict=True) if i is not None
        }
        answers.append([known.get(tuple(box.tolist()), -1) for box in table[:, :4]])
    return answers


def main() -> None:
    import trackers  # type: ignore[import-not-found, unused-ignore]

    sequences = {}
    for seed, (name, (seconds, paths)) in enumerate(SEQUENCES.items()):
        fps = SLOW_FPS if "fast" in name else FPS
        frames = film(seconds, fps, paths, seed)
        sort = trackers.SORTTracker(frame_rate=fps, minimum_consecutive_frames=1, minimum_iou_threshold=0.2)
        byte = trackers.ByteTrackTracker(
            frame_rate=fps,
            minimum_consecutive_frames=1,
            minimum_iou_threshold=0.2,
            track_activation_threshold=0.6,
            high_conf_det_threshold=0.6,
        )
        sequences[name] = {
            "fps": fps,
            "frames": frames,
            "sort": identities(sort, frames),
            "bytetrack": identities(byte, frames),
        }
    value = {"made_with": f"trackers {version('trackers')}", "sequences": sequences}
    path = Path(__file__).parent / "trackers.json"
    path.write_text(json.dumps(value, separators=(",", ":")).replace('],"', '],\n"').replace('},"', '},\n"') + "\n")
    print(f"{path.name}: {len(sequences)} sequences, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
