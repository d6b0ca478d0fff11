"""Recording while all goes well, and while the disk is full, locked or gone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sql

from mien.core.types import Event, Faces, FrameResult
from mien.live.recorder import SIGN_OF_LIFE, TIDY_EVERY, Recorder
from mien.live.recording import Clock, Recording, RecordingState
from mien.store.archive import FILE, Archive
from mien.store.database import Database
from mien.store.errors import ResumeError
from mien.store.repository import Repository
from mien.store.values import NewSession

NEW = NewSession("a name to be found", "research")
BEGIN = 1_800_000_000.0


class Time(Clock):
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return 100.0 + self.at

    def wall(self) -> float:
        return BEGIN + self.at


class Quick(Archive):
    """Does not wait long for a locked file."""

    def open(self) -> Repository:
        if self._repository is None:
            self._repository = Repository(Database(self.place, busy=0.05))
        return self._repository


class Bench:
    """A recorder that writes when told to, and what it told."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.time = Time()
        self.archive = Quick(folder)
        self.recorder = Recorder(self.archive, clock=self.time, **options)
        self.told: list[RecordingState] = []
        self._frames = 0

    @property
    def repository(self) -> Repository:
        return self.archive.open()

    def start(self) -> Recording:
        return self.recorder.start(NEW, self.told.append)

    def show(self, recording: Recording, count: int, step: float = 0.1, track: int = 1, **changes: Any) -> None:
        """Let time go on, with a frame at every step; the stream's own clock starts at 50."""
        for _ in range(count):
            self.time.at += step
            faces = Faces.from_boxes([[0, 0, 10, 10]]).replace(tracks=[track])
            recording.add(FrameResult(self._frames, 50.0 + self.time.at, 64, 48, faces, **changes))
            self._frames += 1

    def states(self) -> list[str]:
        """Return what was told since, each state once in a row."""
        names = [state.state for state in self.told]
        self.told.clear()
        return [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]

    def kept(self, recording: Recording) -> list[float]:
        return [sample.time for sample in self.repository.samples(recording.session)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "data")
    yield made
    made.archive.close()


def test_what_is_shown_is_written_and_told(bench: Bench) -> None:
    recording = bench.start()
    assert bench.repository.get(recording.session).state == "recording", "on disk before it is told"
    bench.show(recording, 3)
    assert bench.kept(recording) == []
    bench.recorder.step()
    assert bench.kept(recording) == [0.1, 0.2, 0.3]
    assert bench.told == [RecordingState(recording.session, "recording", "", 0.3)]
    bench.recorder.step()
    assert len(bench.told) == 1, "nothing new"
    bench.show(recording, 2)
    bench.recorder.stop(recording)
    bench.show(recording, 5)
    bench.recorder.step()
    assert bench.kept(recording) == [0.1, 0.2, 0.3, 0.4, 0.5]
    assert bench.told[-1] == RecordingState(recording.session, "stopped", "", 0.5)
    session = bench.repository.get(recording.session)
    assert (session.state, session.frames, session.ended) == ("stopped", 5, BEGIN + 0.5)
    assert bench.recorder.open == ()


def test_times_are_those_of_the_session(bench: Bench) -> None:
    recording = bench.start()
    bench.show(recording, 1, 0.5, events=(Event("smile", 1, 50.2, 50.4),))
    bench.time.at += 30
    recording.add(FrameResult(9, 7.0, 64, 48, Faces.empty()))  # the stream's clock has started anew
    bench.time.at += 0.1
    recording.add(FrameResult(10, 7.1, 64, 48, Faces.empty()))
    bench.recorder.step()
    assert bench.kept(recording) == [0.5, 30.5, 30.6]
    (event,) = bench.repository.events(recording.session)
    assert (event.start, event.end) == (0.2, 0.4)


def test_a_pause_leaves_a_gap(bench: Bench) -> None:
    recording = bench.start()
    bench.show(recording, 2)
    recording.pause(True)
    bench.show(recording, 5)
    recording.pause(False)
    bench.show(recording, 2)
    bench.recorder.step()
    assert bench.kept(recording) == [0.1, 0.2, 0.8, 0.9]
    (person,) = bench.repository.people(recording.session)
    assert person.seconds == pytest.approx(0.2), "the pause belongs to nobody"
    assert bench.states() == ["paused", "recording"]


