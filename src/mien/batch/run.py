"""A job: every file to a worker, what became of it into the ledger.

A file whose worker dies is given to another one, at the end when the rest is done: it may have died of what the others
needed. Where that one dies too, the file is put into quarantine, and everything else finishes.
"""

from __future__ import annotations

import shutil
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from mien import __version__
from mien.batch.crew import Crew, Event, Finished, Lost, Ready
from mien.batch.ledger import Entry, Ledger, digest
from mien.batch.worker import PARTS, Hello, Outcome, Task
from mien.core.errors import MienError, SourceError

ATTEMPTS: Final = 2
"""Workers that a file may bring down."""

MACHINES: Final = 8
"""Machines that a file may lose, through no fault of its own, before it is taken for the cause all the same."""

STILLBORN: Final = 3
"""Workers in a row that may die before they are ready, when there is no other."""

_TICK: Final = 0.25


@dataclass(slots=True)
class _Job:
    """The state of a job: what waits, who does what, who lost how many workers."""

    waiting: deque[Task]
    again: deque[Task] = field(default_factory=deque)
    busy: dict[int, Task] = field(default_factory=dict)
    idle: list[int] = field(default_factory=list)
    losses: Counter[int] = field(default_factory=Counter)
    machines: Counter[int] = field(default_factory=Counter)
    crew: dict[int, Hello] = field(default_factory=dict)
    stillborn: int = 0

    def next(self) -> Task | None:
        """Take the next task; those that brought a worker down come last, and start when no other is under way."""
        if self.waiting:
            return self.waiting.popleft()
        careful = any(task.index in self.losses for task in self.busy.values())
        return self.again.popleft() if self.again and not careful else None

    def start(self, worker: int, task: Task) -> None:
        """Note that a worker begins a task; the folder for its parts tells who is at work, and at which attempt."""
        attempt = 1 + self.losses[task.index] + self.machines[task.index]
        hello = self.crew[worker]
        self.busy[worker] = replace(task, part=f"{task.index}.{attempt}-{hello.host}-{hello.pid}")


def run(
    tasks: Sequence[Task], crew: Crew, out: Path, ledger: Ledger | None, check: Callable[[], None]
) -> Iterator[Outcome]:
    """Do all tasks; yield what became of each as it becomes known.

    Args:
        tasks: in the order in which they are begun.
        crew: the workers, within their context.
        out: the output folder.
        ledger: takes what became of the files, before it is yielded.
        check: called several times a second; what it raises ends the job.

    Raises:
        MienError: something is wrong that is no single file's fault.
    """
    job = _Job(deque(tasks))
    missing = len(tasks)
    while missing:
        check()
        for event in crew.wait(_TICK):
            outcome = _heed(event, job, out)
            if outcome is None:
                continue
            missing -= 1
            if ledger is not None and not outcome.skipped:
                ledger.put(outcome.entry)
            yield outcome
        while job.idle and (task := job.next()) is not None:
            job.start(worker := job.idle.pop(), task)
            crew.give(worker, job.busy[worker])


def _heed(event: Event, job: _Job, out: Path) -> Outcome | None:
    """Take note of an event; return an outcome when it settles a task."""
    match event:
        case Ready(worker, hello):
            if hello.error:
                raise MienError(f"a worker on {hello.host or 'this machine'} cannot begin: {hello.error}")
            if hello.version != __version__:
                raise MienError(
                    f"{hello.host} has Mien {hello.version}, this machine {__version__}: install the same everywhere"
                )
            job.stillborn = 0
            job.crew[worker] = hello
            job.idle.append(worker)
            return None
        case Finished(worker, outcome):
            task = job.busy.pop(worker)
            job.idle.append(worker)
            if outcome.fatal:
                raise MienError(outcome.fatal)
            return _stumbled(job, task, outcome.crashed, outcome.entry) if outcome.crashed else outcome
        case Lost(worker, why, blameless):
            who = job.crew.pop(worker, None)
            if worker in job.idle:
                job.idle.remove(worker)
                return None
            lost = job.busy.pop(worker, None)
            if lost is None:
                job.stillborn += 1
                if job.stillborn >= STILLBORN and not job.crew:
                    raise MienError(f"{STILLBORN} workers in a row died before they could begin: {why}")
                return None
            shutil.rmtree(out / PARTS / lost.part, ignore_errors=True)
            if blameless and job.machines[lost.index] < MACHINES:
                job.machines[lost.index] += 1
                job.waiting.appendleft(lost)
                return None
            return _stumbled(job, lost, why if who is None else f"{why}, process {who.pid} on {who.host}", lost.blank)


def _stumbled(job: _Job, task: Task, why: str, entry: Entry) -> Outcome | None:
    """Have a task that brought a worker down done once more, or put its file into quarantine."""
    job.losses[task.index] += 1
    if job.losses[task.index] < ATTEMPTS:
        job.again.append(task)
        return None
    if not entry.content:
        try:
            entry = replace(entry, content=digest(task.item.path))
        except SourceError as error:
            why = f"{why}; {error}"
    text = f"{task.item.path} is in quarantine after {ATTEMPTS} attempts: {why}"
    return Outcome(task.index, replace(entry, state="quarantined", error=text))
