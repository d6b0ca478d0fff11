from __future__ import annotations

from mien.live.mailbox import Mailbox


def test_newest_wins_and_the_rest_is_counted() -> None:
    box: Mailbox[int] = Mailbox()
    for item in (1, 2, 3):
        box.put(item)
    assert box.take() == 3
    assert box.take() is None
    assert (box.received, box.dropped) == (3, 2)


def test_what_is_taken_in_time_is_not_dropped() -> None:
    box: Mailbox[int] = Mailbox()
    for item in (1, 2, 3):
        box.put(item)
        assert box.take() == item
    assert (box.received, box.dropped) == (3, 0)


def test_clear_drops_what_waits_once() -> None:
    box: Mailbox[str] = Mailbox()
    box.put("a")
    box.clear()
    box.clear()
    assert box.take() is None
    assert box.dropped == 1


def test_falsy_items_count_as_items() -> None:
    box: Mailbox[int] = Mailbox()
    box.put(0)
    box.put(0)
    assert box.dropped == 1
    assert box.take() == 0
