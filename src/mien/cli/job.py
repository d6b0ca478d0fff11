"""The work of `mien analyze` in one process: every input in turn, to stdout, to its table, to its annotated copy."""

from __future__ import annotations

import signal
import threading
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, BinaryIO, Self

from mien.batch import one
from mien.batch.one import Analyst
from mien.batch.plan import Outputs, Plan, output_names, spare_inputs
from mien.cli.console import Console
from mien.cli.progress import Progress
from mien.core.errors import InputError, MienError
from mien.core.types import Faces, FrameResult
from mien.outputs import files, tables
from mien.sources.inputs import Found, Input


def run(found: Found, plan: Plan, analyst: Analyst, console: Console, lines: BinaryIO | None = None) -> int:
    """Analyse all inputs; a broken one is reported and the rest is done.

    Args:
        found: the inputs.
        plan: what to do with the results.
        analyst: analyses.
        console: told how far the work is.
        lines: where JSON lines go, None for nowhere.

    Returns:
        The exit status: 0 when all went well, 1 when an input could not be used, 130 after Ctrl-C.

    Raises:
        MienError: something is wrong that is no single input's fault, such as a full disk.
    """
    report(found, console)
    names = output_names([item.path for item in found.inputs])
    outputs = [Outputs.of(name, item.kind, plan) for name, item in zip(names, found.inputs, strict=True)]
    if plan.out is not None:
        spare_inputs(found.inputs, outputs, plan.out)
        with files.writing(plan.out):
            plan.out.mkdir(parents=True, exist_ok=True)
    failed, finished = len(found.problems), 0
    with Interrupt() as interrupt:
        try:
            for item, to in zip(found.inputs, outputs, strict=True):
                watch = _Watch(item, console, interrupt, lines)
                failed += not _one(item, to if plan.out is None else to.under(plan.out), plan, analyst, watch)
                finished += 1
        except KeyboardInterrupt:
            kept = f"; what is done is kept in {plan.out}" if plan.out is not None else ""
            console.problem(f"stopped after {finished} of {len(found.inputs)} files{kept}")
            return 130
    return 1 if failed else 0


def report(found: Found, console: Console | Progress) -> None:
    """Say what cannot be used and what is left out."""
    for problem in found.problems:
        console.problem(str(problem))
    if found.ignored:
        files_are = "file in these folders is" if found.ignored == 1 else "files in these folders are"
        console.note(f"{found.ignored} other {files_are} neither picture nor video of a kind that Mien reads")


def put(lines: BinaryIO, data: bytes) -> None:
    """Write lines of data where they are read at once.

    Raises:
        BrokenPipeError: nobody reads any more.
        MienError: the place is full.
    """
    try:
        lines.write(data)
        lines.flush()
    except BrokenPipeError:  # no fault of the place
        raise
    except OSError as error:
        raise MienError(f"stdout cannot be written ({error.strerror}): free some space") from error


def _one(item: Input, to: Outputs, plan: Plan, analyst: Analyst, watch: _Watch) -> bool:
    """Analyse one input; return whether all of it could be read."""
    warnings: tuple[str, ...] | None = None
    try:
        warnings = one.analyze(item, to, plan, analyst, watch)
    except InputError as error:
        watch.console.problem(str(error))
    finally:
        watch.console.end(warnings is not None)
    for warning in warnings or ():
        watch.console.problem(f"{item.path}: {warning}")
    return warnings == ()


class _Watch:
    """Looks on while a file is analysed."""

    def __init__(self, item: Input, console: Console, interrupt: Interrupt, lines: BinaryIO | None) -> None:
        self.console = console
        self._name, self._lines = str(item.path), lines
        self.check = interrupt.check

    def begin(self, frames: int | None) -> None:
        self.console.begin(self._name, frames)

    def seen(self, result: FrameResult) -> None:
        if self._lines is not None:
            put(self._lines, tables.line(result))
        self.console.advance(len(result.faces), _names(result.faces))


def _names(faces: Faces) -> list[str]:
    """Return what each face shows, ``uncertain`` where it should not be relied on."""
    doubts = [False] * len(faces) if faces.uncertain is None else faces.uncertain.tolist()
    return ["uncertain" if doubt else name for name, doubt in zip(faces.names, doubts, strict=False)]


class Interrupt(AbstractContextManager["Interrupt"]):
    """Ctrl-C takes effect between two frames, so that files end whole; a second Ctrl-C takes effect at once."""

    def __init__(self) -> None:
        self._asked = False
        self._before: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def check(self) -> None:
        """Raise KeyboardInterrupt if the user asked to stop."""
        if self._asked:
            raise KeyboardInterrupt

    def _ask(self, *_: object) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
