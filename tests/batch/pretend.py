"""What the tests of batches share: files, an analyser that brings workers down, and whoever kills one at work."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from skimage import data

from mien.batch.plan import Plan
from mien.batch.worker import PARTS, Worker
from mien.core.settings import AnalyzerSettings
from mien.core.types import Faces, Frame, FrameResult
from mien.outputs.video import VideoWriter

PORTRAIT = np.ascontiguousarray(np.asarray(data.astronaut(), np.uint8)[:256, 100:356, ::-1])


def picture(path: Path, size: int = 64) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), cv2.resize(PORTRAIT, (size, size)))
    return path


def video(path: Path, count: int = 5, size: int = 64) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = cv2.resize(PORTRAIT, (size, size)).astype(np.uint8)
    with VideoWriter(path, size, size, 10) as writer:
        for k in range(count):
            writer.write(np.roll(image, k, axis=1), k / 10)
    return path


class Pretend:
    """Sees one face everywhere. Kills its process on files called ``poison``, and once on each called ``unlucky``;
    raises an error that nobody expects on those called ``odd``."""

    def __init__(self, settings: AnalyzerSettings) -> None:
        self.settings = settings

    def analyze(self, image: Frame) -> FrameResult:
        path = Path(image.source)
        if path.stem == "poison" and image.index == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        if path.stem == "unlucky" and image.index == 2 and not path.with_suffix(".met").exists():
            path.with_suffix(".met").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if path.stem == "odd":
            raise ValueError("a shape\nthat nobody expected")
        faces = Faces.from_boxes([[8, 8, 40, 40]])
        return FrameResult(image.index, image.timestamp, image.width, image.height, faces, image.source)

    def stream(self) -> Pretend:
        return self


def open_worker(plan: Plan) -> Worker:
    """Return a worker that pretends; a function of a module, so that other processes find it."""
    return Worker(plan, AnalyzerSettings(), Pretend)


def kill_at_work(out: Path, task: int, attempt: int, going: Callable[[], bool]) -> int:
    """Kill the worker that does an attempt of a task as soon as it has written some lines; return its process id."""
    while going():
        for folder in (out / PARTS).glob(f"{task}.{attempt}-*"):
            if any(path.stat().st_size > 500 for path in folder.glob("*.part")):
                pid = int(folder.name.rpartition("-")[2])
                os.kill(pid, signal.SIGKILL)
                return pid
        time.sleep(0.005)
    raise AssertionError(f"attempt {attempt} of task {task} was never seen at work")
