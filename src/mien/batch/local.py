"""Workers as processes of this machine, each at the end of a pipe of its own.

Not `concurrent.futures.ProcessPoolExecutor`, which breaks as a whole when one of its processes dies. And nothing is
shared between workers: a queue for all of them has a lock, and a worker that is killed while it holds that lock (by
the kernel, for want of memory) never gives it back.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import connection, get_context
from multiprocessing.context import SpawnProcess
from types import TracebackType
from typing import Any, Final, Self

from mien.batch.crew import Event, Finished, Lost, Ready
from mien.batch.worker import Gone, Hello, Outcome, Task, Worker, hello
from mien.core.errors import MienError

SINGLE: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables by which libraries are told, before they are loaded, to use one thread."""


@dataclass(slots=True)
class _Member:
    process: SpawnProcess
    pipe: Any


class LocalCrew:
    """Worker processes; see `mien.batch.crew.Crew`. A context manager: when it ends so do they, whatever they do.

    Args:
        size: how many.
        open_worker: makes the worker, in its own process; can be pickled.
    """

    def __init__(self, size: int, open_worker: Callable[[], Worker]) -> None:
        self._open = open_worker
        self._next = 0
        self._members: dict[int, _Member] = {}
        self._size = size

    def __enter__(self) -> Self:
        for _ in range(self._size):
            self._hire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for member in self._members.values():
            member.process.kill()
        for member in self._members.values():
            member.process.join()
            member.pipe.close()
        self._members.clear()

    def wait(self, seconds: float) -> list[Event]:
        """See `mien.batch.crew.Crew.wait`."""
        pipes = {member.pipe: worker for worker, member in self._members.items()}
        # A pipe that ends is readable too: the death of a worker needs no watching of its own.
        return [self._hear(pipes[pipe]) for pipe in connection.wait(list(pipes), seconds)]

    def give(self, worker: int, task: Task) -> None:
        """See `mien.batch.crew.Crew.give`."""
        try:
            self._members[worker].pipe.send(task)
        except OSError:  # it died meanwhile: the next `wait` says so
            return

    def _hear(self, worker: int) -> Event:
        member = self._members[worker]
        try:
            message: Hello | Outcome = member.pipe.recv()
        except (EOFError, OSError):
            return self._bury(worker)
        return Ready(worker, message) if isinstance(message, Hello) else Finished(worker, message)

    def _bury(self, worker: int) -> Lost:
        member = self._members.pop(worker)
        member.process.join(1)
        member.process.kill()
        member.process.join()
        member.pipe.close()
        self._hire()
        return Lost(worker, _cause(member.process.exitcode))

    def _hire(self) -> None:
        context = get_context("spawn")
        ours, theirs = context.Pipe()
        process = context.Process(target=work, args=(theirs, self._open), daemon=True)
        with _one_thread(), _deaf_to_ctrl_c():
            process.start()
        theirs.close()
        self._members[self._next] = _Member(process, ours)
        self._next += 1


def work(pipe: Any, open_worker: Callable[[], Worker]) -> None:
    """Be a worker process until the other end of ``pipe`` is closed."""
    os.dup2(2, 1)  # stdout is data, and what libraries print is none
    try:
        try:
            worker = open_worker()
        except MienError as error:
            pipe.send(hello(error=str(error)))
            return
        pipe.send(hello())
        while True:
            pipe.send(worker.run(pipe.recv(), partial(_check, pipe)))
    except (EOFError, OSError, Gone):
        return


def _check(pipe: Any) -> None:
    # Nothing is sent to a worker at work: what can be read is the end of the pipe.
    if pipe.poll():
        raise Gone


def _cause(code: int | None) -> str:
    if code is not None and code < 0:
        name = signal.Signals(-code).name if -code in {*signal.Signals} else f"signal {-code}"
        hint = ", as when memory runs out" if name == "SIGKILL" else ""
        return f"the worker was ended by {name}{hint}"
    return f"the worker ended by itself (status {code})"


@contextmanager
def _one_thread() -> Iterator[None]:
    before = {name: os.environ.get(name) for name in SINGLE}
    os.environ.update(dict.fromkeys(SINGLE, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Keep Ctrl-C, which a terminal sends to all processes, from those started here: it is for this one to heed."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
