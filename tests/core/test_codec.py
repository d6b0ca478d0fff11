from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from skimage import data

from mien.core import headers
from mien.core.codec import LIVE, UPLOAD, Limits, decode, encode_jpeg, from_text
from mien.core.errors import PictureError
from mien.core.types import Image

PORTRAIT = np.asarray(data.astronaut(), np.uint8)
PICTURE: Image = np.ascontiguousarray(PORTRAIT[::4, ::4, ::-1][:96])
SMALL = Limits(max_bytes=2**20, max_pixels=2**18, max_scans=30)
FORMATS = ("JPEG", "PNG", "WEBP")


def save(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def pillow(image: Image = PICTURE) -> Pillow.Image:
    return Pillow.fromarray(np.ascontiguousarray(image[..., ::-1]))


def encoded(kind: str, **options: object) -> bytes:
    if kind == "WEBP":
        options.setdefault("lossless", True)
    elif kind == "JPEG":
        options.setdefault("quality", 95)
    return save(pillow(), kind, **options)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, bits: int, colour: int, body: bytes, *extra: bytes) -> bytes:
    ihdr = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", ihdr) + b"".join(extra) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def claim_jpeg_size(data: bytes, width: int, height: int) -> bytes:
    start = next(i for i in range(len(data)) if data[i] == 0xFF and data[i + 1] in (0xC0, 0xC2))
    return data[: start + 5] + struct.pack(">HH", height, width) + data[start + 9 :]


def repeat_last_scan(data: bytes, times: int) -> bytes:
    last = data.rfind(b"\xff\xda")
    return data[:-2] + data[last:-2] * times + data[-2:]


def code_of(data: bytes, limits: Limits = UPLOAD) -> str:
    with pytest.raises(PictureError) as caught:
        decode(data, limits=limits, name="holiday.jpg")
    assert str(caught.value).startswith("holiday.jpg ")
    return caught.value.code


@pytest.mark.parametrize(("kind", "tolerance"), [("JPEG", 6.0), ("PNG", 0.0), ("WEBP", 0.0)])
def test_decodes_to_bgr(kind: str, tolerance: float) -> None:
    image = decode(encoded(kind))
    assert image.dtype == np.uint8
    assert image.shape == PICTURE.shape
    assert image.flags.c_contiguous
    assert np.abs(image.astype(int) - PICTURE).mean() <= tolerance


@pytest.mark.parametrize(
    ("mode", "kind", "options"),
    [
        ("L", "JPEG", {}),
        ("RGB", "JPEG", {"progressive": True}),
        ("RGB", "JPEG", {"subsampling": 0}),
        ("CMYK", "JPEG", {"quality": 95}),
        ("L", "PNG", {}),
        ("1", "PNG", {}),
        ("P", "PNG", {}),
        ("RGB", "WEBP", {"quality": 90}),
    ],
)
def test_colour_models_agree_with_pillow(mode: str, kind: str, options: dict[str, object]) -> None:
    data = save(pillow().convert(mode), kind, **options)
    expected = np.asarray(Pillow.open(io.BytesIO(data)).convert("RGB"))[..., ::-1]
    assert np.abs(decode(data).astype(int) - expected).mean() < 2


def test_ycck_jpeg() -> None:
    data = bytearray(save(pillow().convert("CMYK"), "JPEG", quality=95))
    adobe = data.index(b"Adobe")
    data[adobe + 11] = 2  # says that the four channels are YCCK
    expected = np.asarray(Pillow.open(io.BytesIO(bytes(data))).convert("RGB"))[..., ::-1]
    assert np.abs(decode(bytes(data)).astype(int) - expected).mean() < 2


def test_sixteen_bits_keep_the_upper_eight() -> None:
    assert (decode(cv2.imencode(".png", PICTURE.astype(np.uint16) * 256 + 255)[1].tobytes()) == PICTURE).all()


def test_sixteen_bit_transparency() -> None:
    opaque = np.dstack([PICTURE, np.full(PICTURE.shape[:2], 255, np.uint8)]).astype(np.uint16) * 257
    assert (decode(cv2.imencode(".png", opaque)[1].tobytes()) == PICTURE).all()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_pixels_are_laid_on_white(kind: str, mode: str) -> None:
    picture = pillow()
    picture.putalpha(Pillow.fromarray(np.tile(np.linspace(0, 255, 128).astype(np.uint8), (96, 1))))
    data = save(picture.convert(mode), kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))
    image = decode(data)
    stored = Pillow.open(io.BytesIO(data)).convert("RGBA")
    expected = Pillow.alpha_composite(Pillow.new("RGBA", stored.size, "white"), stored).convert("RGB")
    assert (image[:, 0] == 255).all()
    assert np.abs(image.astype(int) - np.asarray(expected)[..., ::-1]).max() <= 1


