"""Samples as small arrays of whole numbers, packed for the disk, and the sums that timelines are made of.

A face on a frame is a row of `FACE`, a frame a row of `FRAME`: ``int32``, each value times its column's scale,
`UNKNOWN` where it is not known. Packed, only the differences to the row before are kept, low bytes beside low bytes,
deflated (RFC 1950): about twenty bytes a face.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mien.core.errors import StoreError
from mien.core.labels import EMOTIONS
from mien.core.types import SIGNALS, FrameResult

Rows = NDArray[np.int32]
Sums = NDArray[np.int64]

UNKNOWN: Final = -(2**31)

FRAME: Final[dict[str, int]] = {"time": 1, "width": 1, "height": 1, "faces": 1}
FACE: Final[dict[str, int]] = {
    "time": 1,
    "shown_for": 1,
    **dict.fromkeys(("x1", "y1", "x2", "y2"), 10),
    "score": 1000,
    "emotion": 1,
    "uncertain": 1,
    **{f"p_{name}": 1000 for name in EMOTIONS},
    **dict.fromkeys(("yaw", "pitch", "roll"), 10),
    **dict.fromkeys(("eyes_open", "mouth_open"), 1000),
    "blinks": 1,
    "perclos": 1000,
    "quality": 1000,
    "reason": 1,
    "baseline": 1,
    "satisfaction": 10,
    **dict.fromkeys(SIGNALS[1:], 1000),
    "dominant": 1,
}
"""The columns of a face and their scales. ``time`` in ms, ``shown_for`` the ms since the frame before (at most
`LONGEST`), ``emotion`` an index into `EMOTIONS`, ``reason`` into `REASONS`, ``baseline`` into `BASELINE_STATES`."""

LONGEST: Final = 1000
"""Milliseconds for which one frame may stand at most: a gap belongs to nobody."""

SUMS: Final = (
    "samples",
    "rated",
    "shown_for",
    *(f"ms_{name}" for name in EMOTIONS),
    "ms_uncertain",
    *(f"sum_{name}" for name in EMOTIONS),
    *(f"{part}_{name}" for name in SIGNALS for part in ("sum", "n")),
)
"""What is summed over rows: faces; those with an emotion; ms in view; ms per emotion where it is certain, and where it
is not; probabilities × 1000; each signal times its scale, and how often it is known."""

_AT: Final = {name: place for place, name in enumerate(FACE)}
_P: Final = slice(_AT["p_neutral"], _AT["p_neutral"] + len(EMOTIONS))
_HEAD: Final = struct.Struct("<BHI")
_FORMAT: Final = 1


def face_rows(result: FrameResult, time: int, shown_for: int) -> tuple[Rows, NDArray[np.int64]]:
    """Return a frame's faces that have tracks, ``[n, len(FACE)]``, and their tracks ``[n]``.

    Args:
        result: of the frame.
        time: of the frame, in ms.
        shown_for: ms since the frame before.
    """
    faces = result.faces
    n = len(faces)
    if faces.tracks is None or not n:
        return np.empty((0, len(FACE)), np.int32), np.empty(0, np.int64)
    table = np.full((n, len(FACE)), np.nan)

    def put(name: str, values: Any, columns: int = 1) -> None:
        if values is not None:
            at = _AT[name]
            scale = np.array(list(FACE.values())[at : at + columns])
            table[:, at : at + columns] = np.asarray(values, np.float64).reshape(n, columns) * scale

    put("x1", faces.boxes, 4)
    put("score", faces.scores)
    shown = faces.shown
    put("p_neutral", shown, len(EMOTIONS))
    if shown is not None:
        put("emotion", shown.argmax(1) if faces.label is None else faces.label)
        put("uncertain", np.zeros(n) if faces.uncertain is None else faces.uncertain)
    put("yaw", faces.pose, 3)
    for name in ("eyes_open", "mouth_open", "blinks", "perclos", "quality", "dominant"):
        put(name, getattr(faces, name))
    if faces.reason is not None:
        put("reason", np.where(faces.reason < 0, np.nan, faces.reason))
    put("baseline", faces.baseline_state)
    put("satisfaction", faces.signals, len(SIGNALS))
    known = np.isfinite(table)
    limited = np.clip(np.where(known, table, 0), -(2**31) + 1, 2**31 - 1)
    rows = np.where(known, np.rint(limited), UNKNOWN).astype(np.int32)
    rows[:, _AT["time"]], rows[:, _AT["shown_for"]] = time, shown_for
    return rows, faces.tracks


def contributions(rows: Rows) -> Sums:
    """Return ``[n, len(SUMS)]``: what each row ``[n, len(FACE)]`` adds to the sums."""
    n, k = len(rows), len(EMOTIONS)
    added = np.zeros((n, len(SUMS)), np.int64)
    emotion, shown_for = rows[:, _AT["emotion"]], rows[:, _AT["shown_for"]].astype(np.int64)
    rated = emotion != UNKNOWN
    uncertain = rated & (rows[:, _AT["uncertain"]] == 1)
    added[:, 0], added[:, 1], added[:, 2] = 1, rated, shown_for
    certain = np.flatnonzero(rated & ~uncertain)
    added[certain, 3 + emotion[certain]] = shown_for[certain]
    added[:, 3 + k] = np.where(uncertain, shown_for, 0)
    added[:, 4 + k : 4 + 2 * k] = np.where(rated[:, None], rows[:, _P], 0)
    for place, name in enumerate(SIGNALS):
        value = rows[:, _AT[name]]
        known = value != UNKNOWN
        added[:, 4 + 2 * k + 2 * place] = np.where(known, value, 0)
        added[:, 5 + 2 * k + 2 * place] = known
    return added


def column(rows: Rows, name: str) -> Rows:
    """Return one column ``[n]`` of face rows, as it is kept."""
    return rows[:, _AT[name]]


def pack(rows: Rows) -> bytes:
    """Return rows ``[n, k]`` as bytes."""
    n, k = rows.shape
    steps = np.diff(rows, axis=0, prepend=np.zeros((1, k), np.int32))
    folded = (steps << 1) ^ (steps >> 31)  # small numbers of either sign leave the high bytes 0
    planes = np.ascontiguousarray(folded.T).astype("<i4").view(np.uint8).reshape(k, n, 4).transpose(0, 2, 1)
    return _HEAD.pack(_FORMAT, k, n) + zlib.compress(planes.tobytes(), 6)


def unpack(data: bytes) -> Rows:
    """Return the rows that `pack` was given.

    Raises:
        StoreError: the bytes are not what `pack` makes.
    """
    try:
        version, k, n = _HEAD.unpack_from(data)
        planes = np.frombuffer(zlib.decompress(data[_HEAD.size :]), np.uint8)
    except (struct.error, zlib.error) as error:
        raise StoreError(f"a block of samples is damaged ({error}): restore the database from a copy") from error
    if version != _FORMAT or len(planes) != 4 * k * n:
        raise StoreError("a block of samples is damaged or of a newer version: upgrade Mien, or restore a copy")
    folded = np.ascontiguousarray(planes.reshape(k, 4, n).transpose(0, 2, 1)).view("<u4").reshape(k, n)
    steps = (folded >> 1).view(np.int32) ^ -(folded & 1).view(np.int32)
    return np.asarray(np.cumsum(steps, axis=1, dtype=np.int32).T, np.int32)
