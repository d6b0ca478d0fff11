"""Callers that come at once share a run, and get what they would have got alone."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mien.core.errors import ModelError
from mien.core.types import FloatArray
from mien.models import zoo
from mien.models.batching import Batched
from mien.models.runtime import Session

PATIENCE = 20.0


class Gate:
    """A network that doubles its input, and computes only while its gate is open; refuses rows that hold a nan."""

    def __init__(self) -> None:
        self.name, self.input = "gate", "image"
        self.shape: tuple[int, ...] = (-1, 1, -1, -1)
        self.outputs = ["double", "half"]
        self.output_shapes: dict[str, tuple[int, ...]] = dict.fromkeys(self.outputs, self.shape)
        self.open = threading.Event()
        self.entered = threading.Event()
        self.runs: list[tuple[int, ...]] = []
        self.together = 0
        self._lock = threading.Lock()

    def run(self, tensor: FloatArray, outputs: Sequence[str] | None = None) -> dict[str, FloatArray]:
        with self._lock:
            self.together += 1
            assert self.together == 1, "two runs at once"
            self.runs.append(tensor.shape)
        self.entered.set()
        assert self.open.wait(PATIENCE)
        with self._lock:
            self.together -= 1
        if np.isnan(tensor).any():
            raise ValueError("nan")
        factors = {"double": np.float32(2), "half": np.float32(0.5)}
        return {name: tensor * factors[name] for name in outputs or self.outputs}


def picture(value: float, rows: int = 1, side: int = 4) -> FloatArray:
    return np.full((rows, 1, side, side), value, np.float32)


def crowd(batched: Batched, gate: Gate, inputs: list[FloatArray], outputs: list[str] | None = None) -> list[object]:
    """Have a first caller keep the network busy until all others wait; return what these got."""
    with ThreadPoolExecutor(len(inputs) + 1) as pool:
        gate.open.clear()
        busy = pool.submit(batched.run, picture(0))
        assert gate.entered.wait(PATIENCE)
        others = []
        for tensor in inputs:  # in this order
            others.append(pool.submit(batched.run, tensor, outputs))
            wait_for(batched, len(others))
        gate.open.set()
        busy.result(PATIENCE)
        return [other.exception(PATIENCE) or other.result(PATIENCE) for other in others]


def wait_for(batched: Batched, waiting: int) -> None:
    tick = threading.Event()
    for _ in range(int(PATIENCE / 0.002)):
        with batched._lock:
            if len(batched._waiting) == waiting:
                return
        tick.wait(0.002)
    pytest.fail("they never came to wait")


def doubles(found: list[object]) -> list[float]:
    return [float(answer["double"].mean()) for answer in found if isinstance(answer, dict)]


def test_those_who_wait_share_the_next_run() -> None:
    gate = Gate()
    found = crowd(Batched(gate, 64), gate, [picture(1), picture(2, rows=3), picture(5)])
    assert doubles(found) == [2, 4, 10]
    assert gate.runs == [(1, 1, 4, 4), (5, 1, 4, 4)]
    assert found[1]["double"].shape == (3, 1, 4, 4)  # type: ignore[index]


def test_what_does_not_fit_runs_by_itself_and_nobody_is_passed_over() -> None:
    gate = Gate()
    found = crowd(Batched(gate, 64), gate, [picture(1), picture(2, side=6), picture(3), picture(4, side=6)])
    assert doubles(found) == [2, 4, 6, 8]
    assert gate.runs[1:] == [(2, 1, 4, 4), (2, 1, 6, 6)]


def test_a_run_has_no_more_rows_than_it_may() -> None:
    gate = Gate()
    found = crowd(Batched(gate, 3), gate, [picture(1, rows=2), picture(2, rows=2), picture(3), picture(4, rows=9)])
    assert doubles(found) == [2, 4, 6, 8]
    assert [shape[0] for shape in gate.runs] == [1, 3, 2, 9]


def test_who_wants_other_outputs_gets_them() -> None:
    gate = Gate()
    gate.open.set()
    batched = Batched(gate, 64)
    assert set(batched.run(picture(1))) == {"double", "half"}
    assert set(batched.run(picture(1), ["half"])) == {"half"}


def test_an_input_that_is_refused_costs_its_own_caller_alone() -> None:
    gate = Gate()
    found = crowd(Batched(gate, 64), gate, [picture(1), picture(np.nan), picture(3)])
    assert doubles(found) == [2, 6]
    assert isinstance(found[1], ValueError)


def test_an_interrupted_run_wakes_those_who_share_it() -> None:
    gate = Gate()
    batched = Batched(gate, 64)
    plain = gate.run

    def interrupted(tensor: FloatArray, outputs: Sequence[str] | None = None) -> dict[str, FloatArray]:
        if len(tensor) == 2:
            raise KeyboardInterrupt
        return plain(tensor, outputs)

    gate.run = interrupted  # type: ignore[method-assign]
    with ThreadPoolExecutor(3) as pool:
        busy = pool.submit(batched.run, picture(0))
        assert gate.entered.wait(PATIENCE)
        others = [pool.submit(batched.run, picture(1)) for _ in range(2)]
        wait_for(batched, 2)
        gate.open.set()
        busy.result(PATIENCE)
        errors = {type(other.exception(PATIENCE)) for other in others}
    assert errors == {KeyboardInterrupt, ModelError}
    assert float(batched.run(picture(3))["double"].mean()) == 6, "the next one finds it free"


def test_it_is_what_a_gpu_is_reached_by(monkeypatch: pytest.MonkeyPatch) -> None:
    def anywhere(data: bytes, name: str, threads: int, device: str) -> Session:
        assert device in ("cpu", "cuda")
        return Session(data, name, threads)

    monkeypatch.setattr("mien.models.zoo.Session", anywhere)
    assert isinstance(zoo.open_checked(zoo.find("emotion"), "fp32", device="cuda").session, Batched)
    assert isinstance(zoo.open_checked(zoo.find("emotion"), "fp32").session, Session)


def test_many_threads_get_what_they_would_get_alone() -> None:
    model = zoo.load("emotion", "fp32")
    batched = Batched(model.session, 16)
    rng = np.random.default_rng(0)
    inputs = [rng.normal(0, 1, (1 + i % 3, 1, 48, 48)).astype(np.float32) for i in range(60)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(batched.run, inputs))
    for tensor, answer in zip(inputs, found, strict=True):
        alone = model.session.run(tensor)
        for name, value in alone.items():
            assert answer[name].shape == value.shape
            np.testing.assert_allclose(answer[name], value, atol=1e-4)
