"""Tensors on the wire, as the Open Inference Protocol v2 has them: JSON, and bytes behind the JSON.

https://github.com/kserve/open-inference-protocol, with Triton's extension for binary tensors:
https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/protocol/extension_binary_data.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import orjson

from mien.core.errors import InputError
from mien.core.types import FloatArray

HEADER: Final = "Inference-Header-Content-Length"
"""The HTTP header that says how many bytes of a body are JSON; the rest is tensors."""
TYPE: Final = "FP32"
BINARY: Final = "application/octet-stream"
_LITTLE: Final = np.dtype("<f4")


class TensorError(InputError):
    """A message of the protocol that does not hold what it should."""

    code = "bad_tensor"


def describe(name: str, shape: Sequence[int], **more: Any) -> dict[str, Any]:
    """Return the entry of a tensor."""
    return {"name": name, "datatype": TYPE, "shape": list(shape), **more}


def join(head: Mapping[str, Any], parts: Sequence[bytes]) -> tuple[bytes, int]:
    """Return a message's body and the length of the JSON in it."""
    text = orjson.dumps(head)
    return b"".join([text, *parts]), len(text)


def split(body: bytes, length: str | None) -> tuple[dict[str, Any], memoryview]:
    """Take a body apart into its JSON object and the bytes behind it.

    Args:
        body: as it came.
        length: the value of `HEADER`; None where all is JSON.

    Raises:
        TensorError: the length is none, or what should be JSON is not an object.
    """
    if length is not None and not (length.isdecimal() and int(length) <= len(body)):
        raise TensorError(f"{HEADER} must be a number of bytes of this body, got {length[:20]!r}")
    end = len(body) if length is None else int(length)
    view = memoryview(body)
    try:
        head = orjson.loads(view[:end])
    except orjson.JSONDecodeError as error:
        raise TensorError(f"this is not JSON: {error}") from None
    if not isinstance(head, dict):
        raise TensorError("send a JSON object")
    return head, view[end:]


def shape_of(entry: Mapping[str, Any], most: int) -> tuple[int, ...]:
    """Return the shape of a tensor's entry.

    Raises:
        TensorError: it is none, or one of more than ``most`` values.
    """
    shape = entry.get("shape")
    whole = isinstance(shape, list) and shape and all(type(side) is int and side >= 1 for side in shape)
    if not whole or not isinstance(shape, list):
        raise TensorError(f"shape must be a list of whole numbers of at least 1, got {str(shape)[:100]}")
    count = 1
    for side in shape:
        count *= side
        if count > most:
            raise TensorError(f"a tensor of shape {str(shape)[:100]} has more than {most} values: send fewer at once")
    return tuple(shape)


def binary_size(entry: Mapping[str, Any]) -> int | None:
    """Return how many bytes of a tensor stand behind the JSON; None when its values are in the JSON.

    Raises:
        TensorError: the number is none.
    """
    parameters = entry.get("parameters") or {}
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    if size is not None and (type(size) is not int or size < 0):
        raise TensorError(f"binary_data_size must be a number of bytes, got {str(size)[:100]}")
    return size


def from_binary(data: memoryview, shape: Sequence[int]) -> FloatArray:
    """Return float32 values that came as little-endian bytes.

    Raises:
        TensorError: there are more or fewer than the shape says.
    """
    count = int(np.prod(shape))
    if len(data) != 4 * count:
        raise TensorError(f"{len(data)} bytes are not the {4 * count} of a tensor of shape {list(shape)} in {TYPE}")
    return np.frombuffer(data, _LITTLE).reshape(shape).astype(np.float32, copy=False)


def from_json(data: Any, shape: Sequence[int]) -> FloatArray:
    """Return float32 values that came as a list, flat or nested.

    Raises:
        TensorError: they are no numbers, or more or fewer than the shape says.
    """
    try:
        values = np.asarray(data, np.float64) if isinstance(data, list) else None
    except (TypeError, ValueError, OverflowError):
        values = None
    if values is None or values.size != int(np.prod(shape)) or list(values.shape) not in ([values.size], list(shape)):
        raise TensorError(f'"data" must be a list of {int(np.prod(shape))} numbers for the shape {list(shape)}')
    with np.errstate(over="ignore"):
        return values.reshape(shape).astype(np.float32)


def to_binary(values: FloatArray) -> bytes:
    """Return values as little-endian bytes."""
    return np.ascontiguousarray(values, _LITTLE).tobytes()


def tensors(entries: Any, rest: memoryview, most: int) -> dict[str, FloatArray]:
    """Return the tensors of a message by name.

    Args:
        entries: the message's ``inputs`` or ``outputs``.
        rest: the bytes behind its JSON.
        most: values of one tensor.

    Raises:
        TensorError: an entry is none, of another type than `TYPE`, or bytes are missing or left over.
    """
    found: dict[str, FloatArray] = {}
    at = 0
    for entry in entries if isinstance(entries, list) else [entries]:
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str):
            raise TensorError("every tensor needs a name, a shape, a datatype and data")
        if entry.get("datatype") != TYPE:
            raise TensorError(f"{name[:100]} must have the datatype {TYPE}, got {str(entry.get('datatype'))[:100]}")
        shape, size = shape_of(entry, most), binary_size(entry)
        if size is None:
            found[name] = from_json(entry.get("data"), shape)
        else:
            found[name] = from_binary(rest[at : at + size], shape)
            at += size
    if at != len(rest):
        raise TensorError(f"{len(rest) - at} bytes behind the tensors belong to none of them")
    return found
