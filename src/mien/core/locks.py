"""A file that only one process holds; the kernel takes it back from a process that dies, whatever ends it."""

from __future__ import annotations

import errno
import sys
from typing import BinaryIO, Final

_HELD: Final = (errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK)


def take(file: BinaryIO) -> bool:
    """Lock a file as long as it is open; return False when somebody else holds it.

    Raises:
        OSError: the disk knows no locks.
    """
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        raise
    return True
