"""Running an ONNX file; the only module of the product that touches onnxruntime.

One intra-op thread by default and no spinning: streams run side by side on a pool as large as the machine, so threads
within a model would only fight each other (measured: 2.8 ms became 10.8 ms with spinning, 3.0 without).
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import onnxruntime as ort

from mien.core.errors import DeviceError, ModelError
from mien.core.types import FloatArray
from mien.models import gpu

ort.set_default_logger_severity(3)


class Network(Protocol):
    """A network that computes, here or elsewhere; callable from any number of threads at once.

    Attributes:
        name: used in error messages.
        input: name of its only input.
        shape: of the input, -1 where any length will do.
        outputs: names.
        output_shapes: by name, -1 where the length follows from the input.
    """

    name: str
    input: str
    shape: tuple[int, ...]
    outputs: list[str]
    output_shapes: dict[str, tuple[int, ...]]

    def run(self, tensor: FloatArray, outputs: Sequence[str] | None = None) -> dict[str, FloatArray]:
        """Return the outputs by name, all or those named, for one input ``[n, channels, height, width]`` float32."""
        ...


class Session:
    """A network in memory; see `Network`.

    Args:
        data: the ONNX file's bytes.
        name: used in error messages.
        threads: intra-op threads.
        device: ``cpu`` or ``cuda``.

    Raises:
        DeviceError: the GPU cannot be used; says why and what to install.
        ModelError: not an ONNX file, refers to data outside itself, or cannot be run.
    """

    def __init__(self, data: bytes, name: str = "model", threads: int = 1, device: str = "cpu") -> None:
        refuse_external_data(data, name)
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # The arena keeps the memory of the largest batch for ever; without it 122 MB were used where it kept 334.
        options.enable_cpu_mem_arena = False
        self._session = _open(data, options, name, device)
        self.name = name
        self.input: str = self._session.get_inputs()[0].name
        self.shape = _shape(self._session.get_inputs()[0].shape)
        self.outputs: list[str] = [output.name for output in self._session.get_outputs()]
        self.output_shapes = {output.name: _shape(output.shape) for output in self._session.get_outputs()}

    def run(self, tensor: FloatArray, outputs: Sequence[str] | None = None) -> dict[str, FloatArray]:
        """Return the outputs by name for one input ``[n, channels, height, width]`` float32.

        Args:
            tensor: the input.
            outputs: which outputs are wanted; None for all.

        Raises:
            ModelError: the network has no such output.
        """
        wanted = list(self.outputs if outputs is None else outputs)
        if missing := set(wanted) - set(self.outputs):
            raise ModelError(f"{self.name} has no output {', '.join(sorted(missing))}")
        values = self._session.run(wanted, {self.input: tensor})
        return dict(zip(wanted, (np.asarray(v, np.float32) for v in values), strict=True))


def require_gpu() -> None:
    """Raise unless an NVIDIA GPU can be expected to be used.

    Raises:
        DeviceError: says why not and what to install.
    """
    with contextlib.redirect_stdout(io.StringIO()):  # it prints what it cannot find; we say so ourselves
        ort.preload_dlls()
    gpu.require(ort.get_available_providers(), Path(ort.__file__).parent / "capi")


def _open(data: bytes, options: ort.SessionOptions, name: str, device: str) -> ort.InferenceSession:
    providers: list[str | tuple[str, dict[str, str]]] = ["CPUExecutionProvider"]
    if device == "cuda":
        require_gpu()
        # What the GPU cannot compute, counting shapes for one, is left to the CPU.
        providers.insert(0, (gpu.PROVIDER, gpu.OPTIONS))
    try:
        # By its own fallback onnxruntime would go over to the CPU at any error, even in the middle of its work.
        session = ort.InferenceSession(data, options, providers=providers, enable_fallback=0)
    except Exception as error:  # onnxruntime's own errors share no base class but this
        if device == "cuda" and "cud" in str(error).lower():
            raise DeviceError(f"--device cuda cannot be used: {error}") from error
        raise ModelError(f"{name} cannot be loaded: {error}") from error
    if device == "cuda":
        gpu.refused(session.get_providers())
    return session


def _shape(found: Sequence[int | str | None]) -> tuple[int, ...]:
    return tuple(side if isinstance(side, int) else -1 for side in found)


def version() -> str:
    """Return onnxruntime's version."""
    return str(ort.__version__)