def test_transparent_palette_is_laid_on_white() -> None:
    picture = Pillow.new("P", (4, 4), 1)
    picture.putpalette([10, 20, 30, 200, 0, 0])
    picture.putpixel((0, 0), 0)
    image = decode(save(picture, "PNG", transparency=1))
    assert image[0, 0].tolist() == [30, 20, 10]
    assert image[3, 3].tolist() == [255, 255, 255]


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_first_frame_of_an_animation(kind: str) -> None:
    other = Pillow.new("RGB", (PICTURE.shape[1], PICTURE.shape[0]), "red")
    image = decode(encoded(kind, save_all=True, append_images=[other, other], duration=40))
    assert (image == PICTURE).all()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(kind: str, orientation: int) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    data = encoded(kind, exif=exif.tobytes())
    stored = decode(data, rotate=False)
    assert np.abs(stored.astype(int) - PICTURE).mean() < 6
    turned: dict[int, Callable[[Image], Image]] = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a),
    }
    assert (decode(data) == turned[orientation](stored)).all()


@pytest.mark.parametrize(
    "tiff",
    [
        b"",
        b"junk",
        b"II*\0",
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08\xff\xff",
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x63\0\0\0",
    ],
)
def test_senseless_orientation_is_upright(tiff: bytes) -> None:
    assert headers.exif_orientation(tiff) == 1


def test_orientation_by_byte_order() -> None:
    assert headers.exif_orientation(b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0") == 6
    assert headers.exif_orientation(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0") == 6
    assert headers.exif_orientation(b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x04\0\0\0\x01\0\0\0\x06") == 6


@pytest.mark.parametrize("keep", [4, 20, 0.3, 0.6, 0.9, 0.99, -20, -3, -2, -1])
@pytest.mark.parametrize(
    ("kind", "options"),
    [("JPEG", {}), ("JPEG", {"progressive": True}), ("PNG", {}), ("WEBP", {}), ("WEBP", {"lossless": False})],
)
def test_cut_short(kind: str, options: dict[str, object], keep: float) -> None:
    data = encoded(kind, **options)
    part = data[: int(len(data) * keep)] if isinstance(keep, float) else data[:keep]
    assert code_of(part) in ("truncated", "unsupported_type" if keep == 4 else "truncated")


@pytest.mark.parametrize("progressive", [False, True])
def test_cut_short_and_closed_again(progressive: bool) -> None:
    data = encoded("JPEG", progressive=progressive, quality=95)
    assert code_of(data[: int(len(data) * 0.6)] + b"\xff\xd9") == "truncated"


def test_harmless_flaws_of_cameras_are_accepted() -> None:
    data = encoded("JPEG")
    expected = decode(data)
    assert (decode(data + b"trailing maker notes") == expected).all()
    assert (decode(data[:-2] + b"\0\0" + data[-2:]) == expected).all()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"hello", "unsupported_type"),
        (b"GIF89a" + bytes(40), "unsupported_type"),
        (b"II*\0" + bytes(40), "unsupported_type"),
        (b"\0\0\0\x1cftypavif" + bytes(40), "unsupported_type"),
        (b"\0\0\0\x18ftypheic" + bytes(40), "unsupported_type"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "unsupported_type"),
        (b"\xff\xd8\xff", "truncated"),
        (b"\xff\xd8\xff\xd9", "truncated"),
        (b"\x89PNG\r\n\x1a\n", "truncated"),
        (b"RIFF\x04\0\0\0WEBP", "truncated"),
        (b"RIFF\x10\0\0\0WEBPVP8 \x04\0\0\0abcd", "truncated"),
    ],
)
def test_refused(data: bytes, code: str) -> None:
    assert code_of(data) == code


def test_the_error_names_what_was_sent() -> None:
    with pytest.raises(PictureError, match="is an AVIF: convert it to JPEG, PNG or WebP"):
        decode(b"\0\0\0\x1cftypavif")


def test_jpeg_bomb_is_refused_by_its_header() -> None:
    bomb = claim_jpeg_size(encoded("JPEG")[:700] + b"\xff\xd9", 30_000, 30_000)
    assert code_of(bomb) == "too_large"


