"""The folder of one video: the file as it was sent, what is known of it, the results, the annotated copy."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import orjson

from mien.core.errors import StoreError
from mien.live.videos.values import VideoJob, job_from_json
from mien.outputs import files

_BLOCK: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class VideoFolder:
    """Paths, and what is done with them.

    Attributes:
        path: of the folder.
    """

    path: Path

    @property
    def upload(self) -> Path:
        """The file as it was sent. (Without its name, which is somebody else's choice.)"""
        return self.path / "upload"

    @property
    def results(self) -> Path:
        """JSON lines, one per frame, growing."""
        return self.path / "results.jsonl"

    @property
    def annotated(self) -> Path:
        """The annotated copy, once it is whole."""
        return self.path / "annotated.mp4"

    @property
    def record(self) -> Path:
        """What is known of the video."""
        return self.path / "job.json"

    def save(self, job: VideoJob) -> None:
        """Write the record; a reader sees the old one or the new one, never half of one.

        Raises:
            StoreError: it cannot be written.
        """
        part = files.part(self.record)
        try:
            with part.open("wb") as file:
                file.write(orjson.dumps(job.to_json(), option=orjson.OPT_INDENT_2))
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.record)
        except OSError as error:
            raise StoreError(f"{self.record} cannot be written ({error.strerror}): free some space") from error

    def load(self) -> VideoJob:
        """Read the record.

        Raises:
            StoreError: it is missing or damaged.
        """
        try:
            return job_from_json(orjson.loads(self.record.read_bytes()))
        except (OSError, ValueError) as error:
            raise StoreError(f"{self.record} cannot be read ({error}): delete its folder") from error

    def size(self) -> int:
        """Return the bytes of all its files."""
        return sum(file.stat().st_size for file in self.path.iterdir() if file.is_file())

    def delete(self) -> None:
        """Remove the folder with all that is in it.

        Raises:
            StoreError: something could not be removed.
        """
        try:
            shutil.rmtree(self.path)
        except OSError as error:
            raise StoreError(f"{self.path} cannot be deleted ({error.strerror}): check your rights") from error

    def whole_lines(self) -> int:
        """Return the bytes of the results up to the end of the last whole line; 0 when there are none."""
        if not self.results.exists():
            return 0
        with self.results.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            while end > 0:
                start = max(0, end - _BLOCK)
                file.seek(start)
                found = file.read(end - start).rfind(b"\n")
                if found >= 0:
                    return start + found + 1
                end = start
        return 0

    def values(self, start: int = 0) -> Iterator[dict[str, Any]]:
        """Yield the results from byte ``start`` (the begin of a line) to the last whole line."""
        end = self.whole_lines()
        if start >= end:
            return
        with self.results.open("rb") as file:
            file.seek(start)
            at = start
            for line in file:
                at += len(line)
                if at > end:
                    return
                yield orjson.loads(line)

    def offset(self, seconds: float) -> int:
        """Return the byte at which the first line of ``seconds`` or later begins; times grow from line to line."""
        low, high = 0, self.whole_lines()
        if high == 0:
            return 0
        with self.results.open("rb") as file:
            while low < high:
                middle = (low + high) // 2
                file.seek(middle)
                if middle:
                    file.seek(middle - 1)
                    file.readline()
                begin = file.tell()
                if begin >= high:
                    high = middle
                    continue
                line = file.readline()
                if float(orjson.loads(line)["time"]) < seconds:
                    low = begin + len(line)
                else:
                    high = middle
        return low
