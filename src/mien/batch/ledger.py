"""What is done, in ``_mien/ledger.jsonl`` of the output folder: a line per settled file, of which the last one counts.

Lines of JSON that one process appends, and no database: the folder may lie on a disk that a cluster shares, where
SQLite's locks are not to be relied on. A line that a power cut tore is left out, and its file is analysed again.
"""

from __future__ import annotations

import errno
import json
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final, Literal, Self

from mien.batch.plan import OWN
from mien.core import locks
from mien.core.errors import SettingsError, SourceError
from mien.outputs import files

State = Literal["done", "damaged", "failed", "quarantined"]
FINISHED: Final = ("done", "damaged")
"""States in which the outputs of a file are there."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of a file.

    Attributes:
        key: where the file lies, absolute.
        source: the file as the user named it, which is what tables hold.
        name: of its outputs.
        state: ``done``; ``damaged``: done as far as it can be read; ``failed``: it cannot be read; ``quarantined``: it
            brings workers down.
        content: hash of the file's bytes; empty when it could not be read.
        settings: hash of everything else that decides about the outputs, see `mien.batch.tasks.chosen`.
        outputs: hashes of the outputs, by path within the output folder.
        frames: that were analysed.
        faces: on these frames.
        seconds: that it took.
        error: why it failed.
        warnings: what is wrong with a damaged file.
    """

    key: str
    source: str
    name: str
    state: State
    content: str = ""
    settings: str = ""
    outputs: Mapping[str, str] = field(default_factory=dict)
    frames: int = 0
    faces: int = 0
    seconds: float = 0.0
    error: str = ""
    warnings: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """Read an entry.

        Raises:
            TypeError: it has other fields.
        """
        return cls(**{**value, "warnings": tuple(value.get("warnings", ()))})


class Ledger:
    """The ledger of an output folder; a context manager that keeps others out while it is open.

    Args:
        folder: the output folder; made where it is missing.

    Raises:
        SettingsError: another process is at work in the folder.
        MienError: the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / OWN / "ledger.jsonl"
        self._entries: dict[str, Entry] = {}
        self._settings: dict[str, Any] = {}
        with files.writing(self.path), ExitStack() as closing:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _lock(closing.enter_context((self.path.parent / "lock").open("ab")), folder)
            self._read()
            kept = [{"settings": key, "chosen": value} for key, value in self._settings.items()]
            kept += [asdict(entry) for entry in self._entries.values()]
            files.write(self.path, b"".join(map(_line, kept)))
            self._file = closing.enter_context(self.path.open("ab"))
            self._closing = closing.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.close()

    @property
    def names(self) -> dict[str, str]:
        """The names of outputs by the place of the input."""
        return {entry.key: entry.name for entry in self._entries.values()}

    def get(self, key: str) -> Entry | None:
        """Return what became of a file, None when nothing is known."""
        return self._entries.get(key)

    def put(self, entry: Entry) -> None:
        """Write down what became of a file.

        Raises:
            MienError: the ledger cannot be written.
        """
        self._append(asdict(entry))
        self._entries[entry.key] = entry

    def choose(self, settings: str, chosen: Mapping[str, Any]) -> None:
        """Write down what a hash of settings stands for, once."""
        if settings not in self._settings:
            self._append({"settings": settings, "chosen": chosen})
            self._settings[settings] = chosen

    def _append(self, value: Mapping[str, Any]) -> None:
        with files.writing(self.path):
            self._file.write(_line(value))
            self._file.flush()

    def _read(self) -> None:
        if not self.path.exists():
            return
        for line in self.path.read_bytes().splitlines():
            try:
                value = json.loads(line)
                if "chosen" in value:
                    self._settings[value["settings"]] = value["chosen"]
                else:
                    entry = Entry.from_json(value)
                    self._entries[entry.key] = entry
            except (ValueError, TypeError, KeyError):  # torn, or of another version of Mien: analysed again
                continue


def _line(value: Mapping[str, Any]) -> bytes:
    # Not orjson: names of files may hold bytes that are not UTF-8, which come back from this whole.
    return json.dumps(value, default=str).encode("ascii") + b"\n"


def _lock(file: BinaryIO, folder: Path) -> None:
    """Lock the file as long as it is open; the lock of a process that died is gone."""
    try:
        free = locks.take(file)
    except OSError as error:
        if error.errno in (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK):
            return  # a shared disk that knows no locks
        raise
    if not free:
        raise SettingsError(f"another mien analyze writes into {folder}: wait for it, or choose another -o")


def digest(path: Path) -> str:
    """Return the BLAKE2b hash (16 bytes, hexadecimal) of a file's bytes.

    Raises:
        SourceError: the file cannot be read.
    """
    found = blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            while block := file.read(2**20):
                found.update(block)
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}): check the path and your rights") from error
    return found.hexdigest()
