"""What a person sees of a job of many workers: how far it is, the time left, what went wrong; all on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from mien.batch.ledger import FINISHED
from mien.batch.worker import Outcome, Task
from mien.cli.console import bars_on, counted, say

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


@dataclass(slots=True)
class Counts:
    """How many files came to what.

    Attributes:
        analysed: in this run.
        earlier: finished in an earlier run.
        failed: could not be read.
        quarantined: bring workers down.
        damaged: could be read in part, in this run or an earlier one.
        frames: analysed in this run.
    """

    analysed: int = 0
    earlier: int = 0
    failed: int = 0
    quarantined: int = 0
    damaged: int = 0
    frames: int = 0

    @property
    def settled(self) -> int:
        """Files of which the outcome is known."""
        return self.analysed + self.earlier + self.failed + self.quarantined

    @property
    def bad(self) -> int:
        """Files that could not be used, or only in part."""
        return self.failed + self.quarantined + self.damaged

    def add(self, outcome: Outcome) -> None:
        """Count a file."""
        state = outcome.entry.state
        self.damaged += state == "damaged"
        self.failed += state == "failed"
        self.quarantined += state == "quarantined"
        if state in FINISHED:
            self.earlier += outcome.skipped
            self.analysed += not outcome.skipped
            self.frames += 0 if outcome.skipped else outcome.entry.frames


class Progress(AbstractContextManager["Progress"]):
    """Tells how far a job is: by a bar on a terminal, by a line per finished file elsewhere.

    The time left goes by the bytes of the files, since a long video takes what a thousand pictures take.

    Args:
        bars: whether a bar may be drawn; lines of data on the same terminal would tear it.
        stream: where to write, by default stderr.

    Attributes:
        counts: of the files so far.
    """

    def __init__(self, bars: bool = True, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._bars: Bars | None = bars_on(self._stream, numbers=False) if bars and self._stream.isatty() else None
        self._bar: TaskID | None = None
        self._files = self._total = self._analysed = self._left = 0
        self._errors: list[str] = []
        self._started = time.monotonic()
        self.counts = Counts()

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def note(self, text: str) -> None:
        """Say something."""
        say(text, self._stream, self._bars)

    def problem(self, text: str) -> None:
        """Say what went wrong."""
        self.note(f"mien: {text}")

    def start(self, tasks: Sequence[Task]) -> None:
        """Begin; the clock runs from here."""
        self._files, self._started = len(tasks), time.monotonic()
        self._total = self._left = sum(task.size for task in tasks)
        if self._bars is not None:
            self._bar = self._bars.add_task(self._how_far(), total=max(1, self._total))

    def finished(self, task: Task, outcome: Outcome) -> None:
        """Count a file whose outcome is known."""
        entry = outcome.entry
        self.counts.add(outcome)
        self._left -= task.size
        self._analysed += 0 if outcome.skipped else task.size
        if self._bars is not None and self._bar is not None:
            self._bars.update(self._bar, completed=self._total - self._left, description=self._how_far())
        elif not outcome.skipped and entry.state in FINISHED:
            what = f"{counted(entry.frames, 'frame')}, {counted(entry.faces, 'face')}"
            self.note(f"{entry.source}: {what} ({self._how_far()}{self._time_left()})")
        for error in ([entry.error] if entry.error else []) + [f"{entry.source}: {text}" for text in entry.warnings]:
            self._errors.append(error)
            self.problem(error)

    def stopped(self, resumable: bool) -> None:
        """Say that Ctrl-C ended the job."""
        rest = "; the same command goes on from there" if resumable else ""
        self.problem(f"stopped after {self.counts.settled} of {self._files} files{rest}")

    def summary(self) -> None:
        """Say what became of all files, and once more what went wrong, which may have scrolled by."""
        seconds, counts = max(time.monotonic() - self._started, 1e-3), self.counts
        parts = [f"{counts.analysed} analysed"]
        for number, what in (
            (counts.earlier, "finished earlier"),
            (counts.damaged, "damaged"),
            (counts.failed, "failed"),
            (counts.quarantined, "in quarantine"),
        ):
            parts += [f"{number} {what}"] if number else []
        speed = f", {counts.frames / seconds:.0f} frames/s" if counts.frames > 1 else ""
        self.note(f"{counted(self._files, 'file')}: {', '.join(parts)}; {duration(seconds)}{speed}")
        if self._errors and self._files > 1:
            self.note("not used, or only in part:")
            for error in self._errors:
                self.note(f"  {error}")

    def _how_far(self) -> str:
        bad = f", {self.counts.bad} bad" if self.counts.bad else ""
        return f"{self.counts.settled} of {counted(self._files, 'file')}{bad}"

    def _time_left(self) -> str:
        if not self._left or not self._analysed:
            return ""
        left = (time.monotonic() - self._started) / self._analysed * self._left
        return f", about {duration(left)} left"


def duration(seconds: float) -> str:
    """Return seconds as people say them."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"
