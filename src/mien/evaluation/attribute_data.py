"""Faces with annotated age and gender, in the Parquet layout of the data folder.

Columns: ``image`` (an encoded crop around one aligned face), ``age`` (years), ``gender`` (0 male, 1 female, as
annotated), and optionally ``group`` (annotated ethnicity: 0 White, 1 Black, 2 Asian, 3 Indian, 4 other). The group
is there to measure how even the errors are and for nothing else; no model predicts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from mien.core.errors import InputError, MissingDependencyError
from mien.core.types import FloatArray, Image, IntArray

GROUPS: Final = ("White", "Black", "Asian", "Indian", "other")
OLDEST: Final = 116


@dataclass(frozen=True, slots=True, eq=False)
class AttributeSet:
    """Labelled faces.

    Attributes:
        name: of the set.
        images: BGR uint8 ``[n, h, w, 3]``, one face each.
        age: in years ``[n]``.
        gender: ``[n]``, 1 female, 0 male.
        group: ``[n]`` of `GROUPS`; None where it was not annotated.
    """

    name: str
    images: Image
    age: FloatArray
    gender: IntArray
    group: IntArray | None = None

    def __len__(self) -> int:
        return len(self.images)


def read(path: Path) -> AttributeSet:
    """Read a Parquet file.

    Raises:
        InputError: missing, without a column or rows, pictures of different sizes, or a row that makes no sense.
        MissingDependencyError: pyarrow is not installed.
    """
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise MissingDependencyError("reading Parquet needs pyarrow: pip install 'mien[columnar]'") from error
    if not path.is_file():
        raise InputError(f"there is no data set {path}: give a Parquet file with image, age and gender")
    names = set(parquet.read_schema(path).names)
    if missing := {"image", "age", "gender"} - names:
        raise InputError(f"{path} lacks the column(s) {', '.join(sorted(missing))}")
    wanted = ["image", "age", "gender", *(["group"] if "group" in names else [])]
    table = parquet.read_table(path, columns=wanted)
    if not len(table):
        raise InputError(f"{path} holds no faces")
    images = [_decode(data, f"row {row} of {path}") for row, data in enumerate(table["image"].to_pylist())]
    if len({image.shape for image in images}) != 1:
        raise InputError(f"{path}: the pictures must all have one size")
    return AttributeSet(
        path.stem,
        np.stack(images),
        _numbers(table, "age", OLDEST, path).astype(np.float32),
        _numbers(table, "gender", 1, path).astype(np.int64),
        _numbers(table, "group", len(GROUPS) - 1, path).astype(np.int64) if "group" in names else None,
    )


def _numbers(table: Any, column: str, most: int, path: Path) -> FloatArray:
    values = table[column].to_numpy(zero_copy_only=False).astype(np.float32)
    bad = np.flatnonzero(~((values >= 0) & (values <= most)))
    if len(bad):
        raise InputError(f"row {bad[0]} of {path}: {column} must lie between 0 and {most}, got {values[bad[0]]:g}")
    return np.asarray(values, np.float32)


def _decode(data: bytes | None, name: str) -> Image:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if image is None:
        raise InputError(f"{name} is not a picture that can be read")
    return np.asarray(image, np.uint8)
