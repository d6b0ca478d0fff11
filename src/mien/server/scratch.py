"""Folders for as long as a process lives: whoever makes the next one removes those of processes that were killed.

A process is known to live by the lock that it holds on a file in its folder: the kernel takes that back whatever ends
the process, and unlike the number of a process it is never given to another one, nor does it mean something else in
another container that shares the disk.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

import structlog

from mien.core import locks

log = structlog.get_logger()

_LOCK: Final = "lock"


class Scratch:
    """A folder that goes with its process.

    Args:
        prefix: of its name; folders of that prefix which dead processes of the same user left are removed.
        where: the folder to make it in; None for the one for temporary files.

    Attributes:
        path: of the folder; ours alone.
    """

    def __init__(self, prefix: str, where: Path | None = None) -> None:
        parent = where or Path(tempfile.gettempdir())
        sweep(prefix, parent)
        # Under another name until it is locked: nobody may find it before, and take it for one of a dead process.
        made = Path(tempfile.mkdtemp(prefix=f"new-{prefix}", dir=parent))
        self._lock = (made / _LOCK).open("wb")
        locks.take(self._lock)
        self.path = made
        if sys.platform != "win32":  # which renames no folder in which a file is open: nothing is swept there
            self.path = made.rename(parent / made.name.removeprefix("new-"))

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        _empty(self.path)
        self._lock.close()
        shutil.rmtree(self.path, ignore_errors=True)


def sweep(prefix: str, where: Path) -> int:
    """Remove the folders of `Scratch` whose process is dead; return how many.

    Args:
        prefix: with which their names begin.
        where: they lie.
    """
    return sum(_sweep(folder) for folder in sorted(where.glob(f"{prefix}*")))


def _sweep(folder: Path) -> bool:
    """Remove a folder when nobody holds its lock; return whether it was removed."""
    try:
        if not _ours(folder):
            return False
        with contextlib.ExitStack() as held:
            # Without the file somebody was killed while removing the folder: the file is the last to go.
            with contextlib.suppress(FileNotFoundError):
                if not locks.take(held.enter_context((folder / _LOCK).open("r+b"))):
                    return False
            _empty(folder)
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        log.warning("a folder of a process that was killed cannot be removed", folder=str(folder), reason=str(error))
        return False
    log.info("removed the folder of a process that was killed", folder=str(folder))
    return True


def _ours(folder: Path) -> bool:
    """Whether this is a folder (and no link to one) of this user's."""
    if sys.platform == "win32":
        return False
    return folder.is_dir() and not folder.is_symlink() and folder.stat().st_uid == os.getuid()


def _empty(folder: Path) -> None:
    """Remove all but the lock."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != _LOCK:
            path.unlink(missing_ok=True)
