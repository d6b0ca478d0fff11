from __future__ import annotations

from mien.sources.rtsp import Backlog


def judged(steps: list[tuple[float, float]], backlog: Backlog | None = None) -> list[bool]:
    """Return the judgement after each step of (seconds between readings, seconds between pictures)."""
    backlog = backlog or Backlog()
    now, pts, found = 1000.0, 5.0, [False]
    backlog.behind(now, pts)
    for passed, shown in steps:
        now, pts = now + passed, pts + shown
        found.append(backlog.behind(now, pts))
    return found


def test_a_steady_stream_is_never_old() -> None:
    assert not any(judged([(0.04, 0.04)] * 1000))


def test_jitter_is_not_age() -> None:
    assert not any(judged([(0.3, 0.04), (0.0, 0.04), (0.0, 0.04), (0.0, 0.18)] * 100))


def test_what_is_read_too_slowly_grows_old_and_then_new_again() -> None:
    found = judged([(0.1, 0.04)] * 30 + [(0.01, 0.04)] * 60)
    assert found.index(True) == 26, "0.06 s more with each"
    assert found[26:30] == [True] * 4
    assert found[-1] is False
    assert found[26:].index(False) > 40, "not before it is nearly in time again"


def test_a_clock_that_was_set_is_not_age() -> None:
    for jump in (-3600.0, 3600.0):
        assert not any(judged([(0.04, 0.04)] * 10 + [(0.04, jump)] + [(0.04, 0.04)] * 100))


def test_a_gap_in_the_network_is_not_age() -> None:
    assert not any(judged([(0.04, 0.04)] * 10 + [(5.0, 0.04)] + [(0.001, 0.04)] * 125 + [(0.04, 0.04)] * 100))


def test_clocks_that_run_apart_are_not_age() -> None:
    assert not any(judged([(0.04, 0.04 * (1 - 5e-5))] * 100_000))