def test_png_bomb_is_refused_by_its_header() -> None:
    bomb = png(20_000, 20_000, 1, 0, zlib.compress(bytes(2501 * 20_000), 9))
    assert len(bomb) < 60_000
    assert code_of(bomb) == "too_large"


def test_webp_bomb_is_refused_by_its_header() -> None:
    data = bytearray(encoded("WEBP"))
    assert data[12:16] == b"VP8L"
    data[21:25] = struct.pack("<I", 16_383 | 16_383 << 14)
    assert code_of(bytes(data)) == "too_large"
    canvas = b"VP8X" + struct.pack("<I", 10) + bytes(4) + (16_000).to_bytes(3, "little") * 2
    body = b"WEBP" + canvas + encoded("WEBP")[12:]
    assert code_of(b"RIFF" + struct.pack("<I", len(body)) + body) == "too_large"


@pytest.mark.parametrize("kind", [b"IDAT", b"IEND"])
def test_png_chunk_beyond_the_file_is_refused_by_its_header(kind: bytes) -> None:
    data = encoded("PNG")
    start = data.rindex(kind) - 4
    huge = data[:start] + struct.pack(">I", 2**32 - 1) + data[start + 4 :]
    assert not headers.read(huge).complete
    assert code_of(huge) == "truncated"


@pytest.mark.parametrize("kind", FORMATS)
def test_pixel_limit_is_exact(kind: str) -> None:
    pixels = PICTURE.shape[0] * PICTURE.shape[1]
    assert decode(encoded(kind), limits=Limits(2**20, pixels, 10)).shape == PICTURE.shape
    assert code_of(encoded(kind), Limits(2**20, pixels - 1, 10)) == "too_large"


def test_sixteen_bits_count_double() -> None:
    data = cv2.imencode(".png", PICTURE.astype(np.uint16) * 257)[1].tobytes()
    pixels = PICTURE.shape[0] * PICTURE.shape[1]
    assert code_of(data, Limits(2**20, 2 * pixels - 1, 10)) == "too_large"
    assert decode(data, limits=Limits(2**20, 2 * pixels, 10)).shape == PICTURE.shape


def test_scan_bomb_is_refused() -> None:
    bomb = repeat_last_scan(encoded("JPEG", progressive=True), 2000)
    assert headers.read(bomb).scans > 2000
    assert code_of(bomb) == "too_complex"


def test_ordinary_progressive_is_within_the_live_limit() -> None:
    data = encoded("JPEG", progressive=True)
    assert 5 <= headers.read(data).scans <= 12
    assert decode(data, limits=LIVE).shape == PICTURE.shape


def test_scans_of_an_embedded_thumbnail_do_not_count() -> None:
    data, thumbnail = encoded("JPEG"), encoded("JPEG", progressive=True)
    segment = b"\xff\xe1" + struct.pack(">H", len(thumbnail) + 8) + b"Exif\0\0" + thumbnail
    assert headers.read(data[:2] + segment + data[2:]).scans == 1


@pytest.mark.parametrize("times", [headers.MAX_SEGMENTS + 1])
def test_segment_bomb_is_refused(times: int) -> None:
    jpeg = encoded("JPEG")
    assert code_of(jpeg[:2] + b"\xff\xfe\0\x02" * times + jpeg[2:]) == "too_complex"
    assert code_of(encoded("PNG")[:-12] + chunk(b"teXt", b"") * times) == "too_complex"


def test_two_sizes_in_one_jpeg_are_refused() -> None:
    data = encoded("JPEG")
    start = data.index(b"\xff\xc0")
    frame = data[start : start + 19]
    assert code_of(data[:start] + claim_jpeg_size(frame, 8, 8) + data[start:]) == "truncated"


