"""What a JPEG, PNG or WebP file says about itself, read without decoding a pixel.

Every loop here is bounded by `MAX_SEGMENTS` and every search is linear, so that a hostile file costs no more than an
honest one. Formats: ITU-T T.81 (JPEG), W3C PNG third edition, RFC 9649 (WebP), TIFF 6.0 for the EXIF orientation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mien.core.errors import PictureError

MAX_SEGMENTS: Final = 20_000
"""More segments or chunks than this are no honest picture."""

_OTHERS: Final = (
    (re.compile(rb"GIF8[79]a"), "a GIF"),
    (re.compile(rb"II\*\0|MM\0\*"), "a TIFF"),
    (re.compile(rb"BM"), "a BMP"),
    (re.compile(rb"....ftypavi[fs]", re.DOTALL), "an AVIF"),
    (re.compile(rb"....ftyp(hei|hev|mif1|msf1)", re.DOTALL), "a HEIC"),
    (re.compile(rb"\0\0\0\x0cJXL |\xff\x0a"), "a JPEG XL"),
    (re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"), "a JPEG 2000"),
    (re.compile(rb"%PDF"), "a PDF"),
    (re.compile(rb"\s*<(\?xml|svg|!DOCTYPE)", re.IGNORECASE), "an SVG or other markup"),
)
# A marker that is neither a stuffed byte (FF 00), a fill byte (FF FF) nor a restart (FF D0-D7). Fixed length on
# purpose: a greedy run of FF would make the search quadratic.
_MARKER: Final = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture file claims.

    Attributes:
        kind: ``jpeg``, ``png`` or ``webp``.
        width: in pixels as stored, before any rotation.
        height: in pixels as stored, before any rotation.
        bits: per channel.
        channels: as stored; 4 for a JPEG is CMYK.
        alpha: whether pixels may be transparent.
        scans: how many passes over the picture a JPEG holds; 1 otherwise.
        orientation: EXIF orientation, 1–8.
        complete: whether the file reaches its end mark.
    """

    kind: str
    width: int
    height: int
    bits: int = 8
    channels: int = 3
    alpha: bool = False
    scans: int = 1
    orientation: int = 1
    complete: bool = True


def read(data: bytes, name: str = "picture") -> Header:
    """Read the header of an encoded picture.

    Raises:
        PictureError: empty, of a type that is not accepted, too complex, or cut off within the header.
    """
    if not data:
        raise PictureError(f"{name} is empty: send the bytes of a JPEG, PNG or WebP file", "empty")
    try:
        if data.startswith(b"\xff\xd8\xff"):
            return _jpeg(data, name)
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return _png(data, name)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            return _webp(data, name)
    except IndexError:
        raise PictureError(f"{name} is cut short within its header: send the whole file", "truncated") from None
    seen = next((what for pattern, what in _OTHERS if pattern.match(data)), "no picture that Mien knows")
    raise PictureError(f"{name} is {seen}: convert it to JPEG, PNG or WebP", "unsupported_type")


def _number(data: bytes, start: int, length: int, order: str = "big") -> int:
    part = data[start : start + length]
    if len(part) < length:
        raise IndexError(start)
    return int.from_bytes(part, "big" if order == "big" else "little")


def _too_complex(name: str) -> PictureError:
    return PictureError(f"{name} has over {MAX_SEGMENTS} segments: save it again as a plain picture", "too_complex")


