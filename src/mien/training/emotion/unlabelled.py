"""Faces that nobody labelled, for a student to learn what its teachers see on them.

The faces of other collections (for age, for detection) show other people, cameras and light than FER2013 does; with
soft labels of the teachers they widen what the student knows (Xie et al. 2020, "Self-training with noisy student
improves ImageNet classification").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from mien.core.errors import InputError, MissingDependencyError
from mien.core.types import Faces, Image
from mien.evaluation.crops import find
from mien.models.detector import Detector
from mien.models.spec import InputSpec

LARGEST_CROP: Final = 128
"""A square picture up to this many pixels is taken for a crop around one face."""
SMALLEST_FACE: Final = 24.0
"""Faces under this size (pixels) show too little."""
LEAST_SCORE: Final = 0.8


def read(paths: Iterable[Path], detector: Detector, spec: InputSpec) -> Image:
    """Return the faces found in the pictures of these Parquet files, cut out as the live path would.

    Args:
        paths: files with a column ``image`` (encoded pictures); no other column is read.
        detector: finds the faces.
        spec: of the network that will read them.

    Returns:
        uint8 ``[n, height, width]``, grey.

    Raises:
        InputError: a file is missing, has no column ``image``, or holds a picture that cannot be decoded.
        MissingDependencyError: pyarrow is not installed.
    """
    cut = [np.empty((0, spec.height, spec.width), np.uint8)]
    cut += [spec.align(image, _large_enough(_faces(image, detector))) for image in _pictures(paths)]
    return np.concatenate(cut)


def _pictures(paths: Iterable[Path]) -> Iterator[Image]:
    try:
        import pyarrow.parquet as parquet
    except ImportError as error:
        raise MissingDependencyError("reading Parquet needs pyarrow: pip install 'mien[columnar]'") from error
    for path in paths:
        if not path.is_file():
            raise InputError(f"there is no set of pictures {path}: give a Parquet file with a column image")
        file = parquet.ParquetFile(path)
        if "image" not in file.schema_arrow.names:
            raise InputError(f"{path} lacks the column image")
        row = 0
        for group in file.iter_batches(256, columns=["image"]):
            for data in group["image"].to_pylist():
                image = cv2.imdecode(np.frombuffer(data or b"", np.uint8), cv2.IMREAD_COLOR) if data else None
                if image is None:
                    raise InputError(f"row {row} of {path} is not a picture that can be read")
                yield np.asarray(image, np.uint8)
                row += 1


def _faces(image: Image, detector: Detector) -> Faces:
    height, width = image.shape[:2]
    return find(image, detector) if height == width <= LARGEST_CROP else detector.detect(image)


def _large_enough(faces: Faces) -> Faces:
    return faces[(faces.sizes >= SMALLEST_FACE) & (faces.scores >= LEAST_SCORE)]
