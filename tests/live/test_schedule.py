from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mien.live.schedule import RoundRobin


def test_serves_in_the_order_of_asking() -> None:
    line: RoundRobin[str] = RoundRobin()
    for key in "abca":
        line.offer(key)
    assert [line.take(), line.take(), line.take(), line.take()] == ["a", "b", "c", None]


def test_a_busy_one_goes_to_the_end_when_done() -> None:
    line: RoundRobin[str] = RoundRobin()
    line.offer("greedy")
    assert line.take() == "greedy"
    line.offer("greedy")
    line.offer("modest")
    assert line.take() == "modest"
    assert line.take() is None, "greedy is being served and must not be served twice at once"
    line.done("greedy")
    assert line.take() == "greedy"


def test_done_without_new_work_ends_it() -> None:
    line: RoundRobin[str] = RoundRobin()
    line.offer("a")
    line.take()
    line.done("a")
    assert len(line) == 0


def test_forget_and_drain() -> None:
    line: RoundRobin[str] = RoundRobin()
    for key in "abc":
        line.offer(key)
    line.forget("b")
    assert line.drain() == ["a", "c"]
    assert line.take() is None


def test_ten_that_always_have_work_get_equal_turns() -> None:
    line: RoundRobin[int] = RoundRobin()
    for key in range(10):
        line.offer(key)
    turns = [0] * 10
    for _ in range(1000):
        served = line.take()
        assert served is not None
        line.offer(served)
        turns[served] += 1
        line.done(served)
    assert turns == [100] * 10


@given(st.lists(st.tuples(st.sampled_from(["offer", "take", "done", "forget"]), st.integers(0, 4)), max_size=40))
def test_nobody_is_served_twice_at_once_and_no_work_is_lost(moves: list[tuple[str, int]]) -> None:
    line: RoundRobin[int] = RoundRobin()
    served: set[int] = set()
    owed: set[int] = set()
    for move, key in moves:
        if move == "offer":
            line.offer(key)
            owed.add(key)
        elif move == "take":
            taken = line.take()
            assert (taken is None) == (not owed - served)
            if taken is not None:
                assert taken not in served
                served.add(taken)
                owed.discard(taken)
        elif move == "done" and key in served:
            line.done(key)
            served.discard(key)
        elif move == "forget":
            line.forget(key)
            owed.discard(key)
