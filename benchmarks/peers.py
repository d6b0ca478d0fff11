"""Mien beside what one would install instead: speed, memory, size and time to the first result, in one run.

    python benchmarks/peers.py CLIP [--crowd CLIP] [--yunet FILE] [--mini-xception RUN] [--out FOLDER]

Every system runs in a process and an environment of its own, which is made from the package registry once and kept in
--cache; fer's takes 8 GB. All get the same decoded frames, one core and one thread, and take turns, so that a machine
that slows down slows all of them. What is compared:

- Mien as it comes (looks for faces at most every 0.05 s and follows them between), and looking for them on every frame
  (`--detect-interval 0`; what that changes in the results, `benchmarks/detect_interval.py` measures);
- `fer` as it comes (OpenCV's cascade, TensorFlow Lite), with its older Keras network, and with MTCNN, all with the
  weights inside its packages;
- mini-XCEPTION in ONNX Runtime on faces of OpenCV's cascade and, with --yunet, of YuNet at 320 pixels. Its weights are
  those of a run of `mien train emotion --arch mini-xception`, or else random, which are as fast;
- MediaPipe's face detection, which reads no expressions.

Packages that fetch their weights from elsewhere when they first run are not compared: they do not work offline.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from mien.cli.bench import machine
from mien.sources.video import open_video

ROOT = Path(__file__).parents[1]
WORKER = Path(__file__).with_name("peer_worker.py")
CONSTRAINTS = ["--constraint", str(ROOT / "constraints.txt")]
INSTALLS: dict[str, list[str]] = {
    "mien": CONSTRAINTS,  # and the wheel
    # Its requirements forget setuptools, whose pkg_resources it imports.
    "fer": ["fer==25.10.3", "tensorflow==2.21.0", "setuptools<81"],
    "parts": ["onnxruntime", "opencv-python-headless", *CONSTRAINTS],
    "mediapipe": ["mediapipe==0.10.21"],
}
ONE_THREAD = {
    **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    **dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1"),
    "CUDA_VISIBLE_DEVICES": "",
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
LARGEST = 500_000_000
"""Bytes of decoded frames at most."""


@dataclass(frozen=True)
class Peer:
    """A system and how it is set up.

    Attributes:
        name: in tables.
        system: of `INSTALLS` and of the worker.
        options: for the worker.
        cold: whether its time to the first result is measured; the same packages need it once only.
    """

    name: str
    system: str
    options: dict[str, Any] = field(default_factory=dict)
    cold: bool = True


EVERY = "Mien, --detect-interval 0"


def peers(yunet: Path | None, network: Path) -> list[Peer]:
    parts = {"network": str(network)}
    found = [
        Peer("Mien", "mien"),
        Peer(EVERY, "mien", {"tracking": {"detect_interval": 0}}, cold=False),
        Peer("fer", "fer"),
        Peer("fer, Keras", "fer", {"use_tflite": False}),
        Peer("fer, MTCNN", "fer", {"mtcnn": True}),
        Peer("cascade + mini-XCEPTION", "parts", {**parts, "detector": "haar"}),
    ]
    if yunet is not None:
        found.append(Peer("YuNet + mini-XCEPTION", "parts", {**parts, "detector": str(yunet.resolve())}))
    return [*found, Peer("MediaPipe, faces alone", "mediapipe")]


def everything() -> Peer:
    """Return Mien with all its networks at work."""
    from mien.core.settings import ATTRIBUTES
    from mien.models import zoo

    attributes = ATTRIBUTES if any(spec.kind == "attributes" for spec in zoo.catalogue().values()) else ()
    name = "Mien, landmarks, pose" + "".join(f", {attribute}" for attribute in attributes)
    return Peer(name, "mien", {"landmarks": True, "attributes": list(attributes)})


def run(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(
            f"{' '.join(str(part) for part in command)} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        )


def environment(system: str, cache: Path) -> Path:
    """Return the folder of a system's environment, made when it is not there as it should be."""
    folder, packages, made_of = cache / system, list(INSTALLS[system]), ""
    if system == "mien":
        wheel = build_wheel(cache)
        packages, made_of = [str(wheel), *packages], hashlib.sha256(wheel.read_bytes()).hexdigest()
    stamp, wanted = folder / "installed.json", [*packages, made_of]
    if stamp.is_file() and json.loads(stamp.read_text()) == wanted:
        return folder
    print(f"installing {system} …", file=sys.stderr)
    run(sys.executable, "-m", "venv", "--clear", folder)
    run(folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
    stamp.write_text(json.dumps(wanted))
    return folder


def build_wheel(cache: Path) -> Path:
    """Build this checkout's wheel and return it."""
    out = cache / "dist"
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("*.whl"):
        old.unlink()
    with contextlib.chdir(ROOT):
        run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out)
    (wheel,) = out.glob("*.whl")
    return wheel


