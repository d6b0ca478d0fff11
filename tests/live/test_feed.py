from __future__ import annotations

import numpy as np
import pytest

from mien.core.types import Frame
from mien.live.fake import FakeEngine
from mien.live.feed import LOST, Feed, Shot
from mien.live.session import Analysed, Outcome, StreamOptions


def shot(index: int, received: float = 0.0) -> Shot:
    """A frame whose pixels hold its number."""
    return Shot(Frame(np.full((4, 4, 3), index, np.uint8), index, index / 10), received, 0.0)


class Fed:
    def __init__(self) -> None:
        self.engine = FakeEngine()
        self.got: list[tuple[Shot, Outcome]] = []
        self.feed = Feed(self.engine, "door", lambda shot, outcome: self.got.append((shot, outcome)))

    @property
    def numbers(self) -> list[int]:
        return [outcome.seq for _, outcome in self.got]


@pytest.fixture
def fed() -> Fed:
    return Fed()


def test_a_result_comes_with_its_own_pixels(fed: Fed) -> None:
    for index in range(3):
        fed.feed.put(shot(index))
        assert fed.engine.step()
    assert fed.numbers == [0, 1, 2]
    for returned, outcome in fed.got:
        assert isinstance(outcome, Analysed)
        assert returned.frame.image[0, 0, 0] == outcome.result.index
        assert outcome.result.source == "door"


def test_options_are_those_of_the_session() -> None:
    engine = FakeEngine()
    Feed(engine, "door", lambda shot, outcome: None, StreamOptions(max_faces=2))
    assert engine.sessions[0].options.max_faces == 2


def test_the_newest_frame_waits_while_one_is_under_way(fed: Fed) -> None:
    for index in range(6):
        fed.feed.put(shot(index))
    while fed.engine.step():
        pass
    assert fed.numbers == [0, 5]
    assert (fed.feed.received, fed.feed.analysed, fed.feed.dropped) == (6, 2, 4)


def test_a_receiver_that_raises_does_not_stop_the_feed() -> None:
    engine = FakeEngine()

    def broken(shot: Shot, outcome: Outcome) -> None:
        raise RuntimeError("no")

    feed = Feed(engine, "door", broken)
    for index in range(2):
        feed.put(shot(index))
        with pytest.raises(RuntimeError, match="no"):
            engine.step()
    assert feed.analysed == 2


def test_a_frame_that_the_engine_lost_is_given_up(fed: Fed) -> None:
    fed.feed.put(shot(0, received=100.0))
    fed.engine.sessions[0].reset()  # drops what waits, as a worker that died would
    assert fed.engine.step()
    fed.feed.put(shot(1, received=100.0 + LOST - 1))
    assert not fed.engine.step()
    fed.feed.put(shot(2, received=100.0 + LOST))
    assert fed.engine.step()
    assert fed.numbers == [2]


def test_nothing_is_delivered_after_the_end(fed: Fed) -> None:
    fed.feed.put(shot(0))
    fed.feed.close()
    fed.engine.step()
    fed.feed.put(shot(1))
    assert not fed.engine.step()
    assert fed.got == []