def golden_input(shape: tuple[int, ...]) -> FloatArray:
    """Return the fixed input of the self-test: waves of different lengths, -1 to 1, the same on every machine."""
    places = np.arange(int(np.prod(shape)), dtype=np.float64)
    return (0.6 * np.sin(places * 0.37) + 0.4 * np.sin(places * 0.011)).reshape(shape).astype(np.float32)


def golden_sample(output: FloatArray, count: int = 32) -> FloatArray:
    """Return ``count`` values spread evenly over an output: enough to tell a wrong kernel from a right one."""
    flat = output.ravel()
    return np.asarray(flat[np.linspace(0, flat.size - 1, min(count, flat.size)).astype(int)], np.float32)


def self_test(session: Network, shape: tuple[int, ...], expected: Mapping[str, list[float]]) -> float:
    """Return the largest difference between what the session computes on the golden input and what it should.

    Some runtimes computed int8 wrongly on processors that were new to them; nothing else would notice.

    Raises:
        ModelError: an expected output is missing.
    """
    got = session.run(golden_input(shape))
    if missing := set(expected) - set(got):
        raise ModelError(f"{session.name} has no output {', '.join(sorted(missing))}")
    worst = 0.0
    for name, values in expected.items():
        sample = golden_sample(got[name])
        if sample.shape != (len(values),) or not np.isfinite(sample).all():
            return float("inf")
        worst = max(worst, float(np.abs(sample - np.asarray(values, np.float32)).max()))
    return worst


# Field numbers of ONNX's protobuf messages that lead to tensors, and of the tensor's mark "my data is elsewhere".
_MODEL: Final = {7: "graph"}
_CHILDREN: Final[dict[str, dict[int, str]]] = {
    "model": _MODEL,
    "graph": {1: "node", 5: "tensor"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph"},
    "tensor": {},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14


def refuse_external_data(data: bytes, name: str = "model") -> None:
    """Raise unless ``data`` is an ONNX model that holds all its own weights.

    A model that names other files could read any file of the machine, or change after its hash was checked.

    Raises:
        ModelError: not ONNX (pickles and archives end here), or with external data.
    """
    found_graph = False
    todo: list[tuple[str, memoryview]] = [("model", memoryview(data))]
    while todo:
        kind, view = todo.pop()
        for number, value in _fields(view, name):
            if kind == "tensor" and (number == _EXTERNAL_DATA or (number == _DATA_LOCATION and value == 1)):
                raise ModelError(f"{name} keeps weights in another file: export it with external_data=False")
            child = _CHILDREN[kind].get(number)
            if child is not None and isinstance(value, memoryview):
                found_graph = found_graph or child == "graph"
                todo.append((child, value))
    if not found_graph:
        raise ModelError(f"{name} is not an ONNX model")


def _fields(view: memoryview, name: str) -> Iterator[tuple[int, memoryview | int]]:
    """Walk the fields of one protobuf message: (number, bytes or integer)."""
    at = 0
    while at < len(view):
        key, at = _varint(view, at, name)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(view, at, name)
            yield number, value
            continue
        if wire == 2:
            size, at = _varint(view, at, name)
        elif wire in (1, 5):
            size = 8 if wire == 1 else 4
        else:
            raise ModelError(f"{name} is not an ONNX model")
        if at + size > len(view):
            raise ModelError(f"{name} is truncated or not an ONNX model")
        yield number, view[at : at + size]
        at += size


def _varint(view: memoryview, at: int, name: str) -> tuple[int, int]:
    value = shift = 0
    while at < len(view) and shift < 64:
        byte = view[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ModelError(f"{name} is truncated or not an ONNX model")