def installed_mb(folder: Path) -> float:
    """Return the size of an environment's packages without pip."""
    (packages,) = folder.glob("lib/python*/site-packages")
    files = (path for path in packages.rglob("*") if path.is_file())
    return sum(p.stat().st_size for p in files if not p.relative_to(packages).parts[0].startswith("pip")) / 1e6


def mini_xception(folder: Path | None, cache: Path) -> Path:
    """Write the network of a run as ONNX (64×64 grey, 0–1) and return the file; with random weights without a run."""
    import torch

    from mien.training.emotion.train import normalise
    from mien.training.emotion.yardsticks import Yardstick

    torch.manual_seed(0)
    net = Yardstick("mini-xception").eval()
    if folder is not None:
        net.load_state_dict(torch.load(folder / "model.pt", weights_only=True, map_location="cpu")["state"])

    class Network(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            seven: torch.Tensor = net.net(normalise(x))
            return seven

    path = cache / "mini-xception.onnx"
    example = torch.zeros(1, 1, 64, 64)
    torch.onnx.export(Network().eval(), (example,), str(path), dynamo=True, external_data=False, verbose=False)
    return path


def decode(clip: Path, cache: Path) -> Path:
    """Write a clip's frames as raw BGR with a description beside it; return the file."""
    path = cache / f"{clip.stem}.raw"
    with open_video(clip) as video, path.open("wb") as file:
        count, last, shape = 0, 0.0, (0, 0, 3)
        for frame in video:
            file.write(np.ascontiguousarray(frame.image).tobytes())
            count, last, shape = count + 1, frame.timestamp, frame.image.shape
            if file.tell() + frame.image.nbytes > LARGEST:
                break
    fps = (count - 1) / last if last else 25.0
    path.with_suffix(".json").write_text(
        json.dumps({"count": count, "height": shape[0], "width": shape[1], "fps": round(fps, 3)})
    )
    return path


class Worker:
    """A system at work in a process of its own.

    Args:
        peer: what runs.
        cache: where its environment is.
        way: ``cold`` or ``clip``.
        path: of the picture or the frames.
        core: on which it runs.
    """

    def __init__(self, peer: Peer, cache: Path, way: str, path: Path, core: int) -> None:
        self.peer, self.log = peer, cache / f"{peer.system}.log"
        python = cache / peer.system / "bin" / "python"
        command = [str(python), str(WORKER), peer.system, way, str(path), json.dumps(peer.options)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **ONE_THREAD},
                preexec_fn=lambda: os.sched_setaffinity(0, {core}),
            )

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{self.peer.name} ended: {self.log.read_text(errors='replace')[-3000:]}")
        found: dict[str, Any] = json.loads(line)
        return found

    def ask(self, count: int) -> dict[str, Any]:
        assert self.process.stdin is not None
        print(json.dumps({"count": count}), file=self.process.stdin, flush=True)
        return self.answer()

    def close(self) -> None:
        self.process.communicate()


@contextlib.contextmanager
def working(chosen: list[Peer], cache: Path, frames: Path, core: int) -> Iterator[list[Worker]]:
    workers: list[Worker] = []
    try:
        for peer in chosen:
            print(f"starting {peer.name} …", file=sys.stderr)
            workers.append(Worker(peer, cache, "clip", frames, core))
            workers[-1].answer()  # one after another, so that nobody waits for the core
        yield workers
    finally:
        for worker in workers:
            worker.close()


def speeds(chosen: list[Peer], cache: Path, frames: Path, core: int, rounds: int, count: int) -> dict[str, Any]:
    """Let the systems take turns at `count` frames each; return a row for each."""
    answers: dict[str, list[dict[str, Any]]] = {peer.name: [] for peer in chosen}
    with working(chosen, cache, frames, core) as workers:
        for turn in range(rounds):
            print(f"round {turn + 1} of {rounds} …", file=sys.stderr)
            for worker in workers:
                answers[worker.peer.name].append(worker.ask(count))
    rows = {}
    for name, found in answers.items():
        fps = [1000 * count / sum(answer["ms"]) for answer in found]
        every = sorted(ms for answer in found for ms in answer["ms"])
        seen = [len(frame["faces"]) for answer in found for frame in answer["frames"]]
        rows[name] = {
            "fps": round(statistics.median(fps), 1),
            "fps_range": [round(min(fps), 1), round(max(fps), 1)],
            "median_ms": round(statistics.median(every), 2),
            "p95_ms": round(every[int(0.95 * (len(every) - 1))], 2),
            "faces_per_frame": round(statistics.mean(seen), 2),
            "frames_without_a_face": round(sum(1 for one in seen if not one) / len(seen), 3),
            "rss_mb": round(found[-1]["rss_mb"]),
        }
    return rows


