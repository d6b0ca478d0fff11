"""What a child process does before it touches files that strangers sent: little memory, no secrets, no noise.

A decoder that such a file makes crash, hang or swell then harms nobody but its own process, which somebody else waits
for and kills. See `mien.server.decode_child` (pictures) and `mien.live.videos.child` (videos).
"""

from __future__ import annotations

import os
import sys


def environment() -> dict[str, str]:
    """Return the child's environment: no keys of ours, and no pools of threads that would count as memory."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MIEN_")}
    return {**ours, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def mute() -> None:
    """Silence libraries, in the child.

    Decoders complain about files on stderr, in words that the sender chooses: those do not belong into a log. Python's
    own complaints do.
    """
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def confine(memory: int) -> None:
    """Allow ``memory`` bytes beyond what is held now, and no core dumps (they hold pictures); where the system can."""
    if sys.platform != "linux":
        return
    import resource

    with open("/proc/self/statm") as statm:  # noqa: PTH123  nothing more shall be imported here
        held = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + memory, held + memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
