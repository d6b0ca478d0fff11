"""What the store promises, whichever database is behind it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sql
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from mien.core.errors import StoreError
from mien.core.labels import EMOTIONS
from mien.core.types import Event, Faces, FrameResult
from mien.store import packing
from mien.store.database import Database
from mien.store.errors import ResumeError, SessionGoneError, StillRecordingError
from mien.store.gathering import Gathering
from mien.store.migrate import SCRIPTS
from mien.store.packing import FACE, SUMS
from mien.store.repository import Repository
from mien.store.schema import HEAD, metadata
from mien.store.values import NewSession, Session, Sketch

NOW = 1_800_000_000.0
NEW = NewSession("Über uns", "research", models={"emotion": "a"}, settings={"signals": True}, version="1.2")


def seen(*people: tuple[int, str], timestamp: float = 0.0, events: tuple[Event, ...] = ()) -> FrameResult:
    """A frame with these tracks, each sure of its emotion: 0.9."""
    emotion = np.full((len(people), 8), 0.1 / 7, np.float32)
    labels = [EMOTIONS.index(name) for _, name in people]
    emotion[np.arange(len(people)), labels] = 0.9
    boxes = [[10.5 * track, 20.0, 100.0, 120.0] for track, _ in people]
    faces = Faces.from_boxes(boxes).replace(
        tracks=np.array([track for track, _ in people], np.int64),
        emotion=emotion,
        label=np.array(labels, np.int64),
        uncertain=np.zeros(len(people), bool),
    )
    return FrameResult(0, timestamp, 640, 480, faces, events=events)


def record(
    repository: Repository,
    frames: Callable[[int], FrameResult],
    count: int,
    step: float = 0.1,
    new: NewSession = NEW,
    now: float = NOW,
) -> Session:
    """Record ``count`` frames and stop; written in parts, as a recorder would."""
    session, _ = repository.start(new, now)
    gathering = Gathering()
    for index in range(count):
        gathering.add(frames(index), index * step)
        if index % 40 == 39 or index == count - 1:
            save(repository, session.id, gathering, now)
    repository.end(session.id, "stopped", now + count * step)
    return repository.get(session.id)


def save(repository: Repository, session: str, gathering: Gathering, now: float = NOW) -> None:
    made = gathering.batch()
    assert made is not None
    repository.append(session, made[0], now)
    gathering.written(*made)


def test_migrations_make_the_tables_of_the_schema(database: Database, repository: Repository) -> None:
    assert ScriptDirectory(str(SCRIPTS)).get_current_head() == HEAD
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    Repository(database)  # once more changes nothing


def test_a_database_of_a_newer_version_is_refused(database: Database, repository: Repository) -> None:
    with database.writing() as connection:
        connection.execute(sql.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="upgrade"):
        Repository(database)


def test_what_is_started_is_kept(repository: Repository) -> None:
    session, token = repository.start(NEW, NOW)
    assert repository.get(session.id) == session
    assert (session.name, session.purpose, session.state) == ("Über uns", "research", "recording")
    assert (session.consented, session.started, session.ended) == (NOW, NOW, None)
    assert (session.models, session.settings, session.version) == ({"emotion": "a"}, {"signals": True}, "1.2")
    assert len(token) > 20
    with pytest.raises(SessionGoneError):
        repository.get("other")


def test_samples_come_back_as_they_were(repository: Repository) -> None:
    def frame(index: int) -> FrameResult:
        return seen() if index % 50 == 7 else seen((3, "fear"), (1, "happiness")) if index % 2 else seen((1, "anger"))

    session = record(repository, frame, 250)
    samples = list(repository.samples(session.id))
    assert [sample.time for sample in samples] == [round(i * 0.1, 3) for i in range(250)]
    for index, sample in enumerate(samples):
        expected = frame(index)
        assert (sample.width, sample.height, sample.faces) == (640, 480, len(expected.faces))
        assert expected.faces.tracks is not None
        assert expected.faces.emotion is not None
        order = np.argsort(expected.faces.tracks)
        assert sample.people.tolist() == expected.faces.tracks[order].tolist()
        place = list(FACE).index("p_neutral")
        shown = sample.rows[:, place : place + 8] / 1000
        assert np.abs(shown - expected.faces.emotion[order]).max(initial=0) <= 0.0005
        assert (packing.column(sample.rows, "x1") / 10).tolist() == expected.faces.boxes[order, 0].tolist()
        assert (packing.column(sample.rows, "yaw") == packing.UNKNOWN).all()
    assert (session.frames, session.most_faces, session.duration) == (250, 2, 24.9)


def test_who_showed_what_for_how_long(repository: Repository) -> None:
    def frame(index: int) -> FrameResult:
        people = [(1, "happiness" if index < 150 else "sadness")] + [(2, "fear")] * (100 <= index < 120)
        result = seen(*people, timestamp=index * 0.1)
        uncertain = np.array([index < 20] + [False] * (len(people) - 1))
        events = (Event("smile", 1, 5.0, None if index < 60 else 6.0),) if index in (55, 60) else ()
        return replace(result, faces=result.faces.replace(uncertain=uncertain), events=events)

    session = record(repository, frame, 200)
    one, two = repository.people(session.id)
    assert (one.person, two.person, one.dominant, two.dominant) == (1, 2, "happiness", "fear")
    assert one.seconds == pytest.approx(19.9)
    assert one.shown[EMOTIONS.index("happiness")] == pytest.approx(13.0)
    assert one.shown[EMOTIONS.index("sadness")] == pytest.approx(5.0)
    assert one.uncertain == pytest.approx(1.9)
    assert [two.seconds, two.first, two.last] == pytest.approx([2.0, 10.0, 11.9])
    assert (one.events, two.events) == ({"smile": 1}, {})
    assert repository.events(session.id) == (Event("smile", 1, 5.0, 6.0),)
    ((listed, overview),), total = repository.find()
    assert (listed, total) == (session, 1)
    assert (overview.people, overview.dominant) == (2, "happiness")
    assert overview.dominant_seconds == pytest.approx(13.0)
    assert overview.seconds == pytest.approx(21.9)


@pytest.mark.parametrize(("points", "step"), [(100, 1.0), (1000, 0.1), (10, 10.0), (7, 20.0), (1, 100.0)])
def test_a_timeline_adds_up_and_shows_gaps(repository: Repository, points: int, step: float) -> None:
    session, _ = repository.start(NEW, NOW)
    gathering = Gathering()
    times = [t / 10 for t in range(1, 1000) if not 300 <= t < 600]
    for time in times:
        gathering.add(seen((1, "anger")) if time < 80 else seen(), time)
    save(repository, session.id, gathering)
    found = repository.timeline(session.id, 0, 100, points)
    (lane,) = found.lanes
    assert (found.start, found.step, len(found.faces)) == (0, step, round(100 / step))
    samples = lane.sums[:, SUMS.index("samples")]
    assert samples.sum() == sum(time < 80 for time in times)
    assert lane.sums[:, SUMS.index("ms_anger")].sum() == pytest.approx(1000 + 100 * (samples.sum() - 2), abs=2)
    if step <= 10:
        gap = slice(round(30 / step), round(60 / step))
        assert (found.faces[gap] == -1).all(), "no frame there"
        assert (samples[gap] == 0).all()
        assert (found.faces[round(80 / step) :] == 0).all(), "frames without faces"
    assert found.faces.max() == 1


def test_a_timeline_of_a_part(repository: Repository) -> None:
    session = record(repository, lambda index: seen((1, "fear" if 123 <= index < 128 else "neutral")), 200)
    found = repository.timeline(session.id, 12.25, 12.85, 6)
    (lane,) = found.lanes
    assert found.step == 0.1
    assert lane.sums[:, SUMS.index("sum_fear")].tolist() == [900] * 5 + [14]
    few = record(repository, lambda index: seen(*((p, "fear") for p in (1, 2, 3) if index % p == 0)), 60)
    for points in (600, 1):
        some = repository.timeline(few.id, 0, 6, points, people=2)
        assert ([lane.person for lane in some.lanes], some.others) == ([1, 2], 1)
    nobody = repository.timeline(session.id, 500, 600, 10)
    assert (nobody.lanes, nobody.faces.tolist()) == ((), [-1] * 10)


def test_blocks_stay_small_and_are_not_written_twice(database: Database, repository: Repository) -> None:
    session = record(repository, lambda index: seen((1, "fear")), 300)
    with database.reading() as connection:
        sizes = connection.execute(sql.text("SELECT start, samples FROM face_blocks ORDER BY start")).all()
    assert [tuple(row) for row in sizes] == [(0, 100), (10_000, 100), (20_000, 100)]
    assert len(list(repository.samples(session.id))) == 300


def test_list_search_and_pages(repository: Repository) -> None:
    names = ["Alpha", "beta 100%", "Gamma_1", "delta"]
    for place, name in enumerate(names):
        repository.start(replace(NEW, name=name), NOW + place)
    found, total = repository.find(limit=2, offset=1)
    assert ([session.name for session, _ in found], total) == (["Gamma_1", "beta 100%"], 4)
    for search, expected in (("ALPHA", ["Alpha"]), ("%", ["beta 100%"]), ("_", ["Gamma_1"]), ("x", [])):
        assert [session.name for session, _ in repository.find(search)[0]] == expected
    assert repository.find("research")[1] == 4, "the purpose is searched as well"


def test_a_sketch_of_the_course(repository: Repository) -> None:
    def frame(index: int) -> FrameResult:
        if index < 40:
            return seen((1, "happiness"), (2, "fear")) if index % 4 == 0 else seen((1, "happiness"))
        if 80 <= index < 120:
            result = seen((1, "anger"))
            return replace(result, faces=result.faces.replace(uncertain=np.array([True])))
        return seen((1, "sadness")) if index >= 120 else seen()

    def signals(index: int) -> FrameResult:
        result = frame(index)
        known = np.full((len(result.faces), 4), np.nan, np.float32)
        known[:1, 0] = index
        return replace(result, faces=result.faces.replace(signals=known))

    session, _ = repository.start(NEW, NOW)
    empty, _ = repository.start(NEW, NOW)
    gathering = Gathering()
    for index in [*range(160), *range(240, 280)]:
        gathering.add(signals(index), index * 0.25)
    save(repository, session.id, gathering)
    found = repository.sketches([session.id, empty.id, "other"])
    assert found[empty.id] == Sketch(10.0, (None,), (None,)), "it began, and nothing came"
    assert found.keys() == {session.id, empty.id}
    sketch = found[session.id]
    assert sketch.step == 10
    assert sketch.shown == ("happiness", "nobody", "uncertain", "sadness", None, None, "sadness")
    assert sketch.satisfaction == (19.5, None, 99.5, 139.5, None, None, 259.5)


def test_a_sketch_is_short_however_long_the_session_is(repository: Repository) -> None:
    for seconds, count, step in ((479.999, 48, 10.0), (480.0, 25, 20.0), (36_000.0, 48, 760.0)):
        session, _ = repository.start(NEW, NOW)
        gathering = Gathering()
        for time in (0.0, seconds / 2, seconds):
            gathering.add(seen((1, "fear")), time)
        save(repository, session.id, gathering)
        sketch = repository.sketches([session.id])[session.id]
        assert (sketch.step, len(sketch.shown)) == (step, count)
        assert [sketch.shown[0], sketch.shown[-1], sketch.shown.count(None)] == ["uncertain", "fear", count - 3]


def test_markers_and_words(repository: Repository) -> None:
    session, _ = repository.start(NEW, NOW)
    second, first = repository.add_marker(session.id, 7.5, "=late"), repository.add_marker(session.id, 1.25, "early")
    assert repository.markers(session.id) == (first, second)
    assert (first.time, second.label) == (1.25, "=late")
    assert repository.delete_marker(session.id, first.id)
    assert not repository.delete_marker(session.id, first.id)
    assert not repository.delete_marker("other", second.id)
    assert repository.markers(session.id) == (second,)
    assert repository.describe(session.id, notes="seen\0by nobody".replace("\0", " ")).notes == "seen by nobody"
    assert repository.describe(session.id, name="other").notes == "seen by nobody"
    for change in (lambda: repository.add_marker("other", 0, ""), lambda: repository.describe("other", "name")):
        with pytest.raises(SessionGoneError):
            change()


def test_go_on_with_a_recording(repository: Repository) -> None:
    session, token = repository.start(NEW, NOW)
    gathering = Gathering()
    gathering.add(seen((4, "fear")), 1.0)
    save(repository, session.id, gathering, NOW + 1)
    repository.end(session.id, "interrupted", NOW + 2)
    for wrong in ((session.id, "token"), ("other", token)):
        with pytest.raises(ResumeError, match="no recording"):
            repository.resume(*wrong, 60, NOW + 3)
    with pytest.raises(ResumeError, match="60 s ago"):
        repository.resume(session.id, token, 60, NOW + 63)
    again, people = repository.resume(session.id, token, 60, NOW + 61)
    assert (again.id, again.state, again.ended, again.frames, people) == (session.id, "recording", None, 1, 4)
    repository.end(session.id, "stopped", NOW + 62)
    with pytest.raises(ResumeError, match="stopped"):
        repository.resume(session.id, token, 60, NOW + 63)


def test_what_nobody_ended_is_ended(repository: Repository) -> None:
    lost, _ = repository.start(NEW, NOW)
    alive, _ = repository.start(NEW, NOW)
    repository.touch(alive.id, NOW + 100)
    assert repository.end_stale(NOW + 50) == 1
    assert (repository.get(lost.id).state, repository.get(lost.id).ended) == ("interrupted", NOW)
    assert repository.get(alive.id).state == "recording"


def test_delete_one_all_and_old_ones(repository: Repository) -> None:
    ids = [record(repository, lambda index: seen((1, "fear")), 30, now=NOW + 100 * k).id for k in range(4)]
    repository.add_marker(ids[0], 1, "note")
    assert repository.delete(ids[0])
    assert not repository.delete(ids[0])
    assert [session.id for session, _ in repository.find()[0]] == ids[:0:-1]
    assert not [*repository.people(ids[0]), *repository.events(ids[0]), *repository.markers(ids[0])]
    assert list(repository.samples(ids[0])) == []
    assert repository.delete_older(NOW + 110) == 1
    going, _ = repository.start(NEW, NOW)
    assert repository.delete_older(NOW + 110) == 0, "what is being recorded is not old"
    assert repository.delete_all() == 3
    assert repository.find() == ([], 0)
    with pytest.raises(SessionGoneError):
        repository.touch(going.id)


def test_delete_a_person(repository: Repository) -> None:
    def frame(index: int) -> FrameResult:
        event = Event("smile", 2, index * 0.1, index * 0.1)
        return (
            seen((1, "fear"), (2, "anger"), timestamp=index * 0.1, events=(event,)) if index > 50 else seen((1, "fear"))
        )

    session = record(repository, frame, 150)
    assert session.most_faces == 2
    going, _ = repository.start(NEW, NOW)
    with pytest.raises(StillRecordingError, match="stop"):
        repository.delete_person(going.id, 2)
    assert repository.delete_person(session.id, 2)
    assert not repository.delete_person(session.id, 2)
    assert [person.person for person in repository.people(session.id)] == [1]
    assert repository.events(session.id) == ()
    samples = list(repository.samples(session.id))
    assert len(samples) == 150
    assert all(sample.faces == 1 and sample.people.tolist() == [1] for sample in samples)
    assert repository.get(session.id).most_faces == 1
    assert repository.timeline(session.id, 0, 15, 2).faces.max() == 1


def test_a_batch_is_written_as_a_whole_or_not_at_all(database: Database, repository: Repository) -> None:
    session, _ = repository.start(NEW, NOW)
    gathering = Gathering()
    gathering.add(seen((1, "fear")), 0.5)
    made = gathering.batch()
    assert made is not None
    with database.writing() as connection:
        connection.execute(sql.text("ALTER TABLE events RENAME TO hidden"))
    broken = replace(made[0], events=(Event("smile", 1, 0, 1),))
    with pytest.raises(StoreError):
        repository.append(session.id, broken)
    with database.writing() as connection:
        connection.execute(sql.text("ALTER TABLE hidden RENAME TO events"))
    assert repository.get(session.id).frames == 0
    assert list(repository.samples(session.id)) == []


def test_writers_in_many_threads(repository: Repository) -> None:
    sessions = [repository.start(NEW, NOW)[0] for _ in range(4)]

    def write(session: Session) -> None:
        gathering = Gathering()
        for index in range(6):
            gathering.add(seen((1, "fear")), index * 0.1)
            save(repository, session.id, gathering)

    threads = [threading.Thread(target=write, args=(session,)) for session in sessions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [repository.get(session.id).frames for session in sessions] == [6] * 4


def test_a_postgresql_that_goes_away_and_comes_back(request: pytest.FixtureRequest) -> None:
    server = request.getfixturevalue("postgres")
    repository = Repository(Database(server.url, busy=2))
    session, _ = repository.start(NEW, NOW)
    gathering = Gathering()
    gathering.add(seen((1, "fear")), 0.1)
    save(repository, session.id, gathering)
    server.stop()
    gathering.add(seen((1, "fear")), 0.2)
    made = gathering.batch()
    assert made is not None
    try:
        with pytest.raises(StoreError, match="PostgreSQL runs"):
            repository.append(session.id, made[0], NOW)
    finally:
        server.start()
    save(repository, session.id, gathering)
    assert [sample.time for sample in repository.samples(session.id)] == [0.1, 0.2]
    repository.close()
