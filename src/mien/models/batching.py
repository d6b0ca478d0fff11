"""Computing together what several threads ask for at once.

A GPU needs about as long for one face as for a few dozen, so streams that would queue for it share a run. Nobody
waits for company: what is asked for while the network is busy goes into its next run. On a CPU this would only lengthen
what each stream waits for, so it is not used there.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np

from mien.core.errors import ModelError
from mien.core.types import FloatArray
from mien.models.runtime import Network


class _Request:
    """What one thread wants; that thread sleeps until it has its answer or is called to compute for the others."""

    def __init__(self, tensor: FloatArray, outputs: Sequence[str] | None) -> None:
        self.tensor, self.outputs = tensor, None if outputs is None else tuple(outputs)
        self.called = threading.Event()
        self.answer: dict[str, FloatArray] | None = None
        self.error: Exception | None = None

    @property
    def answered(self) -> bool:
        return self.answer is not None or self.error is not None

    def fits(self, other: _Request) -> bool:
        """Whether both can go into one run."""
        return self.tensor.shape[1:] == other.tensor.shape[1:] and self.outputs == other.outputs


class Batched:
    """A network whose callers share runs; see `mien.models.runtime.Network`.

    An input that the network refuses costs only its own caller the answer.

    Args:
        network: takes any number of rows.
        most: rows of one run, unless a single caller brings more.
    """

    def __init__(self, network: Network, most: int) -> None:
        self.name, self.input, self.shape = network.name, network.input, network.shape
        self.outputs, self.output_shapes = network.outputs, network.output_shapes
        self._network, self._most = network, most
        self._lock = threading.Lock()
        self._waiting: list[_Request] = []
        self._busy = False

    def run(self, tensor: FloatArray, outputs: Sequence[str] | None = None) -> dict[str, FloatArray]:
        """Return the outputs by name for one input ``[n, channels, height, width]`` float32."""
        request = _Request(tensor, outputs)
        with self._lock:
            self._waiting.append(request)
            first, self._busy = not self._busy, True
        if not first:
            request.called.wait()
        if not request.answered:
            self._lead(request)
        if request.error is not None:
            raise request.error
        assert request.answer is not None
        return request.answer

    def _lead(self, own: _Request) -> None:
        """Compute for ``own`` and those that fit it, then hand the network on to whoever waits longest."""
        with self._lock:
            group = self._group(own)
        try:
            self._compute(group)
        except BaseException:
            # Whoever interrupts this thread (Ctrl-C) did not mean the others, who must not sleep for ever.
            for request in group:
                request.error = request.error or ModelError(f"{self.name} was interrupted: ask again")
            raise
        finally:
            with self._lock:
                self._busy = bool(self._waiting)
                heir = self._waiting[:1]
            for request in (*group, *heir):
                request.called.set()

    def _group(self, own: _Request) -> list[_Request]:
        """Take ``own`` and what fits it off the line."""
        group, rows = [own], len(own.tensor)
        for other in self._waiting:
            if other is not own and other.fits(own) and rows + len(other.tensor) <= self._most:
                group.append(other)
                rows += len(other.tensor)
        self._waiting = [request for request in self._waiting if request not in group]
        return group

    def _compute(self, group: list[_Request]) -> None:
        try:
            together = self._network.run(np.concatenate([request.tensor for request in group]), group[0].outputs)
        except Exception as error:  # noqa: BLE001  whoever asked gets it
            if len(group) == 1:
                group[0].error = error
                return
            for request in group:
                self._compute([request])
            return
        ends = np.cumsum([len(request.tensor) for request in group])[:-1]
        parts = {name: np.split(value, ends) for name, value in together.items()}
        for row, request in enumerate(group):
            request.answer = {name: part[row] for name, part in parts.items()}
