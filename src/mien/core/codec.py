"""From encoded pictures to pixels and back; the only place in Mien where foreign picture bytes are decoded.

The file's header is read first (`headers`), so that a picture too large or too costly is refused before a decoder
sees it. JPEG goes through libjpeg-turbo, PNG and WebP through OpenCV. Of an animation the first frame is taken;
transparent pixels are laid on white; 16-bit samples keep their upper eight bits.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import simplejpeg
from numpy.typing import NDArray

from mien.core import headers
from mien.core.errors import PictureError
from mien.core.headers import Header
from mien.core.types import Image


@dataclass(frozen=True, slots=True)
class Limits:
    """What a picture may cost.

    Attributes:
        max_bytes: of the encoded picture.
        max_pixels: width × height; a picture with 16 bits per channel counts double.
        max_scans: passes over a JPEG; ordinary progressive files have about 10.
    """

    max_bytes: int
    max_pixels: int
    max_scans: int


UPLOAD: Final = Limits(max_bytes=32 * 2**20, max_pixels=2**26, max_scans=100)
"""For single pictures that a user hands in."""

LIVE: Final = Limits(max_bytes=4 * 2**20, max_pixels=4096 * 2304, max_scans=25)
"""For the frames of a live stream."""

_DATA_URL: Final = re.compile(r"data:[^,]{0,200}?(;base64)?,", re.IGNORECASE)
_PADDING: Final = re.compile(r"=*$")
# libjpeg's complaints about files that it nevertheless decodes in full; cameras and old encoders write such files.
_HARMLESS: Final = re.compile(
    r"data: \d{1,2} extraneous bytes before marker 0xd9"
    r"|Invalid SOS parameters|unknown JFIF revision|Unknown Adobe color transform"
)
_UPRIGHT: Final[dict[int, Callable[[Image], Any]]] = {
    2: (lambda image: cv2.flip(image, 1)),
    3: (lambda image: cv2.rotate(image, cv2.ROTATE_180)),
    4: (lambda image: cv2.flip(image, 0)),
    5: (lambda image: cv2.transpose(image)),
    6: (lambda image: cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE)),
    7: (lambda image: cv2.rotate(cv2.transpose(image), cv2.ROTATE_180)),
    8: (lambda image: cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE)),
}


def decode(data: bytes, *, limits: Limits = UPLOAD, rotate: bool = True, name: str = "picture") -> Image:
    """Decode a JPEG, PNG or WebP picture.

    Args:
        data: the encoded picture.
        limits: what it may cost.
        rotate: turn it upright as its EXIF orientation says; live frames are taken as they are.
        name: what the picture is called in error messages.

    Returns:
        BGR uint8 ``[H, W, 3]``.

    Raises:
        PictureError: empty, of another type, too large, too complex, cut short or damaged.
    """
    if len(data) > limits.max_bytes:
        raise PictureError(
            f"{name} has {len(data)} bytes, more than the {limits.max_bytes} allowed: send a smaller picture",
            "too_large",
        )
    header = headers.read(data, name)
    _check(header, limits, name)
    try:
        image = _jpeg(data, header) if header.kind == "jpeg" else _other(data, header)
    except (cv2.error, ValueError, KeyError, MemoryError) as error:
        raise _damaged(name, header, error) from error
    if image is None or image.shape[:2] != (header.height, header.width):
        raise _damaged(name, header, None)
    upright = _UPRIGHT[header.orientation](image) if rotate and header.orientation in _UPRIGHT else image
    return np.ascontiguousarray(upright, dtype=np.uint8)


def encode_jpeg(image: Image, quality: int = 85) -> bytes:
    """Encode BGR uint8 ``[H, W, 3]`` as JPEG with 4:2:0 colour; quality 1–100."""
    data = simplejpeg.encode_jpeg(np.ascontiguousarray(image), quality, "BGR", "420")
    return bytes(data)


def from_text(text: str, *, limits: Limits = UPLOAD, name: str = "picture") -> bytes:
    """Return the bytes that base64 text or a ``data:…;base64,`` URL stands for.

    White space, the URL-safe alphabet (RFC 4648 §5) and missing padding are accepted; anything else that is not
    base64 is refused, never skipped.

    Raises:
        PictureError: empty, too long, or not base64.
    """
    if len(text) > limits.max_bytes * 3 // 2 + 1024:
        raise PictureError(f"{name} is longer than {limits.max_bytes} bytes allow: send a smaller picture", "too_large")
    text = text.strip()
    if text[:5].lower() == "data:":
        prefix = _DATA_URL.match(text)
        if prefix is None or prefix[1] is None:
            raise PictureError(f"{name} is a data URL without ;base64, : encode it as base64", "bad_encoding")
        text = text[prefix.end() :]
    text = "".join(text.split())
    if not text:
        raise PictureError(f"{name} is empty: send the base64 of a JPEG, PNG or WebP file", "empty")
    if ("-" in text or "_" in text) and not ("+" in text or "/" in text):
        text = text.replace("-", "+").replace("_", "/")
    if "=" not in text:
        text += "=" * (-len(text) % 4)
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise PictureError(f"{name} is not valid base64 ({error}): encode the file's bytes", "bad_encoding") from error


def _check(header: Header, limits: Limits, name: str) -> None:
    """Refuse what is too large, too complex, empty or unfinished before any decoder sees it."""
    size = f"{header.width}×{header.height}"
    if header.width < 1 or header.height < 1:
        raise PictureError(f"{name} claims a size of {size}: it is damaged, save it again", "truncated")
    if header.width * header.height * (2 if header.bits > 8 else 1) > limits.max_pixels:
        raise PictureError(
            f"{name} has {size} pixels of {header.bits} bits, more than the {limits.max_pixels} allowed: scale it down",
            "too_large",
        )
    if header.scans > limits.max_scans:
        raise PictureError(
            f"{name} has {header.scans} scans, more than the {limits.max_scans} allowed: save it as a plain JPEG",
            "too_complex",
        )
    if not header.complete or not header.scans:
        raise PictureError(f"{name} is cut short: send the whole file", "truncated")
    if header.kind == "jpeg" and (header.bits != 8 or header.channels not in (1, 3, 4)):
        raise PictureError(
            f"{name} is a JPEG with {header.channels} channels of {header.bits} bits: save it as 8-bit colour",
            "unsupported_type",
        )


def _jpeg(data: bytes, header: Header) -> Image | None:
    """Decode a JPEG; strictly, since a tolerant decoder fills what is missing with grey."""
    if header.channels == 4:
        return _opencv(data, cv2.IMREAD_COLOR)
    try:
        # The decoder's own reading of the header must agree with ours before it may allocate anything.
        height, width = simplejpeg.decode_jpeg_header(data)[:2]
        if (height, width) != (header.height, header.width):
            raise ValueError(f"it claims to be {header.width}×{header.height} and {width}×{height} at once")
        image = simplejpeg.decode_jpeg(data, "BGR")
    except KeyError:
        return _opencv(data, cv2.IMREAD_COLOR)
    except ValueError as error:
        if "subsampling" in str(error):  # a colour grid that TurboJPEG has no name for, though libjpeg decodes it
            return _opencv(data, cv2.IMREAD_COLOR)
        if not _HARMLESS.search(str(error)):
            raise
        image = simplejpeg.decode_jpeg(data, "BGR", strict=False)
    return np.asarray(image, dtype=np.uint8)


def _other(data: bytes, header: Header) -> Image | None:
    if not header.alpha:
        return _opencv(data, cv2.IMREAD_COLOR)
    image = _opencv(data, cv2.IMREAD_UNCHANGED)
    return None if image is None else on_white(image)


def _opencv(data: bytes, flag: int) -> Image | None:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        return None
    pixels: NDArray[Any] = np.asarray(image)
    return np.asarray(pixels >> 8 if pixels.dtype == np.uint16 else pixels, dtype=np.uint8)


def on_white(image: Image) -> Image:
    """Lay BGRA ``[H, W, 4]`` on white; grey ``[H, W]`` and BGR are brought to BGR ``[H, W, 3]``."""
    if image.ndim == 2:
        return np.asarray(cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), dtype=np.uint8)
    if image.shape[2] == 3:
        return image
    alpha = cv2.cvtColor(np.ascontiguousarray(image[:, :, 3]), cv2.COLOR_GRAY2BGR)
    colour = cv2.cvtColor(image, cv2.COLOR_BGRA2BGR)
    return np.asarray(cv2.add(cv2.multiply(colour, alpha, scale=1 / 255), cv2.bitwise_not(alpha)), dtype=np.uint8)


def _damaged(name: str, header: Header, error: Exception | None) -> PictureError:
    why = f" ({str(error).strip().splitlines()[-1]})" if error is not None and str(error).strip() else ""
    kind = header.kind.upper()
    return PictureError(f"{name} is a damaged or unfinished {kind}{why}: send the whole file", "truncated")
