"""What a worker does, wherever it runs: one file after the other, each to outputs that appear whole or not at all."""

from __future__ import annotations

import os
import shutil
import socket
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2

from mien import __version__
from mien.batch import one
from mien.batch.ledger import FINISHED, Entry, digest
from mien.batch.one import Analyst
from mien.batch.plan import OWN, Outputs, Plan
from mien.core.errors import InputError, MienError
from mien.core.settings import AnalyzerSettings
from mien.core.types import FrameResult
from mien.outputs import files
from mien.pipeline import Analyzer
from mien.sources.inputs import Input

PARTS = Path(OWN, "parts")
"""Folder within the output folder where outputs lie while they are written, each attempt's in a folder of its own: what
a worker that was taken for dead still writes disturbs nobody."""


@dataclass(frozen=True, slots=True)
class Task:
    """One file to do.

    Attributes:
        index: among all files of the job.
        item: the file.
        outputs: where its outputs go within the output folder.
        blank: its entry in the ledger as far as it is known before the work.
        size: bytes of the file.
        former: its entry of an earlier run; None when it shall be done in any case.
        part: folder within `PARTS` for this attempt.
    """

    index: int
    item: Input
    outputs: Outputs
    blank: Entry
    size: int = 0
    former: Entry | None = None
    part: str = ""


@dataclass(frozen=True, slots=True)
class Hello:
    """What a worker says when it is ready.

    Attributes:
        pid: its process.
        host: its computer.
        version: of Mien there.
        node: of the cluster.
        error: why it cannot work.
    """

    pid: int
    host: str
    version: str = __version__
    node: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task.

    Attributes:
        index: of the task.
        entry: for the ledger.
        skipped: it was done in an earlier run.
        crashed: the worker stumbled in a way that is no error of the input that Mien knows of.
        fatal: something is wrong that is no single file's fault, such as a full disk.
    """

    index: int
    entry: Entry
    skipped: bool = False
    crashed: str = ""
    fatal: str = ""


class Worker:
    """Does tasks. Loads the models once.

    Args:
        plan: what is wanted; with an output folder.
        settings: of the analysis.
        make: makes the analyser.

    Raises:
        MienError: the models cannot be loaded.
    """

    def __init__(
        self, plan: Plan, settings: AnalyzerSettings, make: Callable[[AnalyzerSettings], Analyst] = Analyzer
    ) -> None:
        assert plan.out is not None
        # The files keep the cores busy: threads within a file would only fight those of the others.
        cv2.setNumThreads(1)
        self._plan, self._out = plan, plan.out
        self._analyst = make(settings)

    def run(self, task: Task, check: Callable[[], None]) -> Outcome:
        """Do a task; nothing that a file does raises.

        Args:
            task: the task.
            check: called between frames; what it raises is let through.
        """
        entry = task.blank
        try:
            entry = replace(entry, content=digest(task.item.path))
            if (former := self._finished(task, entry)) is not None:
                return Outcome(task.index, former, skipped=True)
            return Outcome(task.index, self._analyze(task, entry, check))
        except InputError as error:
            return Outcome(task.index, replace(entry, state="failed", error=str(error)))
        except MienError as error:
            return Outcome(task.index, entry, fatal=str(error))
        except Gone:
            raise
        except Exception as error:  # noqa: BLE001  a file that the code was not ready for must not end thousands of others
            return Outcome(task.index, entry, crashed=_place(error))

    def _finished(self, task: Task, entry: Entry) -> Entry | None:
        """Return the entry of an earlier run if it still holds: the same bytes, settings and outputs."""
        former = task.former
        if former is None or (former.content, former.settings) != (entry.content, entry.settings):
            return None
        if former.state == "quarantined":
            return former
        wanted = {path.as_posix() for path in task.outputs.files}
        if former.state not in FINISHED or former.source != entry.source or not wanted <= set(former.outputs):
            return None
        whole = all((self._out / name).is_file() for name in wanted)
        return former if whole and all(digest(self._out / name) == former.outputs[name] for name in wanted) else None

    def _analyze(self, task: Task, entry: Entry, check: Callable[[], None]) -> Entry:
        started = time.monotonic()
        folder = self._out / PARTS / task.part
        made = task.outputs.under(folder)
        with files.writing(self._out):
            for path in made.files:
                path.parent.mkdir(parents=True, exist_ok=True)
        count = _Count(check)
        try:
            warnings = one.analyze(task.item, made, self._plan, self._analyst, count, threads=1)
            check()
            outputs = {path.as_posix(): digest(folder / path) for path in task.outputs.files}
            for path in task.outputs.files:
                with files.writing(self._out / path):
                    (self._out / path).parent.mkdir(parents=True, exist_ok=True)
                    (folder / path).replace(self._out / path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return replace(
            entry,
            state="damaged" if warnings else "done",
            outputs=outputs,
            frames=count.frames,
            faces=count.faces,
            seconds=round(time.monotonic() - started, 3),
            warnings=warnings,
        )


class Gone(Exception):
    """Whoever gave the task is not there any more."""


def hello(node: str = "", error: str = "") -> Hello:
    """Return what this process says when it is ready, or cannot be."""
    return Hello(os.getpid(), socket.gethostname(), node=node, error=error)


class _Count:
    """Counts frames and faces."""

    def __init__(self, check: Callable[[], None]) -> None:
        self.frames = self.faces = 0
        self.check = check

    def begin(self, frames: int | None) -> None:
        """Nobody looks on."""

    def seen(self, result: FrameResult) -> None:
        self.frames += 1
        self.faces += len(result.faces)


def _place(error: Exception) -> str:
    """Return an error that nobody expected, with the place in the code where it arose."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return f"{what} ({Path(last.filename).name}, line {last.lineno})"
