"""Files that appear under their name only when they are finished.

Everything is written to ``NAME.part`` first, and renamed at the end: who sees the file sees a whole one.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from mien.core.errors import MienError

_NOT_SPACE: Final = (errno.EEXIST, errno.ENOTDIR, errno.ENOENT, errno.EACCES, errno.EPERM, errno.EROFS)


def part(path: Path) -> Path:
    """Return where ``path`` is written while it is unfinished."""
    return path.with_name(path.name + ".part")


def finish(path: Path, error: BaseException | None = None) -> None:
    """Give the finished file its name.

    Args:
        path: of the finished file.
        error: what ended the writing. After an interrupt (Ctrl-C) what is done is kept as after a good end; after
            anything else the unfinished file stays under its unfinished name, for whoever wants to rescue it.
    """
    if error is None or isinstance(error, KeyboardInterrupt):
        with writing(path):
            part(path).replace(path)


def write(path: Path, data: bytes) -> None:
    """Write a whole file at once.

    Raises:
        MienError: it cannot be written.
    """
    with writing(path):
        part(path).write_bytes(data)
    finish(path)


@contextmanager
def writing(path: Path, *kinds: type[Exception]) -> Iterator[None]:
    """Turn an operating system's (or, by ``kinds``, a library's) refusal to write into an error with the remedy."""
    caught: tuple[type[Exception], ...] = (OSError, *kinds)
    try:
        yield
    except caught as error:
        why = getattr(error, "strerror", None) or str(error)
        # A library's own error may stand for a full disk without saying so.
        elsewhere = isinstance(error, OSError) and error.errno in _NOT_SPACE
        remedy = "choose another folder with -o" if elsewhere else "free some space or choose another folder with -o"
        raise MienError(f"{path} cannot be written ({why}): {remedy}") from error
