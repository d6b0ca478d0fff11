"""int8 files from fp32 ones: static quantisation with the development set's own faces for the ranges.

QDQ form, activations uint8, weights int8 per channel with a reduced range, which stays exact on processors without
VNNI.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from mien.core.errors import ModelError
from mien.core.types import FloatArray
from mien.models import zoo
from mien.models.runtime import Session, golden_input
from mien.training.export import MAX_BYTES, file_entry, write_entry


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, name: str, batches: Iterable[FloatArray]) -> None:
        self.name, self.batches = name, iter(batches)

    def get_next(self) -> dict[str, Any] | None:
        batch = next(self.batches, None)
        return None if batch is None else {self.name: batch}


def quantise(
    folder: Path,
    name: str,
    batches: Iterable[FloatArray],
    keep_outputs: bool | Collection[str] = False,
) -> Path:
    """Write ``weights/NAME.int8.onnx`` beside the fp32 file and add it to the manifest.

    Args:
        folder: with ``manifest.json`` and ``weights/``.
        name: of the model.
        batches: inputs to find the activations' ranges on.
        keep_outputs: leave the layers that make the outputs (all, or those of these names) in floating point.

    Raises:
        ModelError: no such model, or a file too large.
    """
    manifest = zoo.read_manifest(folder / "manifest.json")
    if name not in manifest["models"]:
        raise ModelError(f"{folder} holds no model {name!r}: it holds {', '.join(manifest['models'])}")
    entry = manifest["models"][name]
    spec = zoo.parse(name, entry, folder / "weights")
    data = quantised_bytes(zoo.read_checked(spec, "fp32"), batches, keep_outputs)
    if len(data) > MAX_BYTES:
        raise ModelError(f"{name} takes {len(data):,} bytes in int8, more than {MAX_BYTES:,}")
    path = folder / "weights" / f"{name}.int8.onnx"
    path.write_bytes(data)
    # Whole numbers are exact everywhere; what differs between processors is the rounding between layers.
    got = Session(data, name).run(golden_input(spec.golden_shape))
    entry["files"]["int8"] = file_entry(path, data, got, tolerance=0.05)
    entry["files"] = dict(sorted(entry["files"].items()))
    write_entry(folder, name, entry)
    return path


def quantised_bytes(data: bytes, batches: Iterable[FloatArray], keep_outputs: bool | Collection[str]) -> bytes:
    """Return the int8 form of an fp32 ONNX file."""
    proto = widen_weights(onnx.load_from_string(data))
    with tempfile.TemporaryDirectory() as work:
        plain, ready, result = (str(Path(work) / f"{n}.onnx") for n in ("plain", "ready", "result"))
        onnx.save(proto, plain)
        quant_pre_process(plain, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            result,
            _Reader(proto.graph.input[0].name, batches),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=_last_nodes(ready, keep_outputs),
            calibrate_method=CalibrationMethod.MinMax,
        )
        return Path(result).read_bytes()


def _last_nodes(path: str, which: bool | Collection[str]) -> list[str]:
    graph = onnx.load(path).graph
    outputs = {output.name for output in graph.output if which is True or (which and output.name in which)}
    return [node.name for node in graph.node if outputs & set(node.output)]


def widen_weights(proto: Any) -> Any:
    """Undo `export.halve_weights`: the quantiser wants plain float32 weights."""
    graph = proto.graph
    halves = {t.name: t for t in graph.initializer if t.data_type == TensorProto.FLOAT16}
    rest = []
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in halves:
            tensor = halves[node.input[0]]
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float32), node.output[0]))
        else:
            rest.append(node)
    del graph.node[:]
    graph.node.extend(rest)
    return proto


def in_batches(tensor: FloatArray, size: int = 16) -> Iterator[FloatArray]:
    """Cut an input into calibration batches."""
    for start in range(0, len(tensor), size):
        yield tensor[start : start + size]
