"""Decoding uploads in child processes, which may crash, hang or swell without harm to anybody else.

A child is a fresh interpreter that imports the codec alone (`decode_child`). Pictures and pixels go through its pipes.
It is started when first needed, killed when a picture takes too long, and replaced when it is gone.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from io import BufferedReader, BufferedWriter
from typing import Final, TypeVar, cast

import numpy as np
import structlog

from mien.core.codec import UPLOAD
from mien.core.confined import environment
from mien.core.errors import MienError, PictureError
from mien.core.types import Image
from mien.server.decode_child import ANSWER, PIXELS, READY, REQUEST

log = structlog.get_logger()

T = TypeVar("T")

MEMORY: Final = UPLOAD.max_pixels * 3 * 8
"""Bytes that decoding one picture may take: laying the largest transparent one on white holds six copies of it."""

START_TIMEOUT: Final = 30.0
MAX_REFUSAL: Final = 2**16


class DecoderError(MienError):
    """A child ended while it was at a picture, and not because the picture took too long."""

    code = "decoder_died"


class Child:
    """One child process; used by one thread at a time.

    Args:
        memory: see `decode_child.main`.

    Raises:
        DecoderError: it does not start.
    """

    def __init__(self, memory: int) -> None:
        self._timed_out = False
        self.process = subprocess.Popen(
            # -P: a folder in which somebody put a module of the same name must not come first.
            [sys.executable, "-P", "-m", "mien.server.decode_child", str(memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=-1,
            env=environment(),
            start_new_session=True,  # Ctrl-C at a terminal is for the server, which then ends its children
        )
        self._requests = cast(BufferedWriter, self.process.stdin)
        self._answers = cast(BufferedReader, self.process.stdout)
        if not self._within(START_TIMEOUT, self._greeted):
            self.kill()
            log.error("decoder does not start", status=self.process.returncode, waited_s=START_TIMEOUT)
            raise DecoderError("the process that decodes pictures does not start; it was logged")

    @property
    def alive(self) -> bool:
        """Whether it can take a picture."""
        return self.process.poll() is None

    def decode(self, data: bytes, name: str, seconds: float) -> Image:
        """Return BGR uint8 ``[H, W, 3]``.

        Raises:
            PictureError: the picture cannot be decoded, or not within ``seconds``; in that case the child is gone.
            DecoderError: the child is gone for another reason.
        """
        try:
            answer = self._within(seconds, lambda: self._ask(data, name))
        except (EOFError, OSError, ValueError):
            self.kill()
            if self._timed_out:
                message = f"{name} took longer than {seconds:g} s to decode: scale it down or save it as a plain JPEG"
                raise PictureError(message, "too_complex") from None
            message = f"decoding {name} ended unexpectedly: try again, or save the picture anew"
            raise DecoderError(message) from None
        if isinstance(answer, PictureError):
            raise answer
        return answer

    def kill(self) -> None:
        """End it at once; harmless when it is gone."""
        self.process.kill()
        self.process.wait()
        self._answers.close()
        try:
            self._requests.close()
        except BrokenPipeError:
            log.debug("a killed decoder had not read everything")

    def _ask(self, data: bytes, name: str) -> Image | PictureError:
        text = name.encode(errors="replace")
        self._requests.write(REQUEST.pack(len(text), len(data)) + text)
        self._requests.write(data)
        self._requests.flush()
        kind, a, b = ANSWER.unpack(self._read(ANSWER.size))
        # A picture may have taken the child over, so its word is not taken for anything that costs.
        if a * (b if kind == PIXELS else 1) > (UPLOAD.max_pixels if kind == PIXELS else MAX_REFUSAL):
            raise ValueError("the decoder answers with more than there can be")
        if kind != PIXELS:
            code, message = json.loads(self._read(a))
            return PictureError(str(message), str(code))
        image = np.empty((a, b, 3), np.uint8)
        if self._answers.readinto(image.data.cast("B")) < image.nbytes:
            raise EOFError
        return image

    def _within(self, seconds: float, work: Callable[[], T]) -> T:
        """Return what ``work`` does; after ``seconds`` the process is killed, which ends its pipes and so the work."""
        timer = threading.Timer(seconds, self._expire)
        timer.daemon = True
        timer.start()
        try:
            return work()
        finally:
            timer.cancel()

    def _expire(self) -> None:
        self._timed_out = True
        self.process.kill()

    def _greeted(self) -> bool:
        return self._answers.read(len(READY)) == READY

    def _read(self, count: int) -> bytes:
        data = self._answers.read(count)
        if len(data) < count:
            raise EOFError
        return data


class Decoders:
    """Decodes uploads in children; `decode` may be called from several threads, each of which then has its own child.

    Args:
        seconds: that one picture may take; then its child is killed.
        memory: bytes that one picture may take.

    Attributes:
        ended: children that are gone, by reason: ``timeout``, ``died``.
    """

    def __init__(self, seconds: float, memory: int = MEMORY) -> None:
        self.ended: Counter[str] = Counter()
        self._seconds, self._memory = seconds, memory
        self._lock = threading.Lock()
        self._idle: list[Child] = []
        self._busy: set[Child] = set()
        self._closed = False

    def decode(self, data: bytes, name: str = "picture") -> Image:
        """Return the upright picture as BGR uint8 ``[H, W, 3]``; see `mien.core.codec.decode`.

        Raises:
            PictureError: it cannot or must not be decoded, or takes too long.
            DecoderError: decoding ended for another reason.
        """
        child = self._take()
        try:
            return child.decode(data, name, self._seconds)
        except (PictureError, DecoderError) as error:
            if not child.alive:
                reason = "timeout" if isinstance(error, PictureError) else "died"
                self.ended[reason] += 1
                log.warning("decoder ended", reason=reason, status=child.process.returncode, bytes=len(data))
            raise
        finally:
            self._give_back(child)

    @property
    def children(self) -> list[Child]:
        """All that live, the idle ones first."""
        with self._lock:
            return [*self._idle, *self._busy]

    def close(self) -> None:
        """End all children; pictures that are being decoded fail."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            for child in self._busy:
                child.process.kill()
        for child in idle:
            child.kill()

    def _take(self) -> Child:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.alive:
                    self._busy.add(child)
                    return child
                self.ended["died"] += 1
                child.kill()
        child = Child(self._memory)
        with self._lock:
            if not self._closed:
                self._busy.add(child)
                return child
        child.kill()
        raise DecoderError("the server is shutting down: try again later")

    def _give_back(self, child: Child) -> None:
        with self._lock:
            self._busy.discard(child)
            if child.alive and not self._closed:
                self._idle.append(child)
                return
        child.kill()