def first_results(chosen: list[Peer], cache: Path, picture: Path, core: int, rounds: int) -> dict[str, Any]:
    """Return how long each takes from the start of its process to its first picture's result; files are in memory."""
    taken: dict[str, list[float]] = {peer.name: [] for peer in chosen}
    for turn in range(rounds + 1):
        for peer in chosen:
            began = time.perf_counter()
            worker = Worker(peer, cache, "cold", picture, core)
            worker.answer()
            seconds = time.perf_counter() - began
            worker.close()
            if turn:  # the first one reads files from the disk
                taken[peer.name].append(seconds)
    return {name: round(statistics.median(seconds), 2) for name, seconds in taken.items()}


def named(arguments: list[str]) -> Iterator[str]:
    """Yield the command line as it is written down: files by their names, without what says where to work."""
    waiting = iter(arguments)
    for argument in waiting:
        if argument in ("--cache", "--out", "--core"):
            next(waiting)
        else:
            yield Path(argument).name


def targets(report: dict[str, Any]) -> list[tuple[str, str, str, bool | None]]:
    """Return what was aimed at: what, aim, found, met (None: not measured)."""
    rows = report["clip"]["rows"]

    def ratio(name: str, aim: float, ours: str = "Mien") -> tuple[str, str, str, bool | None]:
        title = f"speed over {name}" + ("" if ours == "Mien" else f", {ours.removeprefix('Mien, ')}")
        if name not in rows or ours not in rows:
            return title, f"≥ {aim:g} ×", "not measured", None
        found = rows[ours]["fps"] / rows[name]["fps"]
        return title, f"≥ {aim:g} ×", f"{found:.1f} ×", found >= aim

    crowd = report.get("crowd")
    fps = None if crowd is None else next(iter(crowd["rows"].values()))["fps"]
    first, size = report["first_result_s"]["Mien"], report["installed_mb"]["mien"]
    return [
        ratio("fer", 20),
        ratio("fer", 20, EVERY),
        ratio("YuNet + mini-XCEPTION", 3),
        (
            "crowd, all networks",
            "≥ 25 frames/s",
            "not measured" if fps is None else f"{fps:g} frames/s",
            fps and fps >= 25,
        ),
        ("first result", "< 1.5 s", f"{first:g} s", first < 1.5),
        ("installed", "< 350 MB", f"{size:.0f} MB", size < 350),
    ]


