"""Pictures that are meant to do harm, or that are honest but odd."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Final

import numpy as np
from PIL import Image as Pillow


def save(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def noise(width: int = 64, height: int = 48) -> Pillow.Image:
    pixels = np.random.default_rng(1).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return Pillow.fromarray(pixels)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_that_claims(width: int, height: int, bits: int = 1) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, 0, 0, 0, 0)
    body = zlib.compress(b"\0" * 1000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def png_with_chunk_that_claims(kind: bytes, length: int) -> bytes:
    """Return a PNG of which the first chunk of that kind claims to be so many bytes long."""
    data = save(noise(), "PNG")
    start = data.index(kind) - 4
    return data[:start] + struct.pack(">I", length) + data[start + 4 :]


def jpeg_that_claims(width: int, height: int) -> bytes:
    data = save(Pillow.new("L", (8, 8), 127), "JPEG")
    start = data.index(b"\xff\xc0")
    return data[: start + 5] + struct.pack(">HH", height, width) + data[start + 9 :]


def webp_that_claims(width: int, height: int) -> bytes:
    body = b"VP8X" + struct.pack("<I", 10) + b"\0" * 4 + (width - 1).to_bytes(3, "little")
    body += (height - 1).to_bytes(3, "little") + b"\0" * 64
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def jpeg_of_many_scans(scans: int, width: int = 64, height: int = 48) -> bytes:
    data = save(noise(width, height), "JPEG", progressive=True)
    last = data.rfind(b"\xff\xda")
    return data[:-2] + data[last:-2] * scans + data[-2:]


def jpeg_of_many_segments() -> bytes:
    data = save(noise(), "JPEG")
    return data[:2] + b"\xff\xfe\x00\x02" * 25_000 + data[2:]


HOSTILE: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "empty": (lambda: b"", "empty"),
    "truncated JPEG": (lambda: save(noise(), "JPEG")[:-300], "truncated"),
    "truncated PNG": (lambda: save(noise(), "PNG")[:-300], "truncated"),
    "truncated WebP": (lambda: save(noise(), "WEBP")[:-300], "truncated"),
    "JPEG that claims 30000²": (lambda: jpeg_that_claims(30_000, 30_000), "too_large"),
    "JPEG that claims 65535²": (lambda: jpeg_that_claims(65_535, 65_535), "too_large"),
    "PNG that claims 20000²": (lambda: png_that_claims(20_000, 20_000), "too_large"),
    "PNG that claims 2³¹ − 1 squared": (lambda: png_that_claims(2**31 - 1, 2**31 - 1), "too_large"),
    "PNG with an end mark of 4 GB": (lambda: png_with_chunk_that_claims(b"IEND", 2**32 - 1), "truncated"),
    "PNG with data of 4 GB": (lambda: png_with_chunk_that_claims(b"IDAT", 2**32 - 1), "truncated"),
    "WebP that claims 16384²": (lambda: webp_that_claims(16_384, 16_384), "too_large"),
    "JPEG that claims no pixels": (lambda: jpeg_that_claims(0, 0), "truncated"),
    "2,000 scans": (lambda: jpeg_of_many_scans(2000), "too_complex"),
    "25,000 segments": (jpeg_of_many_segments, "too_complex"),
    "GIF": (lambda: save(noise(), "GIF"), "unsupported_type"),
    "TIFF": (lambda: save(noise(), "TIFF"), "unsupported_type"),
    "BMP": (lambda: save(noise(), "BMP"), "unsupported_type"),
    "AVIF": (lambda: b"\0\0\0\x20ftypavif" + bytes(100), "unsupported_type"),
    "SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "unsupported_type"),
    "markup with a foreign entity": (
        lambda: b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        "unsupported_type",
    ),
    "PNG of garbage": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "truncated"),
    "a start and nothing more": (lambda: b"\xff\xd8\xff", "truncated"),
}
"""What must be refused, and the code with which."""

ODD: Final[dict[str, Callable[[], bytes]]] = {
    "CMYK": lambda: save(noise().convert("CMYK"), "JPEG"),
    "grey": lambda: save(noise().convert("L"), "JPEG"),
    "16 bit": lambda: save(Pillow.fromarray(np.full((48, 64), 40_000, np.uint16)), "PNG"),
    "transparent": lambda: save(noise().convert("RGBA"), "PNG"),
    "palette": lambda: save(noise().convert("P"), "PNG"),
    "animated PNG": lambda: save(noise(), "PNG", save_all=True, append_images=[noise(), noise()]),
    "animated WebP": lambda: save(noise(), "WEBP", save_all=True, append_images=[noise(), noise()]),
    "progressive": lambda: save(noise(), "JPEG", progressive=True),
}
"""What must be accepted; all are 64 wide and 48 high."""
