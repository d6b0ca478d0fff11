"""Single pictures from files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from mien.core import codec
from mien.core.errors import SourceError
from mien.core.types import Frame

LIMITS: Final = codec.Limits(max_bytes=256 * 2**20, max_pixels=codec.UPLOAD.max_pixels, max_scans=100)
"""Files that a user names cost no network: a lossless picture of the largest size is let through."""


def read(path: Path) -> Frame:
    """Read a JPEG, PNG or WebP file, turned upright by its EXIF orientation.

    Raises:
        PictureError: the file is no picture that can be decoded within `LIMITS`.
        SourceError: the file cannot be read.
    """
    return Frame(codec.decode(read_bytes(path, LIMITS.max_bytes), limits=LIMITS, name=str(path)), source=str(path))


def read_bytes(path: Path, most: int) -> bytes:
    """Return a file's bytes, never more than ``most`` + 1 of them.

    Raises:
        SourceError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}): check the path and your rights") from error