def test_a_pause_outlives_a_lost_connection(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    recording = bench.start()
    bench.show(recording, 2)
    recording.pause(True)
    again = bench.recorder.resume(recording.session, recording.token, bench.told.append)
    bench.show(again, 3)
    assert again.state().state == "paused"
    assert bench.recorder.close()
    after = Bench(tmp_path)
    after.time.at = 20
    third = after.recorder.resume(recording.session, recording.token, after.told.append, paused=True)
    after.show(third, 3)
    third.pause(False)
    after.show(third, 1)
    after.recorder.step()
    assert after.kept(third) == [0.1, 0.2, 20.4]
    after.archive.close()


def test_a_locked_file_is_told_and_waited_for(bench: Bench) -> None:
    recording = bench.start()
    bench.show(recording, 2)
    bench.recorder.step()
    bench.states()
    other = sqlite3.connect(bench.archive.place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    bench.show(recording, 3)
    bench.recorder.step()
    (failed,) = bench.told
    assert (failed.state, failed.saved) == ("failed", 0.2)
    assert "locked" in failed.message
    assert "3 frames wait" in failed.message
    assert (failed.code, failed.waiting, failed.lost) == ("store_failed", 3, 0)
    bench.recorder.step()
    assert len(bench.told) == 1, "the next try is not due yet"
    bench.show(recording, 20)
    other.execute("ROLLBACK")
    other.close()
    bench.recorder.step()
    assert bench.told[-1] == RecordingState(recording.session, "recording", "", 2.5)
    assert len(bench.kept(recording)) == 25


def test_a_full_disk_loses_nothing_that_was_saved(bench: Bench) -> None:
    recording = bench.start()
    bench.show(recording, 5)
    bench.recorder.step()
    limit = [1]

    def fill(connection: Any, *_: Any) -> None:
        # SQLite takes the number of pages there are when the limit is lower.
        connection.execute(f"PRAGMA max_page_count={limit[0]}")

    sql.event.listen(bench.repository.database.engine, "checkout", fill)
    bench.states()
    while not bench.told or bench.told[-1].state != "failed":
        bench.show(recording, 100, 0.05)
        bench.recorder.step()
        assert bench.time.at < 1000, "the disk never got full"
    saved = bench.told[-1].saved
    assert "full" in bench.told[-1].message
    assert (bench.told[-1].code, bench.told[-1].waiting > 0) == ("disk_full", True)
    assert bench.kept(recording)[-1] == pytest.approx(saved, abs=0.001)
    limit[0] = 1_000_000
    bench.show(recording, 100, 0.05)
    bench.recorder.step()
    assert bench.states()[-1] == "recording"
    kept = bench.kept(recording)
    assert len(kept) == bench.repository.get(recording.session).frames == bench._frames
    assert kept == sorted(set(kept))


def test_what_waits_is_bounded_and_losses_are_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path, limit=50)
    recording = bench.start()
    other = sqlite3.connect(bench.archive.place, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    bench.show(recording, 80)
    bench.recorder.step()
    assert "50 frames wait" in bench.told[-1].message
    assert "30 frames were lost" in bench.told[-1].message
    assert (bench.told[-1].waiting, bench.told[-1].lost) == (50, 30)
    other.execute("ROLLBACK")
    other.close()
    bench.show(recording, 20)
    bench.recorder.step()
    assert (bench.told[-1].state, bench.told[-1].message) == (
        "recording",
        "50 frames were lost because too many waited",
    )
    assert len(bench.kept(recording)) == bench.repository.get(recording.session).frames == 50
    bench.archive.close()


def test_who_comes_back_in_time_goes_on(bench: Bench) -> None:
    recording = bench.start()
    bench.show(recording, 2, track=3)
    bench.recorder.leave(recording)
    bench.show(recording, 2)
    bench.time.at += 30
    bench.recorder.step()
    for session, token in ((recording.session, "other"), ("other", recording.token)):
        with pytest.raises(ResumeError):
            bench.recorder.resume(session, token, bench.told.append)
    again = bench.recorder.resume(recording.session, recording.token, bench.told.append)
    bench.show(again, 2, track=1)
    bench.show(recording, 2)
    bench.recorder.stop(again)
    bench.recorder.step()
    assert bench.kept(again) == [0.1, 0.2, 30.5, 30.6]
    people = bench.repository.people(again.session)
    assert [person.person for person in people] == [3, 4], "track 1 of another stream is somebody else"
    with pytest.raises(ResumeError, match="stopped"):
        bench.recorder.resume(again.session, again.token, bench.told.append)


def test_who_does_not_come_back_ends_it(bench: Bench) -> None:
    recording = bench.start()
    bench.show(recording, 2)
    bench.recorder.leave(recording)
    bench.recorder.step()
    bench.time.at += 61
    bench.recorder.step()
    session = bench.repository.get(recording.session)
    assert (session.state, session.frames) == ("interrupted", 2)
    assert session.ended == pytest.approx(BEGIN + 0.2)
    with pytest.raises(ResumeError, match="60 s ago"):
        bench.recorder.resume(recording.session, recording.token, bench.told.append)


def test_who_comes_back_to_another_server_is_not_ended_by_the_first(bench: Bench, tmp_path: Path) -> None:
    recording = bench.start()
    bench.show(recording, 2)
    bench.recorder.leave(recording)
    bench.recorder.step()
    other = Bench(tmp_path / "data")
    other.time.at = bench.time.at = 30.0
    again = other.recorder.resume(recording.session, recording.token, other.told.append)
    other.show(again, 1)
    other.recorder.step()
    bench.time.at = 70.0
    bench.recorder.step()
    session = bench.repository.get(recording.session)
    assert (session.state, session.ended, session.frames) == ("recording", None, 3)
    assert bench.recorder.open == ()
    other.archive.close()


def test_a_client_that_returns_before_its_old_socket_is_gone(bench: Bench) -> None:
    recording = bench.start()
    told: list[RecordingState] = []
    again = bench.recorder.resume(recording.session, recording.token, told.append)
    assert bench.states() == ["stopped"]
    bench.show(recording, 2)
    bench.show(again, 1)
    bench.recorder.leave(recording)
    bench.recorder.step()
    assert bench.kept(again) == [0.3]
    assert told[-1].state == "recording"


def test_the_end_writes_all_and_the_next_server_goes_on(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.recorder.run()
    recording = bench.start()
    bench.show(recording, 4)
    assert bench.recorder.close(20)
    after = Bench(tmp_path)
    after.time.at = 20
    session = after.repository.get(recording.session)
    assert (session.state, session.frames) == ("interrupted", 4)
    again = after.recorder.resume(recording.session, recording.token, after.told.append)
    after.show(again, 1)
    assert after.recorder.close()
    assert after.kept(again) == [0.1, 0.2, 0.3, 0.4, 20.1]
    after.archive.close()


def test_a_crash_is_noticed_and_old_recordings_are_deleted(tmp_path: Path) -> None:
    crashed = Bench(tmp_path)
    lost = crashed.start()
    crashed.show(lost, 2)
    crashed.recorder.step()
    crashed.archive.close()
    after = Bench(tmp_path, keep_days=1)
    going = after.start()
    for _ in range(12):
        after.time.at += SIGN_OF_LIFE
        after.recorder.step()
    assert after.repository.get(lost.session).state == "interrupted"
    assert after.repository.get(going.session).state == "recording", "there was nothing to see, but it goes on"
    after.time.at += 86400
    after.recorder.step()
    after.time.at += TIDY_EVERY
    after.recorder.step()
    assert [session.id for session, _ in after.repository.find()[0]] == [going.session]
    after.archive.close()


def test_nothing_is_made_before_there_is_something_to_keep(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "data")
    bench.recorder.step()
    assert bench.recorder.close()
    assert not (tmp_path / "data").exists()


def test_what_is_deleted_is_not_in_the_file(bench: Bench) -> None:
    recording = bench.start()
    bench.show(recording, 200)
    bench.recorder.step()
    bench.repository.describe(recording.session, notes="a note to be found")
    bench.recorder.discard(recording.session)
    assert bench.told[-1].state == "stopped"
    place = bench.archive.place
    assert isinstance(place, Path)
    before = sum(path.stat().st_size for path in place.parent.iterdir())
    needles = (b"a name to be found", b"a note to be found", recording.session.encode())
    assert any(needles[0] in path.read_bytes() for path in place.parent.iterdir())
    assert bench.repository.delete(recording.session)
    for path in place.parent.iterdir():
        data = path.read_bytes()
        assert not any(needle in data for needle in needles), path.name
    assert sum(path.stat().st_size for path in place.parent.iterdir() if path.name != f"{FILE}-shm") < before
    bench.recorder.step()
    assert bench.repository.find() == ([], 0)


def test_a_session_that_somebody_else_deletes_ends(bench: Bench) -> None:
    recording = bench.start()
    bench.show(recording, 2)
    bench.repository.delete(recording.session)
    bench.recorder.step()
    assert (bench.told[-1].state, bench.told[-1].message) == ("stopped", "it was deleted")
    assert bench.recorder.open == ()
