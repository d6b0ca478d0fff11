"""What many workers bring: frames a second, per worker and in all; files a second that one job can hand out.

Usage: python benchmarks/bulk.py [--video CLIP] [--files 16] [--workers 1 2] [--ray] [--save] [--json]

The same command as anybody's, `mien analyze FOLDER -o DIR`, on copies of one clip (a slow zoom over the demo portrait
unless one is given): first in one process, then with so many workers, then on a Ray of this machine. ``fps`` is frames
over the time that the whole command took, with the start of its workers; ``worker_fps`` frames over the time that
workers spent on files; ``cpu_fps`` frames over the processor seconds of all processes (but Ray's, no children),
the one number that a busy machine does not spoil much. Then small pictures, for what handing out costs:
``files_per_second`` with the work, and on a second run, which finds everything finished, without. Linux only.

``--save`` writes ``benchmarks/results/bulk-DATE.json``.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import cv2

from mien.cli.bench import _portrait, machine
from mien.outputs.video import VideoWriter

RESULTS: Final = Path(__file__).parent / "results"
PICTURES: Final = 400


def analyze(*arguments: str | Path) -> tuple[float, float]:
    """Run the command; return the seconds that it took, and the processor seconds."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    command = [sys.executable, "-c", "from mien.cli.main import main; main()", "analyze", *map(str, arguments)]
    subprocess.run(command, check=True, capture_output=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - started, spent


def ledger(out: Path) -> list[dict[str, Any]]:
    lines = (out / "_mien" / "ledger.jsonl").read_text().splitlines()
    return [entry for entry in map(json.loads, lines) if "state" in entry]


def clips(folder: Path, clip: Path | None, count: int) -> int:
    """Lay ``count`` copies of a clip into ``folder``; return how many frames they have in all."""
    first = folder / ("0.mp4" if clip is None else f"0{clip.suffix}")
    if clip is None:
        frames = list(_portrait())
        with VideoWriter(first, frames[0].image.shape[1], frames[0].image.shape[0], 30) as writer:
            for frame in frames:
                writer.write(frame.image, frame.timestamp)
    else:
        shutil.copy(clip, first)
    for k in range(1, count):
        shutil.copy(first, folder / f"{k}{first.suffix}")
    with tempfile.TemporaryDirectory() as out:
        analyze(first, "-o", out)
        return count * len((Path(out) / "0.jsonl").read_text().splitlines())


def spread(folder: Path, frames: int, workers: int, *options: str) -> dict[str, Any]:
    """Analyse the clips with workers, 0 for none but the command's own process."""
    with tempfile.TemporaryDirectory() as name:
        out = Path(name)
        chosen = ["--workers", str(workers), *options] if workers else []
        seconds, spent = analyze(folder, "-o", out, *chosen)
        row: dict[str, Any] = {"engine": "one process", "workers": 1, "seconds": round(seconds, 1)}
        row["fps"] = round(frames / seconds, 1)
        if "ray" not in options:
            row["cpu_fps"] = round(frames / spent, 1)
        if workers:
            busy = sum(entry["seconds"] for entry in ledger(out))
            row |= {"engine": "ray" if "ray" in options else "local", "workers": workers}
            row["worker_fps"] = round(frames / busy, 1)
    return row


def pictures(folder: Path, workers: int) -> dict[str, Any]:
    """Analyse small pictures, and then once more, when all are finished."""
    image = cv2.resize(next(iter(_portrait())).image, (64, 64))
    for k in range(PICTURES):
        cv2.imwrite(str(folder / f"{k}.jpg"), image)
    with tempfile.TemporaryDirectory() as out:
        rates = []
        for _ in range(2):
            seconds, _ = analyze(folder, "-o", out, "--workers", str(workers))
            rates.append(round(PICTURES / seconds, 1))
    return {"workers": workers, "files_per_second": rates[0], "finished_files_per_second": rates[1]}


def measure(clip: Path | None, files: int, workers: list[int], ray: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as videos, tempfile.TemporaryDirectory() as small:
        frames = clips(Path(videos), clip, files)
        rows = [spread(Path(videos), frames, count) for count in (0, *workers)]
        if ray:
            rows += [spread(Path(videos), frames, count, "--engine", "ray") for count in workers]
        handed = pictures(Path(small), max(workers))
    return {"machine": machine(), "files": files, "frames": frames, "videos": rows, "pictures": handed}


def table(report: dict[str, Any]) -> str:
    lines = [f"{report['files']} files, {report['frames']} frames", "engine       workers      s    fps  worker  cpu"]
    for row in report["videos"]:
        lines.append(
            f"{row['engine']:<12} {row['workers']:>7} {row['seconds']:>6} {row['fps']:>6} "
            f"{row.get('worker_fps', '–'):>7} {row.get('cpu_fps', '–'):>6}"
        )
    handed = report["pictures"]
    lines.append(f"small pictures, {handed['workers']} workers: {handed['files_per_second']} files/s")
    lines.append(f"… all finished: {handed['finished_files_per_second']} files/s")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--video", type=Path, help="clip that is copied")
    parser.add_argument("--files", type=int, default=16, help="copies")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--ray", action="store_true", help="also on a Ray of this machine")
    parser.add_argument("--save", action="store_true", help="write the result into benchmarks/results")
    parser.add_argument("--json", action="store_true", help="JSON on stdout")
    options = parser.parse_args()
    report = measure(options.video, options.files, options.workers, options.ray)
    if options.save:
        day = datetime.datetime.now(datetime.UTC).date().isoformat()
        path = RESULTS / f"bulk-{day}.json"
        path.write_text(json.dumps(report, indent=2) + "\n")
        print(f"written to {path}", file=sys.stderr)
    print(json.dumps(report) if options.json else table(report))


if __name__ == "__main__":
    main()
