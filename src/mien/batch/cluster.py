"""Workers as actors of a Ray cluster: a local Ray of two workers and one of a thousand run the same code.

Actors that are handed one file at a time, and not Ray Data or Ray tasks with ``max_retries``. Ray Data retries blocks
of rows and keeps count of none: a file that brings its worker down takes its whole block along, and comes back until
the data set as a whole has failed, or the block is dropped (``max_errored_blocks``) without a word which files were in
it. A task's own retries count too, but do not tell a lost machine, which no file is to blame for, from a lost worker.
The rules of `mien.batch.run` are the same for both engines this way: same rows, same ledger, same quarantine.
"""

from __future__ import annotations

import os
import re
import secrets
import sys
from collections.abc import Callable
from contextlib import ExitStack, redirect_stdout, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from mien.batch.crew import Event, Finished, Lost, Ready
from mien.batch.worker import Hello, Outcome, Task, Worker, hello
from mien.core.errors import MienError, MissingDependencyError, SettingsError

OBJECT_STORE: Final = 100 * 2**20
"""Bytes of shared memory of a Ray of our own: what goes through it are names and counts."""

_QUIET: Final = {"log_to_driver": False, "logging_level": "ERROR", "namespace": "mien"}


class RemoteWorker:
    """A worker in a process of the cluster; an actor.

    Args:
        open_worker: makes the worker there.
        folder: the working folder of whoever started the job, to which names of files may be relative.
    """

    def __init__(self, open_worker: Callable[[], Worker], folder: str) -> None:
        if Path(folder).is_dir():
            os.chdir(folder)
        self._open = open_worker
        self._worker: Worker | None = None

    def greet(self) -> Hello:
        """Load the models."""
        import ray

        node = ray.get_runtime_context().get_node_id()
        try:
            self._worker = self._open()
        except MienError as error:
            return hello(node, str(error))
        return hello(node)

    def run(self, task: Task) -> Outcome:
        """Do a task."""
        assert self._worker is not None
        return self._worker.run(task, _unchecked)


class RayCrew:
    """Actors on a Ray cluster; see `mien.batch.crew.Crew`. A context manager: when it ends so do they.

    Args:
        size: how many actors, a core each; 0 for as many as the cluster has cores when the job begins.
        most: no more than these, whatever ``size`` says.
        open_worker: makes the worker, where it runs; can be pickled.
        address: of the cluster, as for ``ray.init``; None takes ``RAY_ADDRESS``, and without it starts a Ray on this
            machine that ends with the crew.

    Raises:
        MissingDependencyError: Ray is not installed.
        SettingsError: there is no cluster at the address.
    """

    def __init__(self, size: int, most: int, open_worker: Callable[[], Worker], address: str | None = None) -> None:
        self._size, self._most, self._open = size, most, open_worker
        self._address = address or os.environ.get("RAY_ADDRESS")
        self._own = self._address in (None, "local")
        self._ray = import_ray(self._own)
        self._next = 0
        self._actors: dict[int, Any] = {}
        self._nodes: dict[int, str] = {}
        self._calls: dict[Any, int] = {}

    def __enter__(self) -> Self:
        with ExitStack() as aside:
            # stdout is data, and Ray prints on it when a worker dies, whatever ``log_to_driver`` says.
            aside.enter_context(redirect_stdout(sys.stderr))
            self._connect()
            self._actor = self._ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(RemoteWorker)
            for _ in range(min(self._size or self.cores, self._most)):
                self._hire()
            self._aside = aside.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Actors end with the connection; killing them first ends those that are at work without waiting for them.
        with self._aside:
            with suppress(self._ray.exceptions.RayError):  # where the cluster is gone they are too
                for actor in self._actors.values():
                    self._ray.kill(actor)
            self._actors.clear()
            self._ray.shutdown()

    @property
    def cores(self) -> int:
        """How many cores the cluster has."""
        return max(1, int(self._ray.cluster_resources().get("CPU", 1)))

    def wait(self, seconds: float) -> list[Event]:
        """See `mien.batch.crew.Crew.wait`."""
        calls = list(self._calls)
        ready, _ = self._ray.wait(calls, num_returns=len(calls), timeout=0)
        if not ready:
            ready, _ = self._ray.wait(calls, num_returns=1, timeout=seconds)
        return [self._hear(call, self._calls.pop(call)) for call in ready]

    def give(self, worker: int, task: Task) -> None:
        """See `mien.batch.crew.Crew.give`."""
        self._calls[self._actors[worker].run.remote(task)] = worker

    def _hear(self, call: Any, worker: int) -> Event:
        try:
            message: Hello | Outcome = self._ray.get(call)
        except self._ray.exceptions.RayError as error:
            return self._bury(worker, error)
        if isinstance(message, Hello):
            self._nodes[worker] = message.node
            return Ready(worker, message)
        return Finished(worker, message)

    def _bury(self, worker: int, error: Exception) -> Lost:
        # It may be alive but out of reach: what it still writes goes nowhere, and its core is wanted.
        self._ray.kill(self._actors.pop(worker))
        node = self._nodes.pop(worker, "")
        alive = {each["NodeID"] for each in self._ray.nodes() if each["Alive"]}
        self._hire()
        return Lost(worker, f"the worker was lost ({brief(error)})", bool(node) and node not in alive)

    def _hire(self) -> None:
        actor = self._actor.remote(self._open, str(Path.cwd()))
        self._actors[self._next] = actor
        self._calls[actor.greet.remote()] = self._next
        self._next += 1

    def _connect(self) -> None:
        if self._own:
            start(self._ray, self._size)
            return
        try:
            self._ray.init(address=self._address, **_QUIET)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise SettingsError(
                f"there is no Ray cluster at {self._address} ({brief(error)}): check --ray-address"
            ) from error


def import_ray(own: bool) -> Any:
    """Import Ray, which takes some of its settings from the environment while it is imported.

    Args:
        own: a Ray of our own shall be started, which other machines do not see. Where one runs already in this process,
            what was chosen first stays.

    Raises:
        MissingDependencyError: Ray is not installed.
    """
    chosen = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
    if own:
        # Ray binds its ports to loopback only where it thinks that there can be no other machines. Whoever reaches
        # them may run anything, other users of this machine too: only with a token.
        token = os.environ.get("RAY_AUTH_TOKEN") or secrets.token_hex(32)
        chosen |= {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": token}
    for name, value in chosen.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise MissingDependencyError("--engine ray needs Ray: pip install 'mien[cluster]'") from error
    return ray


def start(ray: Any, cores: int) -> None:
    """Start a Ray on this machine, which ends with this process.

    Args:
        ray: what `import_ray` returned.
        cores: that it may use; 0 for all.

    Raises:
        MienError: it did not start.
    """
    try:
        ray.init(
            address="local",
            num_cpus=cores or None,
            include_dashboard=False,
            object_store_memory=OBJECT_STORE,
            **_QUIET,
        )
    except Exception as error:  # Ray has no error of its own for this, and raises bare ones
        raise MienError(f"Ray did not start on this machine ({brief(error)}): see its logs in /tmp/ray") from error


def brief(error: Exception) -> str:
    """Return the first line of one of Ray's errors, and the last where that is the error of ours which it is about."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    cause = len(lines) > 1 and re.match(r"[\w.]+(Error|Exception): ", lines[-1]) is not None
    return f"{lines[0]} … {lines[-1]}" if cause else lines[0]


def _unchecked() -> None:
    """A cluster ends its workers itself."""
