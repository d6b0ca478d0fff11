"""Pictures of recordings, whichever database is behind them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from mien.core.types import Faces, FrameResult
from mien.store.archive import FILE
from mien.store.database import Database
from mien.store.errors import SessionGoneError, StillRecordingError
from mien.store.gathering import Gathering
from mien.store.repository import Repository
from mien.store.values import NewPicture, NewSession, PictureInfo, PictureTotal

NEW = NewSession("with pictures", "research", pictures=True)
NOW = 1_800_000_000.0
MARK = b"a picture to be found "


def picture(time: float, size: int = 60_000) -> NewPicture:
    """One that cannot be made smaller, and can be found in a file."""
    rest = np.random.default_rng(round(time * 1000)).bytes(size - len(MARK))
    return NewPicture(time, 64, 48, MARK + rest)


def recorded(repository: Repository, seconds: int, step: float = 0.5) -> str:
    """A recording with a picture every ``step`` seconds: person 1 all the time, person 2 from 20 s to 30 s."""
    session, _ = repository.start(NEW, NOW)
    gathering = Gathering()
    for time in np.arange(0, seconds, step):
        tracks = [1, 2] if 20 <= time <= 30 else [1]
        faces = Faces.from_boxes([[0, 0, 9, 9]] * len(tracks)).replace(tracks=tracks)
        gathering.add(FrameResult(0, 0.0, 64, 48, faces), float(time))
    made = gathering.batch()
    assert made is not None
    repository.append(session.id, made[0], NOW)
    repository.add_pictures(session.id, [picture(float(time)) for time in np.arange(0, seconds, step)])
    repository.end(session.id, "stopped", NOW + seconds)
    return session.id


def test_pictures_come_back_as_they_were(repository: Repository) -> None:
    session, _ = repository.start(NEW, NOW)
    assert repository.get(session.id).pictures
    assert repository.picture_totals([session.id]) == {session.id: PictureTotal()}
    repository.add_pictures(session.id, [picture(2.0), picture(0.5)])
    repository.add_pictures(session.id, [picture(2.0, 70_000)])
    found = repository.pictures(session.id, 0, 10, 10)
    assert found == [PictureInfo(0.5, 64, 48, 60_000), PictureInfo(2.0, 64, 48, 70_000)]
    assert repository.picture(session.id, 500) == picture(0.5).data
    assert repository.picture(session.id, 501) is None
    assert repository.picture_totals([session.id, "other"]) == {
        session.id: PictureTotal(2, 130_000),
        "other": PictureTotal(),
    }
    assert dict(repository.every_picture(session.id)) == {500: picture(0.5).data, 2000: picture(2.0, 70_000).data}
    with pytest.raises(SessionGoneError):
        repository.add_pictures("other", [picture(1.0)])


def test_of_many_pictures_some_are_named_evenly(repository: Repository) -> None:
    session = recorded(repository, 40)
    assert len(repository.pictures(session, 0, 40, 100)) == 80
    assert [found.time for found in repository.pictures(session, 0, 40, 4)] == [0, 10, 20, 30]
    assert [found.time for found in repository.pictures(session, 10, 12, 100)] == [10, 10.5, 11, 11.5]
    assert repository.pictures(session, 100, 200, 10) == []


def test_with_a_person_go_all_pictures_of_the_time_they_were_about(repository: Repository) -> None:
    session = recorded(repository, 60)
    assert repository.delete_person(session, 2)
    times = [found.time for found in repository.pictures(session, 0, 60, 1000)]
    assert [time for time in times if 15 <= time <= 35] == []
    assert {14.5, 35.5} <= set(times)
    assert [person.person for person in repository.people(session)] == [1]


def test_pictures_alone_can_be_deleted(repository: Repository) -> None:
    session, going = recorded(repository, 10), repository.start(NEW, NOW)[0].id
    with pytest.raises(StillRecordingError):
        repository.delete_pictures(going)
    assert repository.delete_pictures(session) == 20
    assert repository.delete_pictures(session) == 0
    assert repository.pictures(session, 0, 10, 10) == []
    assert len(list(repository.samples(session))) == 20, "what was seen stays"


@pytest.mark.parametrize("how", ["one", "all", "old", "pictures"])
def test_what_is_deleted_is_deleted(database: Database, repository: Repository, how: str) -> None:
    session = recorded(repository, 10)
    kept = database.size()
    if database.path is not None:
        assert any(MARK in path.read_bytes() for path in database.path.parent.glob(f"{FILE}*"))
    ways: dict[str, Callable[[], int]] = {
        "one": lambda: repository.delete(session),
        "all": repository.delete_all,
        "old": lambda: repository.delete_older(NOW + 100),
        "pictures": lambda: repository.delete_pictures(session),
    }
    assert ways[how]()
    assert repository.picture_totals([session])[session] == PictureTotal()
    if database.path is not None:
        assert kept is not None
        size = database.size()
        assert size is not None
        assert size < kept - 1_000_000, "the space is given back"
        assert not any(MARK in path.read_bytes() for path in database.path.parent.glob(f"{FILE}*"))
