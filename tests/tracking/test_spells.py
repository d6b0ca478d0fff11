from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mien.tracking.spells import STALE, Mark, Rule, Spell

RULE = Rule(on=0.6, off=0.4, after=0.3, gap=0.3)


def run(signal: list[tuple[float, float]], rule: Rule = RULE) -> list[Mark]:
    """Feed pairs of (seconds, value)."""
    spell = Spell(rule)
    return [mark for time, value in signal if (mark := spell.step(value, time)) is not None]


def sampled(spans: list[tuple[float, float]], seconds: float, fps: float) -> list[tuple[float, float]]:
    times = np.arange(0, seconds, 1 / fps)
    return [(float(t), 0.9 if any(a <= t < b for a, b in spans) else 0.1) for t in times]


@pytest.mark.parametrize("fps", [5, 10, 15, 30, 60])
def test_a_spell_begins_and_ends_where_the_value_does(fps: float) -> None:
    began, ended = run(sampled([(1.0, 3.0)], 5, fps))
    assert began.start == ended.start == pytest.approx(1.0, abs=1 / fps)
    assert began.end is None
    assert ended.end == pytest.approx(3.0, abs=1 / fps)


@pytest.mark.parametrize("fps", [5, 10, 30])
def test_what_is_too_short_is_none(fps: float) -> None:
    assert run(sampled([(1.0, 1.15), (2.0, 2.18)], 5, fps)) == []


@pytest.mark.parametrize("fps", [10, 30])
def test_a_short_gap_does_not_end_it(fps: float) -> None:
    marks = run(sampled([(1.0, 2.0), (2.2, 3.0)], 5, fps))
    assert [mark.end is None for mark in marks] == [True, False]
    assert marks[1].end == pytest.approx(3.0, abs=1 / fps)


def test_values_between_on_and_off_change_nothing() -> None:
    marks = run([(t / 10, 0.5 if t % 2 else 0.7) for t in range(20)] + [(2.0, 0.1), (2.3, 0.1)])
    assert marks == [Mark(0.0, None), Mark(0.0, 2.0)]
    assert run([(t / 10, 0.5) for t in range(20)]) == []


def test_unknown_values_are_bridged_for_a_while_and_then_end_it() -> None:
    high = [(t / 10, 0.9) for t in range(10)]
    assert run([*high, (1.5, float("nan")), (1.8, 0.9)]) == [Mark(0.0, None)]
    assert run([*high, (1.5, float("nan")), (0.9 + STALE + 0.1, float("nan"))]) == [Mark(0.0, None), Mark(0.0, 0.9)]
    assert run([*high, (9.0, 0.9), (9.1, 0.9)]) == [Mark(0.0, None), Mark(0.0, 0.9)], "the new one is too short yet"


def test_a_clock_that_runs_back_ends_it() -> None:
    assert run([(t / 10, 0.9) for t in range(10)] + [(0.0, 0.9)]) == [Mark(0.0, None), Mark(0.0, 0.9)]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(-0.5, 1.5), st.one_of(st.floats(0, 1), st.just(float("nan")))), max_size=60),
    st.sampled_from([RULE, Rule(0.5, 0.5, after=0.1), Rule(0.9, 0.1, after=1.0, gap=0.5)]),
)
def test_beginnings_and_ends_alternate_and_no_spell_is_too_short(steps: list[tuple[float, float]], rule: Rule) -> None:
    spell, now, open_since = Spell(rule), 0.0, None
    for seconds, value in steps:
        now += seconds
        mark = spell.step(value, now)
        if mark is None:
            continue
        if mark.end is None:
            assert open_since is None
            open_since = mark.start
            assert now - mark.start >= rule.after - 1e-6
        else:
            assert mark.end >= mark.start
            assert open_since == mark.start
            open_since = None
