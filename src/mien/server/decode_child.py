"""The program of a child process that decodes pictures which strangers sent; see `decoding`.

It reads requests on stdin and answers on stdout, one at a time, until stdin ends. All numbers are little-endian.

* hello: `READY`, once, when everything is imported.
* request: `REQUEST` (length of the name, of the picture), the name in UTF-8, the picture.
* answer: `ANSWER` (kind, a, b). `PIXELS`: height a, width b, then BGR. `REFUSED`: a bytes of JSON ``[code, message]``.
"""

from __future__ import annotations

import json
import struct
import sys
from typing import BinaryIO, Final

import cv2

from mien.core import codec, confined
from mien.core.errors import PictureError

READY: Final = b"MIEN"
REQUEST: Final = struct.Struct("<II")
ANSWER: Final = struct.Struct("<BII")
PIXELS: Final = 0
REFUSED: Final = 1


def main(memory: int) -> None:
    """Serve until stdin ends.

    Args:
        memory: bytes that decoding may take beyond what the process holds already.
    """
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    confined.mute()
    cv2.setNumThreads(1)
    confined.confine(memory)
    answers.write(READY)
    answers.flush()
    while serve(requests, answers):
        pass


def serve(requests: BinaryIO, answers: BinaryIO) -> bool:
    """Answer one request; False at the end of requests."""
    head = requests.read(REQUEST.size)
    if len(head) < REQUEST.size:
        return False
    name_length, length = REQUEST.unpack(head)
    name = requests.read(name_length).decode()
    data = requests.read(length)
    if len(data) < length:
        return False
    try:
        image = codec.decode(data, name=name)
    except PictureError as error:
        text = json.dumps(refusal(error, name)).encode()
        answers.write(ANSWER.pack(REFUSED, len(text), 0) + text)
    else:
        answers.write(ANSWER.pack(PIXELS, *image.shape[:2]))
        answers.write(image.data.cast("B"))
    answers.flush()
    return True


def refusal(error: PictureError, name: str) -> tuple[str, str]:
    """Return code and message; running out of memory is told apart from damage."""
    cause = error.__cause__
    if isinstance(cause, MemoryError) or (isinstance(cause, cv2.error) and cause.code == cv2.Error.StsNoMem):
        return "too_complex", f"{name} takes more memory to decode than allowed: scale it down"
    return error.code, str(error)


if __name__ == "__main__":
    main(int(sys.argv[1]))
