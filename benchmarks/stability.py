"""How often the shown emotion changes on a clip, against the best class of each frame alone.

Usage: python benchmarks/stability.py FILE [--every N] [--json]

The aim is a third at most: a label that a person can read. `tests/tracking/test_filters.py` holds the other side of the
bargain, that a true change is shown within 300 ms at 5 to 60 frames/s. True changes count on both sides: the fewer
frames are looked at, the fewer flicker, and the larger a share the true ones are. Then compare the number shown with
what can be seen on the clip; a filter that shows fewer than those hides something.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from mien.cli.bench import machine
from mien.core.types import FrameResult
from mien.evaluation import stability
from mien.pipeline import Analyzer
from mien.sources.video import open_video


def results(path: Path, every: int) -> Iterator[FrameResult]:
    stream = Analyzer().stream()
    with open_video(path) as video:
        for frame in video:
            if frame.index % every == 0:
                yield stream.analyze(frame)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, metavar="FILE", help="video")
    parser.add_argument("--every", type=int, default=1, help="analyse every so many frames")
    parser.add_argument("--json", action="store_true", dest="as_json", help="JSON on stdout")
    chosen = parser.parse_args()
    measured = stability.measure(results(chosen.file, chosen.every))
    ratio = None if measured.ratio is None else round(measured.ratio, 4)
    if chosen.as_json:
        clip = {"name": chosen.file.name, "every": chosen.every}
        print(json.dumps({"clip": clip, **asdict(measured), "ratio": ratio, "machine": machine()}))
        return
    print(f"{chosen.file.name}: {measured.frames} frames, {measured.seconds:.1f} s, {measured.tracks} identities")
    print(f"label changes: {measured.raw_changes} by frame, {measured.shown_changes} shown", end="")
    print("" if ratio is None else f" ({ratio:.0%}, at most 33% wanted)")


if __name__ == "__main__":
    main()
