"""What a person at the terminal sees: progress with the time left, notes and problems; all on stderr."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class Console(AbstractContextManager["Console"]):
    """Tells how far the work is: by bars on a terminal, by a line per finished file elsewhere.

    Args:
        files: how many files there are.
        bars: whether bars may be drawn; lines of data on the same terminal would tear them.
        stream: where to write, by default stderr.
    """

    def __init__(self, files: int, bars: bool = True, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._files = files
        self._progress: Progress | None = None
        if bars and self._stream.isatty():
            self._progress = bars_on(self._stream)
        self._all: TaskID | None = None
        self._file: TaskID | None = None
        self._name, self._frames, self._faces, self._started = "", 0, 0, 0.0
        self._names: Counter[str] = Counter()

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
            if self._files > 1:
                self._all = self._progress.add_task("files", total=self._files)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def begin(self, name: str, frames: int | None = None) -> None:
        """Start a file; ``frames`` is how many are expected, None when nobody knows, 1 for a picture."""
        self._name, self._frames, self._faces, self._started = name, 0, 0, time.monotonic()
        self._names.clear()
        if self._progress is not None and frames != 1:
            self._file = self._progress.add_task(name, total=frames)

    def advance(self, faces: int, names: Iterable[str] = ()) -> None:
        """Count a frame with its faces, and what to call what they show."""
        self._frames += 1
        self._faces += faces
        self._names.update(names)
        if self._progress is not None and self._file is not None:
            self._progress.advance(self._file)

    def end(self, done: bool = True) -> None:
        """End the file; ``done`` says that all of it was analysed."""
        if done and (self._progress is None or self._file is not None):
            seconds = max(time.monotonic() - self._started, 1e-6)
            speed = f", {self._frames / seconds:.0f} frames/s" if self._frames > 1 else ""
            seen = f"{counted(self._frames, 'frame')}, {counted(self._faces, 'face')}{_mostly(self._names)}"
            self.note(f"{self._name}: {seen}{speed}")
        if self._progress is not None:
            if self._file is not None:
                self._progress.remove_task(self._file)
            if self._all is not None:
                self._progress.advance(self._all)
        self._file = None

    def note(self, text: str) -> None:
        """Say something."""
        say(text, self._stream, self._progress)

    def problem(self, text: str) -> None:
        """Say what went wrong."""
        self.note(f"mien: {text}")


def printable(text: str) -> str:
    """Return ``text`` without what a terminal would obey: names of files may hold control characters."""
    return "".join(c if c.isprintable() else "�" for c in text)


def _mostly(names: Counter[str]) -> str:
    """Return the three most frequent names with their shares, in brackets; nothing when there are none."""
    if not names:
        return ""
    if len(names) == 1:
        return f" ({next(iter(names))})"
    return f" ({', '.join(f'{name} {count / names.total():.0%}' for name, count in names.most_common(3))})"


def counted(number: int, what: str) -> str:
    """Return a number with its noun."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def say(text: str, stream: TextIO, bars: Progress | None = None) -> None:
    """Print a line for people, above the bars when there are any."""
    if bars is not None:
        bars.console.print(printable(text), markup=False, highlight=False, soft_wrap=True)
    else:
        print(printable(text), file=stream, flush=True)


def bars_on(stream: TextIO, numbers: bool = True) -> Progress:
    """Return bars with the time left, for a terminal.

    Args:
        stream: the terminal.
        numbers: show how much is done of how much.
    """
    from rich.console import Console as Terminal
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

    columns: list[ProgressColumn] = [TextColumn("{task.description}", markup=False), BarColumn()]
    columns += [MofNCompleteColumn()] if numbers else []
    columns.append(TimeRemainingColumn(elapsed_when_finished=True))
    return Progress(*columns, console=Terminal(file=stream), transient=True)
