"""The work of `mien analyze` with many workers: the same lines and tables as one process makes, in the same order."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from mien.batch import tasks
from mien.batch.cluster import RayCrew
from mien.batch.crew import Crew
from mien.batch.ledger import FINISHED, Ledger
from mien.batch.local import LocalCrew
from mien.batch.plan import Plan
from mien.batch.run import run as run_tasks
from mien.batch.worker import PARTS, Outcome, Task, Worker
from mien.cli.job import Interrupt, put, report
from mien.cli.progress import Progress
from mien.core.errors import MienError, SettingsError
from mien.core.machine import cores
from mien.core.settings import AnalyzerSettings
from mien.sources.inputs import Found

ENGINES: Final = ("local", "ray")


@dataclass(frozen=True, slots=True)
class Bulk:
    """How the work is spread.

    Attributes:
        workers: how many; 0 for one per core, of this machine or of the cluster.
        engine: ``local`` processes or a ``ray`` cluster.
        address: of the cluster; None for that in ``RAY_ADDRESS``, or else for a Ray on this machine.
        fresh: do again what is finished.

    Raises:
        SettingsError: the choices contradict each other.
    """

    workers: int = 0
    engine: str = "local"
    address: str | None = None
    fresh: bool = False

    def __post_init__(self) -> None:
        if self.engine not in ENGINES:
            raise SettingsError(f"unknown engine {self.engine!r}: use one of {', '.join(ENGINES)}")
        if self.address is not None and self.engine != "ray":
            raise SettingsError("--ray-address is that of a Ray cluster: add --engine ray")


def run(
    found: Found,
    plan: Plan,
    settings: AnalyzerSettings,
    bulk: Bulk,
    lines: BinaryIO | None,
    progress: Progress,
) -> int:
    """Analyse all inputs with many workers; what cannot be used is reported and the rest is done.

    Args:
        found: the inputs.
        plan: what to do with the results.
        settings: of the analysis.
        bulk: who does it.
        lines: where JSON lines go in the order of the inputs, None for nowhere.
        progress: told how far the work is.

    Returns:
        The exit status: 0 when all went well, 1 when an input could not be used, 130 after Ctrl-C.

    Raises:
        SettingsError: the choices contradict each other, or another process is at work in the output folder.
        MienError: something is wrong that is no single input's fault, such as a full disk.
    """
    if bulk.engine == "ray" and plan.out is None:
        raise SettingsError("--engine ray writes tables: add -o DIR, a folder that all machines of the cluster see")
    with ExitStack() as stack:
        report(found, progress)
        ledger = None
        if plan.out is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mien-")))
            plan = replace(plan, out=folder, kind="jsonl", partition=False)
        else:
            folder = plan.out.resolve()
            plan = replace(plan, out=folder, lines=lines is not None)
            ledger = stack.enter_context(Ledger(folder))
            shutil.rmtree(folder / PARTS, ignore_errors=True)  # of a run that was killed
        todo = tasks.make(found.inputs, plan, settings, ledger, bulk.fresh)
        stack.callback(shutil.rmtree, folder / PARTS, ignore_errors=True)
        interrupt = stack.enter_context(Interrupt())
        progress.start(todo)
        try:
            crew = _crew(stack, plan, settings, bulk, len(todo))
            order = todo if lines is not None else tasks.largest_first(todo)
            said = _Lines(todo, folder, lines, keep=ledger is not None)
            for outcome in run_tasks(order, crew, folder, ledger, interrupt.check):
                progress.finished(todo[outcome.index], outcome)
                said.settled(outcome)
        except KeyboardInterrupt:
            progress.stopped(resumable=ledger is not None)
            return 130
        progress.summary()
        return 1 if found.problems or progress.counts.bad else 0


def _crew(stack: ExitStack, plan: Plan, settings: AnalyzerSettings, bulk: Bulk, count: int) -> Crew:
    open_worker = partial(Worker, plan, settings)
    if bulk.engine == "ray":
        return stack.enter_context(RayCrew(bulk.workers, count, open_worker, bulk.address))
    return stack.enter_context(LocalCrew(min(bulk.workers or cores(), count), open_worker))


class _Lines:
    """Prints the lines of files in the order of the inputs, however they come in."""

    def __init__(self, todo: Sequence[Task], folder: Path, lines: BinaryIO | None, keep: bool) -> None:
        self._todo, self._folder, self._lines, self._keep = todo, folder, lines, keep
        self._settled: dict[int, Outcome] = {}
        self._next = 0

    def settled(self, outcome: Outcome) -> None:
        """Print what can be printed now that this is known."""
        if self._lines is None:
            return
        self._settled[outcome.index] = outcome
        while self._next in self._settled:
            done = self._settled.pop(self._next)
            to = self._todo[self._next].outputs.under(self._folder)
            path = to.lines or to.table
            if path is not None and done.entry.state in FINISHED:
                self._print(self._lines, path)
            self._next += 1

    def _print(self, lines: BinaryIO, path: Path) -> None:
        try:
            with path.open("rb") as file:
                while block := file.read(2**20):
                    put(lines, block)
            if not self._keep:
                path.unlink()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise MienError(f"{path} cannot be read ({error.strerror}): did something else remove it?") from error