def test_unusual_colour_grid_is_decoded() -> None:
    # Luma and blue stored two by two, red one by one: legal, but TurboJPEG has no name for it. Every block of a
    # mid-grey picture is "no difference, end of block" in the standard tables: 00 1010 for luma, 00 00 for chroma.
    data = bytearray(save(Pillow.new("RGB", (64, 64), (128, 128, 128)), "JPEG", subsampling=0))
    start = data.index(b"\xff\xc0")
    data[start + 11] = data[start + 14] = 0x22
    scan = data.index(b"\xff\xda") + 14
    bits = ("001010" * 4 + "0000" * 5) * 16
    image = decode(bytes(data[:scan]) + int(bits, 2).to_bytes(len(bits) // 8, "big") + b"\xff\xd9")
    assert image.shape == (64, 64, 3)
    assert (image == 128).all()


def test_twelve_bit_jpeg_is_refused_by_name() -> None:
    data = bytearray(encoded("JPEG"))
    data[data.index(b"\xff\xc0") + 4] = 12
    assert code_of(bytes(data)) == "unsupported_type"


def test_byte_limit() -> None:
    data = encoded("PNG")
    assert code_of(data, Limits(len(data) - 1, 2**20, 10)) == "too_large"


def test_damaged_png_is_refused() -> None:
    data = bytearray(encoded("PNG"))
    data[len(data) // 2] ^= 0xFF
    assert code_of(bytes(data)) == "truncated"


def test_png_with_too_few_rows_is_refused() -> None:
    rows = b"".join(b"\0" + row.tobytes() for row in PICTURE[..., ::-1])
    height, width = PICTURE.shape[:2]
    assert (decode(png(width, height, 8, 2, zlib.compress(rows))) == PICTURE).all()
    assert code_of(png(width, height, 8, 2, zlib.compress(rows[: len(rows) // 2]))) == "truncated"
    assert code_of(png(width, height, 8, 2, zlib.compress(rows)[:2000])) == "truncated"


@pytest.mark.parametrize(("quality", "limit"), [(95, 4), (60, 9)])
def test_encode_jpeg_round_trip(quality: int, limit: float) -> None:
    data = encode_jpeg(PICTURE[:, ::-1], quality)
    assert data.startswith(b"\xff\xd8\xff")
    assert np.abs(decode(data).astype(int) - PICTURE[:, ::-1]).mean() < limit


BODY = bytes(range(256)) + b"\xfb\xff"
TEXT = base64.b64encode(BODY).decode()


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.rstrip("="),
        "\n".join(TEXT[i : i + 76] for i in range(0, len(TEXT), 76)) + "\r\n",
        base64.urlsafe_b64encode(BODY).decode(),
        base64.urlsafe_b64encode(BODY).decode().rstrip("="),
        f"data:image/png;base64,{TEXT}",
        f"DATA:image/jpeg;charset=x;BASE64,{TEXT}",
        f"data:;base64,{TEXT}",
        f"  data:image/webp;base64, {TEXT}",
    ],
)
def test_from_text(text: str) -> None:
    assert from_text(text) == BODY


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("data:image/png;base64,", "empty"),
        ("data:image/png,rawbytes", "bad_encoding"),
        ("data:image/png;base64", "bad_encoding"),
        ("http://example.org/face.jpg", "bad_encoding"),
        ("not base64!", "bad_encoding"),
        ("QUJD*REVG", "bad_encoding"),
        ("ab-_+/", "bad_encoding"),
        ("AAAAA", "bad_encoding"),
        ("AA==AA==", "bad_encoding"),
        ("ÄÖÜß", "bad_encoding"),
    ],
)
def test_from_text_refused(text: str, code: str) -> None:
    with pytest.raises(PictureError) as caught:
        from_text(text, name="field image")
    assert caught.value.code == code
    assert str(caught.value).startswith("field image ")


def test_from_text_caps_the_length_before_it_decodes() -> None:
    with pytest.raises(PictureError) as caught:
        from_text("!" * 4000, limits=Limits(1000, 100, 1))
    assert caught.value.code == "too_large"


@given(
    st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x20\0\0\0WEBPVP8X"]), st.binary(max_size=200)
)
@settings(max_examples=300, deadline=None)
def test_arbitrary_bytes_give_a_picture_error(prefix: bytes, data: bytes) -> None:
    with pytest.raises(PictureError):
        decode(prefix + data, limits=SMALL)


@given(
    st.sampled_from(
        [
            encoded("JPEG"),
            encoded("JPEG", progressive=True),
            encoded("PNG"),
            encoded("WEBP"),
            encoded("WEBP", lossless=False),
        ]
    ),
    st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8),
)
@settings(max_examples=300, deadline=None)
def test_mutated_pictures_decode_or_are_refused(data: bytes, changes: list[tuple[float, int]]) -> None:
    mutated = bytearray(data)
    for place, value in changes:
        # Squared, so that headers are hit more often than pixels.
        mutated[int(place * place * len(mutated))] = value
    try:
        image = decode(bytes(mutated), limits=SMALL)
    except PictureError:
        return
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    assert image.shape[0] * image.shape[1] <= SMALL.max_pixels


@given(st.text(max_size=100) | st.text("ABCdef019+/-_= \n", max_size=40))
def test_arbitrary_text_is_bytes_or_a_picture_error(text: str) -> None:
    try:
        data = from_text(text)
    except PictureError:
        return
    assert 0 < len(data) <= len(text)
