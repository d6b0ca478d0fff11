"""Requests of the Open Inference Protocol for one network: what they ask, and the answer's bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from mien.core.types import FloatArray
from mien.models import oip, zoo
from mien.models.oip import TensorError
from mien.models.spec import MULTIPLE

MAX_BATCH: Final = 64
"""Pictures or faces of one request."""
MAX_VALUES: Final = 2**23
"""Values of one request's tensor: 32 MB, a colour picture of 1920×1440."""
MAX_ID: Final = 256


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What a request asks of a network.

    Attributes:
        tensor: the input.
        outputs: names, in the order of the answer.
        binary: those of them that are to come as bytes.
        id: the request's, for the answer.
    """

    tensor: FloatArray
    outputs: tuple[str, ...]
    binary: frozenset[str]
    id: str | None


def read(body: bytes, length: str | None, model: zoo.Model) -> Asked:
    """Read a request.

    Args:
        body: as it came.
        length: the value of the header `mien.models.oip.HEADER`, None when there was none.
        model: that is asked.

    Raises:
        TensorError: it is none, or the network cannot compute on it.
    """
    head, rest = oip.split(body, length)
    network = model.session
    found = oip.tensors(head.get("inputs"), rest, MAX_VALUES)
    if list(found) != [network.input]:
        raise TensorError(f"{model.spec.name} has one input, {network.input!r}: got {str(list(found))[:100]}")
    tensor = found[network.input]
    check(tensor, model)
    outputs, binary = _outputs(head, network.outputs)
    number = head.get("id")
    if number is not None and not (isinstance(number, str) and len(number) <= MAX_ID):
        raise TensorError(f"id must be a text of at most {MAX_ID} characters")
    return Asked(tensor, outputs, binary, number)


def check(tensor: FloatArray, model: zoo.Model) -> None:
    """Raise unless a network can compute on a tensor.

    Raises:
        TensorError: says what the network wants.
    """
    shape, wanted = tensor.shape, model.session.shape
    if len(shape) != len(wanted) or any(w not in (-1, s) for s, w in zip(shape, wanted, strict=True)):
        raise TensorError(f"{model.spec.name} wants shape {list(wanted)} (-1 is any), got {list(shape)}")
    if shape[0] > MAX_BATCH:
        raise TensorError(f"{shape[0]} at once are more than {MAX_BATCH}: send fewer")
    if model.spec.kind == "detector" and any(side % MULTIPLE for side in shape[2:]):
        raise TensorError(f"height and width must be multiples of {MULTIPLE}, got {list(shape[2:])}")
    if not np.isfinite(tensor).all():
        raise TensorError("the values must be finite numbers")


def _outputs(head: Mapping[str, Any], known: Sequence[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Return the outputs that are asked for, and those that are to come as bytes."""
    all_binary = _flag(head, "binary_data_output")
    asked = head.get("outputs")
    if asked is None or asked == []:
        return tuple(known), frozenset(known if all_binary else ())
    names: dict[str, bool] = {}
    for entry in asked if isinstance(asked, list) else [asked]:
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or name not in known:
            raise TensorError(f"there is no output {str(name)[:100]!r}: there are {', '.join(known)}")
        if _parameters(entry).get("classification"):
            raise TensorError("this server does not sort outputs by class: ask for them as they are")
        names[name] = _flag(entry, "binary_data", all_binary)
    return tuple(names), frozenset(name for name, binary in names.items() if binary)


def _flag(entry: Mapping[str, Any], name: str, default: bool = False) -> bool:
    value = _parameters(entry).get(name, default)
    if not isinstance(value, bool):
        raise TensorError(f"{name} must be true or false, got {str(value)[:100]}")
    return value


def _parameters(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    parameters = entry.get("parameters") or {}
    if not isinstance(parameters, dict):
        raise TensorError("parameters must be a JSON object")
    return parameters


def answer(model: zoo.Model, asked: Asked, results: Mapping[str, FloatArray]) -> tuple[bytes, int | None]:
    """Return the answer's body, and the length of its JSON where bytes stand behind it."""
    entries, parts = [], []
    for name in asked.outputs:
        values = results[name]
        if name in asked.binary:
            parts.append(oip.to_binary(values))
            more: dict[str, Any] = {"parameters": {"binary_data_size": len(parts[-1])}}
        else:
            more = {"data": values.ravel().tolist()}
        entries.append(oip.describe(name, values.shape, **more))
    head = {"model_name": model.spec.name, "model_version": model.spec.version, "outputs": entries}
    if asked.id is not None:
        head["id"] = asked.id
    body, length = oip.join(head, parts)
    return body, length if parts else None


def metadata(model: zoo.Model) -> dict[str, Any]:
    """Return what the protocol tells of a model; ``parameters`` says which file it is."""
    network, spec = model.session, model.spec
    return {
        "name": spec.name,
        "versions": [spec.version],
        "platform": "onnxruntime_onnx",
        "inputs": [oip.describe(network.input, network.shape)],
        "outputs": [oip.describe(name, network.output_shapes[name]) for name in network.outputs],
        "parameters": {"precision": model.precision, "sha256": spec.files[model.precision].sha256},
    }
