"""What a child process tells about a video, see `child`; `isolated` reads it.

A message is `HEAD` (kind, bytes that follow) and those bytes, all numbers little-endian:

* ``DESCRIBED``: JSON of the `VideoInfo`, once, before everything else.
* ``FRAME``: `SHAPE` (number, presentation time, height, width), then BGR.
* ``PASSED``: `NUMBER` of a frame that is done with and not sent: a sign of life.
* ``DONE``: JSON of the warnings, at the end.
* ``REFUSED``: JSON of the reason, at the end.
"""

from __future__ import annotations

import struct
from typing import Final

HEAD: Final = struct.Struct("<BQ")
SHAPE: Final = struct.Struct("<qdII")
NUMBER: Final = struct.Struct("<q")
DESCRIBED, FRAME, PASSED, DONE, REFUSED = range(5)