def markdown(report: dict[str, Any]) -> str:
    """Return the report as tables."""
    clip, cpu = report["clip"], report["machine"]
    lines = [
        f"# Mien beside its peers, {report['date']}",
        "",
        f"`{report['command']}` at {cpu['commit']}: {clip['name']}, {clip['width']}×{clip['height']}, one thread on "
        f"one core of {cpu['name']} ({', '.join(cpu['features'])}), load {cpu['load']}, Python {report['python']}. "
        f"{report['rounds']} rounds of {report['slice']} frames in turn; medians. mini-XCEPTION's weights: "
        f"{report['mini_xception']}.",
        "",
        "| | frames/s | ms per frame, median / p95 | faces per frame | memory MB | first result s | installed MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in clip["rows"].items():
        first = report["first_result_s"].get(name, "")
        size = report["installed_mb"][report["systems"][name]]
        lines.append(
            f"| {name} | {row['fps']:g} | {row['median_ms']:g} / {row['p95_ms']:g} | {row['faces_per_frame']:g} | "
            f"{row['rss_mb']} | {first} | {size:.0f} |"
        )
    if "crowd" in report:
        crowd = report["crowd"]
        for name, row in crowd["rows"].items():
            lines += [
                "",
                f"{crowd['name']}, {crowd['width']}×{crowd['height']}: {name}: {row['fps']:g} frames/s with "
                f"{row['faces_per_frame']:g} faces per frame, {row['rss_mb']} MB.",
            ]
    lines += ["", "| aim | | found | |", "|---|---|---|---|"]
    words = {True: "met", False: "**missed**", None: ""}
    lines += [f"| {what} | {aim} | {found} | {words[met]} |" for what, aim, found, met in targets(report)]
    return "\n".join(lines) + "\n"


def plot(report: dict[str, Any], path: Path) -> None:
    """Draw speed, memory, time to the first result and size, one bar per system."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "mien"  # the same numbers give the same file
    from matplotlib import pyplot

    rows, names = report["clip"]["rows"], list(report["clip"]["rows"])
    panels = [
        ("frames/s", [rows[name]["fps"] for name in names]),
        ("memory, MB", [rows[name]["rss_mb"] for name in names]),
        ("first result, s", [report["first_result_s"].get(name, 0) for name in names]),
        ("installed, MB", [report["installed_mb"][report["systems"][name]] for name in names]),
    ]
    figure, axes = pyplot.subplots(1, len(panels), figsize=(13, 0.45 * len(names) + 1.2), sharey=True)
    colours = ["#0f766e" if name.startswith("Mien") else "#94a3b8" for name in names]
    for axis, (title, values) in zip(axes, panels, strict=True):
        bars = axis.barh(names, values, color=colours)
        axis.bar_label(bars, [f"{value:g}" if value else "" for value in values], padding=3, fontsize=8)
        axis.set_title(title, fontsize=10)
        axis.set_xlim(0, 1.25 * max(values))
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(labelsize=8)
    axes[0].invert_yaxis()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("clip", type=Path, help="with one face, 640×360")
    parser.add_argument("--crowd", type=Path, help="clip on which Mien runs with all its networks")
    parser.add_argument("--yunet", type=Path, help="YuNet's ONNX file, from OpenCV's model zoo")
    parser.add_argument("--mini-xception", type=Path, help="folder of a finished run of --arch mini-xception")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "mien-peers", help="for environments")
    parser.add_argument("--only", action="append", choices=list(INSTALLS), help="systems; mien is always in")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--slice", type=int, default=48, help="frames per round")
    parser.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)), help="on which they run")
    parser.add_argument("--out", type=Path, default=ROOT / "benchmarks" / "results", help="folder for tables and plot")
    return parser.parse_args()


def main() -> None:
    chosen = arguments()
    cache: Path = chosen.cache.resolve()
    cache.mkdir(parents=True, exist_ok=True)
    needed = {"mien", *(chosen.only or INSTALLS)}
    network = mini_xception(chosen.mini_xception, cache) if "parts" in needed else cache
    systems = [peer for peer in peers(chosen.yunet, network) if peer.system in needed]
    sizes = {name: round(installed_mb(environment(name, cache)), 1) for name in INSTALLS if name in needed}
    frames = decode(chosen.clip, cache)
    shape = json.loads(frames.with_suffix(".json").read_text())
    picture = cache / "first.png"
    with open_video(chosen.clip) as video:
        cv2.imwrite(str(picture), next(iter(video)).image)
    report: dict[str, Any] = {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "command": "python benchmarks/peers.py " + " ".join(named(sys.argv[1:])),
        "machine": machine(),
        "python": platform.python_version(),
        "rounds": chosen.rounds,
        "slice": chosen.slice,
        "mini_xception": "trained" if chosen.mini_xception else "random",
        "installed_mb": sizes,
        "systems": {peer.name: peer.system for peer in systems},
        "installs": {name: [part for part in INSTALLS[name] if part not in CONSTRAINTS] for name in sizes},
    }
    rows = speeds(systems, cache, frames, chosen.core, chosen.rounds, chosen.slice)
    report["clip"] = {"name": chosen.clip.name, **shape, "rows": rows}
    if chosen.crowd is not None:
        crowd = decode(chosen.crowd, cache)
        rows = speeds([everything()], cache, crowd, chosen.core, chosen.rounds, chosen.slice)
        report["crowd"] = {
            "name": chosen.crowd.name,
            **json.loads(crowd.with_suffix(".json").read_text()),
            "rows": rows,
        }
    cold = [peer for peer in systems if peer.cold]
    report["first_result_s"] = first_results(cold, cache, picture, chosen.core, chosen.rounds)
    text = markdown(report)
    stem = chosen.out / f"peers-{report['date']}"
    stem.with_suffix(".json").write_text(json.dumps(report, indent=2) + "\n")
    stem.with_suffix(".md").write_text(text)
    plot(report, stem.with_suffix(".svg"))
    print(text)


if __name__ == "__main__":
    main()
