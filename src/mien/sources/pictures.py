"""Single pictures, from files or from what a program holds."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from mien.core import codec
from mien.core.errors import PictureError, SourceError
from mien.core.types import Frame, Image

LIMITS: Final = codec.Limits(max_bytes=256 * 2**20, max_pixels=codec.UPLOAD.max_pixels, max_scans=100)
"""Files that a user names cost no network: a lossless picture of the largest size is let through."""


class PillowImage(Protocol):
    """A picture of Pillow's (``PIL.Image.Image``), which Mien takes but does not need."""

    def convert(self, mode: str, /) -> Any:
        """Return it in another mode."""
        ...

    def getexif(self) -> Any:
        """Return what its file says of it."""
        ...


Picture = str | Path | bytes | bytearray | memoryview | BinaryIO | NDArray[Any] | PillowImage | Frame
"""What `take` makes a frame of."""


def take(picture: Picture, index: int = 0, timestamp: float = 0.0) -> Frame:
    """Return a picture as a frame.

    Args:
        picture: a path; a file's bytes, or an open file; ``uint8`` BGR ``[H, W, 3]``, BGRA ``[H, W, 4]`` or grey
            ``[H, W]``; a picture of Pillow's; a frame, which is returned as it is.
        index: number of the frame.
        timestamp: in seconds.

    Raises:
        PictureError: it is none of these, or cannot be decoded within `LIMITS`.
        SourceError: the file cannot be read.
    """
    if isinstance(picture, Frame):
        return picture
    if isinstance(picture, str | Path):
        return read(Path(picture))
    if isinstance(picture, bytes | bytearray | memoryview):
        return Frame(codec.decode(bytes(picture), limits=LIMITS), index, timestamp)
    if isinstance(picture, np.ndarray):
        return Frame(_bgr(picture), index, timestamp)
    if _of_pillow(picture):
        return Frame(_from_pillow(picture), index, timestamp)
    if hasattr(picture, "read"):
        return take(picture.read(LIMITS.max_bytes + 1), index, timestamp)
    if picture is None:
        raise PictureError("the picture is None: cv2.imread gives that for a file that it cannot read", "empty")
    raise PictureError(
        f"a {type(picture).__name__} is no picture: give a path, a file's bytes, a uint8 array or a Pillow image",
        "unsupported_type",
    )


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


def _bgr(array: NDArray[Any]) -> Image:
    """Return grey, BGR or BGRA as BGR.

    Raises:
        PictureError: another type or shape, or no pixels; says how to make it one of these.
    """
    what = f"the array is {array.dtype} {list(array.shape)}"
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if not (array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))):
        first = array.ndim == 3 and array.shape[0] in (1, 3, 4)
        hint = "np.moveaxis(array, 0, 2) puts the colours last" if first else "give one picture at a time"
        raise PictureError(f"{what}, and a picture is [H, W, 3], [H, W, 4] or [H, W]: {hint}", "unsupported_type")
    if array.dtype != np.uint8:
        hint = "(array * 255).astype(np.uint8)" if array.dtype.kind == "f" else "array.astype(np.uint8)"
        raise PictureError(f"{what}, and pixels are uint8 from 0 to 255: for instance {hint}", "unsupported_type")
    if not array.size:
        raise PictureError(f"{what}: it has no pixels", "empty")
    return codec.on_white(array)


def _of_pillow(value: Any) -> bool:
    module = sys.modules.get("PIL.Image")  # who hands in a picture of Pillow's has loaded it
    return module is not None and isinstance(value, module.Image)


def _from_pillow(picture: Any) -> Image:
    """Return a picture of Pillow's as BGR, upright like one that is read from a file."""
    if picture.mode.startswith("I;16"):
        return _bgr((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.mode in ("I", "F"):
        raise PictureError(f"the picture has Pillow's mode {picture.mode}: scale it to 0-255 and convert('L')")
    upright = importlib.import_module("PIL.ImageOps").exif_transpose(picture)
    pixels = np.asarray(upright.convert("RGBA"))
    return _bgr(pixels[:, :, [2, 1, 0, 3]])
