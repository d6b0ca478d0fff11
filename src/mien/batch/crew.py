"""What an engine offers to `run`: workers that come and go, each with one task at most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from mien.batch.worker import Hello, Outcome, Task


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker has loaded its models and waits for its first task."""

    worker: int
    hello: Hello


@dataclass(frozen=True, slots=True)
class Finished:
    """A worker has done its task and waits for the next."""

    worker: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Lost:
    """A worker is gone, and with it what it was doing; another one was sent for.

    Attributes:
        worker: which.
        why: in plain words.
        blameless: its whole machine is gone, which no file is to blame for.
    """

    worker: int
    why: str
    blameless: bool = False


Event = Ready | Finished | Lost


class Crew(Protocol):
    """Workers."""

    def wait(self, seconds: float) -> list[Event]:
        """Return what happened since the last call; wait for something to happen, but no longer than ``seconds``."""

    def give(self, worker: int, task: Task) -> None:
        """Hand a task to a worker that waits for one."""
