"""The rules of a job, with a crew that does as it is told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mien.batch.crew import Event, Finished, Lost, Ready
from mien.batch.ledger import Entry, Ledger
from mien.batch.plan import Outputs
from mien.batch.run import ATTEMPTS, MACHINES, STILLBORN, run
from mien.batch.worker import Hello, Outcome, Task
from mien.core.errors import MienError
from mien.sources.inputs import Input

Answer = Callable[[Task], Outcome | Lost]


class FakeCrew:
    """Workers that are ready at once and answer as a function says; the lost ones are replaced."""

    def __init__(self, size: int, answer: Answer, hello: Hello | None = None) -> None:
        hello = hello or Hello(1, "here")
        self.events: deque[Event] = deque(Ready(k, hello) for k in range(size))
        self.answer, self.size = answer, size
        self.given: list[tuple[int, int]] = []

    def wait(self, seconds: float) -> list[Event]:
        assert self.events, "the job waits for nothing"
        return [self.events.popleft()]

    def give(self, worker: int, task: Task) -> None:
        self.given.append((worker, task.index))
        answer = self.answer(task)
        if isinstance(answer, Lost):
            self.events += [replace(answer, worker=worker), Ready(worker + self.size, Hello(2, "there"))]
        else:
            self.events.append(Finished(worker, answer))


def tasks(folder: Path, count: int) -> list[Task]:
    made = []
    for k in range(count):
        path = folder / f"{k}.mp4"
        path.write_bytes(b"%d" % k)
        made.append(Task(k, Input(path, "video"), Outputs(), Entry(str(path), path.name, path.stem, "failed")))
    return made


def done(task: Task) -> Outcome:
    return Outcome(task.index, replace(task.blank, state="done"))


def no_check() -> None:
    pass


def settle(folder: Path, crew: FakeCrew, count: int) -> dict[int, Entry]:
    return {o.index: o.entry for o in run(tasks(folder, count), crew, folder, None, no_check)}


@pytest.mark.parametrize("size", [1, 3, 9])
def test_every_task_is_done_once(tmp_path: Path, size: int) -> None:
    crew = FakeCrew(size, done)
    settled = settle(tmp_path, crew, 7)
    assert {entry.state for entry in settled.values()} == {"done"}
    assert sorted(index for _, index in crew.given) == list(range(7))


def test_an_unlucky_file_is_done_again_at_the_end(tmp_path: Path) -> None:
    met: list[str] = []

    def answer(task: Task) -> Outcome | Lost:
        met.append(task.part)
        return Lost(0, "killed") if task.part.startswith("1.1-") else done(task)

    crew = FakeCrew(2, answer)
    assert {entry.state for entry in settle(tmp_path, crew, 5).values()} == {"done"}
    assert met[-1] in ("1.2-there-2", "1.2-here-1")
    assert len(met) == 6


def test_a_file_that_brings_workers_down_is_put_into_quarantine(tmp_path: Path) -> None:
    crew = FakeCrew(2, lambda task: Lost(0, "killed") if task.index == 1 else done(task))
    settled = settle(tmp_path, crew, 4)
    assert [settled[k].state for k in range(4)] == ["done", "quarantined", "done", "done"]
    assert [index for _, index in crew.given].count(1) == ATTEMPTS
    assert "1.mp4 is in quarantine after 2 attempts: killed, process" in settled[1].error
    assert settled[1].content  # so that a later run knows the file again


def test_an_error_that_nobody_expected_is_treated_likewise(tmp_path: Path) -> None:
    def answer(task: Task) -> Outcome:
        return Outcome(task.index, task.blank, crashed="ValueError: x") if task.index == 0 else done(task)

    crew = FakeCrew(1, answer)
    settled = settle(tmp_path, crew, 2)
    assert settled[0].state == "quarantined"
    assert "ValueError: x" in settled[0].error
    assert [index for _, index in crew.given] == [0, 1, 0]


def test_lost_machines_are_no_fault_of_the_file(tmp_path: Path) -> None:
    losses = 0

    def answer(task: Task) -> Outcome | Lost:
        nonlocal losses
        losses += 1
        return Lost(0, "the machine is gone", blameless=True) if losses <= MACHINES else done(task)

    assert settle(tmp_path, FakeCrew(1, answer), 1)[0].state == "done"


def test_a_file_that_loses_machine_after_machine_is_at_fault_all_the_same(tmp_path: Path) -> None:
    crew = FakeCrew(1, lambda task: Lost(0, "gone", blameless=True))
    assert settle(tmp_path, crew, 1)[0].state == "quarantined"
    assert len(crew.given) == MACHINES + ATTEMPTS


def test_the_death_of_an_idle_worker_costs_nothing(tmp_path: Path) -> None:
    crew = FakeCrew(2, done)
    crew.events += [Lost(1, "killed"), Ready(2, Hello(1, "here"))]
    assert settle(tmp_path, crew, 1)[0].state == "done"
    assert crew.given == [(0, 0)]


def test_workers_that_never_get_ready_end_the_job(tmp_path: Path) -> None:
    crew = FakeCrew(0, done)
    crew.events += [Lost(k, "killed") for k in range(STILLBORN)]
    with pytest.raises(MienError, match="in a row died before they could begin: killed"):
        settle(tmp_path, crew, 1)


def test_as_long_as_one_worker_lives_the_job_goes_on(tmp_path: Path) -> None:
    crew = FakeCrew(1, done)
    crew.events += [Lost(k, "killed") for k in range(1, STILLBORN + 2)]
    assert settle(tmp_path, crew, 5).keys() == set(range(5))


@pytest.mark.parametrize(
    ("hello", "message"),
    [
        (Hello(1, "far", error="no models"), "far cannot begin: no models"),
        (Hello(1, "far", "0.0.1"), "far has Mien 0.0.1"),
    ],
)
def test_workers_that_cannot_work(tmp_path: Path, hello: Hello, message: str) -> None:
    with pytest.raises(MienError, match=message):
        settle(tmp_path, FakeCrew(1, done, hello), 1)


def test_what_is_no_files_fault_ends_the_job(tmp_path: Path) -> None:
    crew = FakeCrew(1, lambda task: Outcome(task.index, task.blank, fatal="the disk is full"))
    with pytest.raises(MienError, match="disk is full"):
        settle(tmp_path, crew, 3)


def test_the_ledger_knows_before_anybody_else(tmp_path: Path) -> None:
    with Ledger(tmp_path / "out") as ledger:
        for outcome in run(tasks(tmp_path, 3), FakeCrew(2, done), tmp_path, ledger, no_check):
            assert ledger.get(outcome.entry.key) == outcome.entry


def test_a_job_can_be_stopped(tmp_path: Path) -> None:
    def check() -> None:
        if len(crew.given) == 3:
            raise KeyboardInterrupt

    crew = FakeCrew(1, done)
    with pytest.raises(KeyboardInterrupt):
        list(run(tasks(tmp_path, 9), crew, tmp_path, None, check))