def _jpeg(data: bytes, name: str) -> Header:
    width = height = channels = scans = 0
    bits, orientation, complete, position = 8, 1, False, 2
    for _ in range(MAX_SEGMENTS):
        marker = _MARKER.search(data, position)
        if marker is None:
            break
        code, position = data[marker.start() + 1], marker.end()
        if code == 0xD9:
            complete = True
            break
        if code == 0x01:
            continue
        length = _number(data, position, 2)
        if code in _FRAMES and not width:
            bits, channels = data[position + 2], data[position + 7]
            height, width = _number(data, position + 3, 2), _number(data, position + 5, 2)
        elif code == 0xDA:
            scans += 1
        elif code == 0xE1 and data[position + 2 : position + 8] == b"Exif\0\0":
            orientation = exif_orientation(data[position + 8 : position + length])
        position += max(length, 2)
    else:
        raise _too_complex(name)
    if not width and not complete:
        raise IndexError(position)
    return Header("jpeg", width, height, bits, channels, False, scans, orientation, complete)


def _png(data: bytes, name: str) -> Header:
    if data[12:16] != b"IHDR":
        raise PictureError(f"{name} is a damaged PNG: it does not begin with its header", "truncated")
    width, height, bits, colour = _number(data, 16, 4), _number(data, 20, 4), data[24], data[25]
    alpha, orientation, complete = bool(colour & 4), 1, False
    for kind, start, length in _chunks(data, 8, 12, "big", name):
        if kind == b"IEND":
            # It holds nothing. One that claims gigabytes would be given them by OpenCV before it reads on.
            complete = length == 0
            break
        if kind == b"tRNS":
            alpha = True
        elif kind == b"eXIf":
            orientation = exif_orientation(data[start : start + length])
    channels = 4 if alpha else 3
    return Header("png", width, height, bits, channels, alpha, 1, orientation, complete)


def _webp(data: bytes, name: str) -> Header:
    width = height = 0
    alpha, orientation = False, 1
    for kind, start, length in _chunks(data, 12, 8, "little", name):
        w = h = 0
        if kind == b"VP8X":
            alpha = bool(data[start] & 0x10)
            w, h = _number(data, start + 4, 3, "little") + 1, _number(data, start + 7, 3, "little") + 1
        elif kind == b"VP8 ":
            w, h = (_number(data, start + at, 2, "little") & 0x3FFF for at in (6, 8))
        elif kind == b"VP8L":
            packed = _number(data, start + 1, 4, "little")
            w, h, alpha = (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1, alpha or bool(packed >> 28 & 1)
        elif kind == b"EXIF":
            # Some writers keep JPEG's prefix here.
            orientation = exif_orientation(data[start : start + length].removeprefix(b"Exif\0\0"))
        width, height = max(width, w), max(height, h)
    if not width:
        raise IndexError
    complete = len(data) >= _number(data, 4, 4, "little") + 8
    return Header("webp", width, height, 8, 4 if alpha else 3, alpha, 1, orientation, complete)


def _chunks(data: bytes, position: int, overhead: int, order: str, name: str) -> Iterator[tuple[bytes, int, int]]:
    """Walk PNG chunks (length, kind, data, CRC) or RIFF chunks (kind, length, data, padding to an even size)."""
    for _ in range(MAX_SEGMENTS):
        if position + 8 > len(data):
            return
        if order == "big":
            length, kind = _number(data, position, 4), data[position + 4 : position + 8]
        else:
            length, kind = _number(data, position + 4, 4, order), data[position : position + 4]
        yield kind, position + 8, length
        position += overhead + length + (length & 1 if order == "little" else 0)
    raise _too_complex(name)


def exif_orientation(tiff: bytes) -> int:
    """Return the orientation (1–8) that an EXIF block states; 1 (upright) when it states none or is damaged."""
    order = {b"II*\0": "little", b"MM\0*": "big"}.get(tiff[:4])
    if order is None:
        return 1
    try:
        directory = _number(tiff, 4, 4, order)
        for entry in range(min(_number(tiff, directory, 2, order), 512)):
            start = directory + 2 + 12 * entry
            if _number(tiff, start, 2, order) == 0x0112:
                length = 4 if _number(tiff, start + 2, 2, order) == 4 else 2
                value = _number(tiff, start + 8, length, order)
                return value if 1 <= value <= 8 else 1
    except IndexError:
        return 1
    return 1
