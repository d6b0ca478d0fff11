"""From a trained network to a file that the product loads: ONNX with everything inside, and its manifest entry.

The fp32 file stores its weights as half-precision numbers and computes in single precision: the runtime converts them
once at load. That halves the file; what it changes is far below what int8 changes, and is measured at export.
"""

from __future__ import annotations

import hashlib
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from mien.core.errors import ModelError
from mien.core.types import FloatArray
from mien.models import zoo
from mien.models.runtime import Session, golden_input, golden_sample
from mien.models.spec import InputSpec

MAX_BYTES = 1_500_000
OPSET = 20
EXPLAINING = ("maps",)
"""Outputs that the self-test leaves out: single places differ more by rounding than the logits, which are their means,
and would make its tolerance wide."""


@dataclass(frozen=True, slots=True)
class Exportable:
    """A network ready for export, and what its manifest entry says.

    Attributes:
        net: in evaluation mode, batch norms folded.
        name: in the zoo.
        kind: ``emotion``, ``detector`` …
        spec: what it reads.
        shape: of the example input and of the self-test, ``[n, channels, height, width]``.
        outputs: names, in the order in which the network returns them.
        dynamic: which axes of the input may vary: axis → name.
        labels: of the classes, by output.
        licence: of the weights.
        training: data, command and so on, for people.
        keep_fp32: names of outputs whose last layer must not be quantised.
    """

    net: nn.Module
    name: str
    kind: str
    spec: InputSpec
    shape: tuple[int, int, int, int]
    outputs: tuple[str, ...]
    dynamic: Mapping[int, str]
    labels: Mapping[str, list[str]] = field(default_factory=dict)
    licence: str = "Apache-2.0"
    training: Mapping[str, Any] = field(default_factory=dict)
    thresholds: Mapping[str, float] = field(default_factory=dict)


def export(model: Exportable, folder: Path) -> Path:
    """Write ``weights/NAME.fp32.onnx`` and the entry in ``manifest.json`` below ``folder``; return the ONNX file.

    Raises:
        ModelError: the file is too large, or does not compute what the network computes.
    """
    path = folder / "weights" / f"{model.name}.fp32.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    proto = halve_weights(to_onnx(model))
    data = proto.SerializeToString()
    if len(data) > MAX_BYTES:
        raise ModelError(f"{model.name} takes {len(data):,} bytes, more than {MAX_BYTES:,}")
    tensor = golden_input(model.shape)
    with torch.no_grad():
        wanted = model.net.eval()(torch.from_numpy(tensor))
    wanted = wanted if isinstance(wanted, tuple | list) else (wanted,)
    got = Session(data, model.name).run(tensor)
    for name, value in zip(model.outputs, wanted, strict=True):
        off = float(np.abs(got[name] - value.numpy()).max())
        span = max(float(value.abs().max()), 1.0)
        if not off <= 0.02 * span:
            raise ModelError(f"{model.name}: the exported file's {name} is off by {off:.3g}")
    path.write_bytes(data)
    write_entry(folder, model.name, _entry(model, data, path, got))
    return path


def _entry(model: Exportable, data: bytes, path: Path, got: Mapping[str, np.ndarray]) -> dict[str, Any]:
    return {
        "kind": model.kind,
        "version": date.today().isoformat(),
        "licence": model.licence,
        "files": {"fp32": file_entry(path, data, got, tolerance=1e-3)},
        "input": model.spec.to_json(),
        "golden_shape": list(model.shape),
        "labels": dict(model.labels),
        "temperature": 1.0,
        "thresholds": dict(model.thresholds),
        "training": dict(model.training),
        "metrics": {},
    }


def file_entry(path: Path, data: bytes, got: Mapping[str, FloatArray], tolerance: float) -> dict[str, Any]:
    """Return the manifest's entry for one file.

    Args:
        path: of the file.
        data: its bytes.
        got: its outputs for the golden input.
        tolerance: how far off the self-test may be, as a share of the largest output.
    """
    tested = {name: value for name, value in got.items() if name not in EXPLAINING}
    span = max(float(np.abs(v).max()) for v in tested.values())
    return {
        "file": path.name,
        "sha256": hashlib.sha256(data).hexdigest(),
        "bytes": len(data),
        "golden": {name: [round(float(v), 5) for v in golden_sample(value)] for name, value in tested.items()},
        "tolerance": round(max(tolerance * span, 1e-3), 5),
    }


def write_entry(folder: Path, name: str, entry: Mapping[str, Any]) -> None:
    """Put one model's entry into ``folder``'s manifest, beside the others."""
    path = folder / "manifest.json"
    manifest: dict[str, Any] = zoo.read_manifest(path) if path.exists() else {"schema": 1, "models": {}}
    manifest["models"][name] = dict(entry)
    manifest["models"] = dict(sorted(manifest["models"].items()))
    path.write_text(json.dumps(manifest, indent=2) + "\n")
    zoo.catalogue.cache_clear()


def to_onnx(model: Exportable) -> Any:
    """Trace the network to ONNX, all weights inside."""
    net = model.net.eval().to("cpu", torch.float32)
    example = torch.from_numpy(golden_input((2, *model.shape[1:])))
    # A batch axis has a name; heights and widths may be derived from each other inside the network, so they are free.
    axes: dict[int, Any] = {
        axis: torch.export.Dim(name) if axis == 0 else torch.export.Dim.DYNAMIC for axis, name in model.dynamic.items()
    }
    with warnings.catch_warnings():
        # The exporter of this release warns about calls that it makes itself.
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            net,
            (example,),
            input_names=["image"],
            output_names=list(model.outputs),
            dynamic_shapes=(axes,),
            dynamo=True,
            external_data=False,
            opset_version=OPSET,
            verbose=False,
        )
    assert program is not None
    proto: Any = program.model_proto
    # The tracer notes the source line of every node: paths of the machine that exported, and a third of a small file.
    for node in proto.graph.node:
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    proto.ClearField("metadata_props")
    proto.graph.ClearField("metadata_props")
    del proto.graph.value_info[:]
    onnx.checker.check_model(proto, full_check=True)
    return proto


def halve_weights(proto: Any) -> Any:
    """Store large float32 weights as float16 with a cast behind each, which the runtime folds away at load."""
    graph = proto.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type != TensorProto.FLOAT or np.prod(tensor.dims) < 64:
            continue
        name = tensor.name
        half = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}_half")
        tensor.CopyFrom(half)
        casts.append(helper.make_node("Cast", [half.name], [name], name=f"{name}_cast", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(proto)
    return proto
