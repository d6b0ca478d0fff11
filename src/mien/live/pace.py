"""How often a stream looks for faces anew when there is more to do than the machine can: a rule without clocks.

Detection is the dearest stage and the one that can be put off, since the tracker carries known faces from frame to
frame. So when frames wait for their turn, every stream detects less often; when they no longer do, as often as before.
"""

from __future__ import annotations

from typing import Final

PATIENCE: Final = 0.03
"""Seconds that a frame may wait for its turn before its stream detects less often: about one frame of a camera."""

MOST: Final = 0.5
"""Seconds between two detections at most: a face that comes in is not overlooked for longer than that."""

SLOWER: Final = 1.1
"""Factor per frame that waited too long; from 0.1 s to the most in 17 frames, about a second of video."""

QUICKER: Final = 0.95
"""Factor per frame that hardly waited; slower than the way up, so that streams do not swing together."""

LEAST_STEP: Final = 0.02


def next_interval(interval: float, base: float, waited: float) -> float:
    """Return the seconds between two detections from the next frame on.

    Args:
        interval: seconds now.
        base: seconds when there is time; what the settings or the detector say. Never less than that is returned.
        waited: seconds that the newest frame waited for its turn.
    """
    if waited > PATIENCE:
        wanted = max(interval, LEAST_STEP) * SLOWER
    elif waited < PATIENCE / 2:
        wanted = interval * QUICKER
        if wanted < LEAST_STEP:
            wanted = base
    else:
        wanted = interval
    return min(max(wanted, base), max(base, MOST))
