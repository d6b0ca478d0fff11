"""Which frames of a recording are kept as pictures, and what becomes of them when the disk does not take them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg
import sqlalchemy as sql

from mien.core.errors import StoreError
from mien.core.types import Event, Faces, FrameResult, Image
from mien.live.pictures import MOST_RAW, MOST_WAITING, PictureEncoder, PictureKeeper, PictureRules, shrunk
from mien.live.recorder import Recorder
from mien.live.recording import Clock, Recording, RecordingState
from mien.store.archive import Archive
from mien.store.database import Database
from mien.store.repository import Repository
from mien.store.values import NewPicture, NewSession

RULES = PictureRules(spare=0)
WITH = NewSession("with pictures", "research", pictures=True)
GREY = np.full((48, 64, 3), 99, np.uint8)


class Time(Clock):
    at = 0.0

    def now(self) -> float:
        return self.at

    def wall(self) -> float:
        return 1_800_000_000.0 + self.at


class Bench:
    """A recorder that writes when told to."""

    def __init__(self, folder: Path, rules: PictureRules | None = RULES) -> None:
        self.time = Time()
        self.archive = Archive(folder)
        self.recorder = Recorder(self.archive, clock=self.time, pictures=rules)
        self.told: list[RecordingState] = []

    def start(self, new: NewSession = WITH) -> Recording:
        return self.recorder.start(new, self.told.append)

    def show(self, recording: Recording, seconds: float, image: Image = GREY, events: tuple[Event, ...] = ()) -> None:
        """Ten frames a second; the thread that encodes is played by the recorder."""
        for _ in range(round(seconds * 10)):
            self.time.at += 0.1
            faces = Faces.from_boxes([[0, 0, 10, 10]]).replace(tracks=[1])
            recording.add(FrameResult(0, self.time.at, 64, 48, faces, events=events), image)
            if recording.pictures is not None:
                recording.pictures.encode()

    def kept(self, recording: Recording) -> list[float]:
        found = self.archive.open().pictures(recording.session, 0, 1e6, 1000)
        return [picture.time for picture in found]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.archive.close()


def test_two_a_second_are_kept_and_told(bench: Bench) -> None:
    recording = bench.start()
    bench.show(recording, 3)
    assert bench.kept(recording) == []
    bench.recorder.step()
    assert bench.kept(recording) == [0.1, 0.6, 1.1, 1.6, 2.1, 2.6]
    state = bench.told[-1].pictures
    assert state is not None
    assert (state.kept, state.lost, state.code) == (6, 0, "")
    assert state.bytes == bench.archive.open().picture_totals([recording.session])[recording.session].bytes
    times = [sample.time for sample in bench.archive.open().samples(recording.session)]
    assert set(bench.kept(recording)) <= set(times), "a picture is of a moment that was read"


def test_nothing_is_kept_unless_it_is_asked_for_and_allowed(bench: Bench, tmp_path: Path) -> None:
    plain = bench.start(replace(WITH, pictures=False))
    bench.show(plain, 2)
    bench.recorder.step()
    assert (bench.kept(plain), bench.told[-1].pictures) == ([], None)
    forbidden = Bench(tmp_path / "other", None)
    recording = forbidden.start()
    forbidden.show(recording, 2)
    forbidden.recorder.step()
    assert (forbidden.kept(recording), forbidden.told[-1].pictures) == ([], None)
    forbidden.archive.close()


def test_a_pause_keeps_no_picture_and_a_reload_goes_on(bench: Bench) -> None:
    recording = bench.start()
    bench.show(recording, 1)
    recording.pause(True)
    bench.show(recording, 2)
    recording.pause(False)
    again = bench.recorder.resume(recording.session, recording.token, bench.told.append)
    bench.show(again, 1)
    bench.recorder.stop(again)
    bench.recorder.step()
    assert bench.kept(again) == [0.1, 0.6, 3.1, 3.6], "also what the stop found waiting"


def test_the_next_server_goes_on_counting(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    recording = bench.start()
    bench.show(recording, 1)
    assert bench.recorder.close()
    after = Bench(tmp_path, replace(RULES, most_bytes=1))
    after.time.at = 20
    again = after.recorder.resume(recording.session, recording.token, after.told.append)
    state = again.state().pictures
    assert state is not None
    assert (state.kept, state.code) == (2, "pictures_full")
    after.show(again, 2)
    after.recorder.step()
    assert after.kept(again) == [0.1, 0.6]
    assert len(list(after.archive.open().samples(again.session))) == 30, "what was seen is kept on"
    after.archive.close()


def test_events_and_markers_are_kept_at_once() -> None:
    keeper = PictureKeeper(RULES)
    offers = {0.0: False, 0.1: True, 0.2: True, 0.3: False, 0.5: True}
    for time, remarkable in offers.items():
        keeper.offer(time, GREY, remarkable)
        keeper.encode()
    keeper.want()
    for time in (0.6, 0.71, 0.8):
        keeper.offer(time, GREY)
        keeper.encode()
    assert [picture.time for picture in keeper.take(None)] == [0.0, 0.2, 0.5, 0.71]


def test_pictures_are_small_jpeg_without_what_the_sender_wrote_into_them() -> None:
    image = np.random.default_rng(1).integers(0, 255, (720, 1280, 3), np.uint8)
    sent = simplejpeg.encode_jpeg(image, 95, "BGR")
    secret = b"taken at home"
    sent = sent[:2] + b"\xff\xfe" + (len(secret) + 2).to_bytes(2, "big") + secret + sent[2:]  # a comment, as EXIF is
    keeper = PictureKeeper(RULES)
    keeper.offer(1.0, sent)
    keeper.encode()
    (made,) = keeper.take(None)
    assert (made.width, made.height) == (640, 360)
    assert simplejpeg.decode_jpeg_header(made.data)[:2] == (360, 640)
    assert secret not in made.data
    assert shrunk(GREY, 640) is GREY


def test_a_frame_that_cannot_be_read_is_counted() -> None:
    keeper = PictureKeeper(RULES)
    keeper.offer(1.0, b"no picture")
    keeper.encode()
    assert (keeper.take(None), keeper.state.lost) == ([], 1)


def test_what_waits_is_bounded() -> None:
    keeper = PictureKeeper(RULES)
    for place in range(5):
        keeper.offer(place, GREY)
    assert keeper.state.lost == 5 - MOST_RAW
    keeper.encode()
    for place in range(5, 5 + MOST_WAITING):
        keeper.offer(place, GREY)
        keeper.encode()
    times = [picture.time for picture in keeper.take(None)]
    assert (len(times), times[-1], keeper.state.lost) == (MOST_WAITING, 4 + MOST_WAITING, 5)


def test_when_space_runs_short_pictures_end_first(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.recorder.pictures = replace(RULES, spare=1_000_000)
    recording = bench.start()
    free = [2_000_000]
    monkeypatch.setattr(Database, "spare", lambda _: free[0])
    bench.show(recording, 1)
    bench.recorder.step()
    free[0] = 1_000_000
    bench.show(recording, 1)
    bench.recorder.step()
    told = bench.told[-1]
    assert told.pictures is not None
    assert (told.state, told.pictures.code, told.pictures.kept, told.pictures.lost) == (
        "recording",
        "pictures_space",
        2,
        2,
    )
    assert told.saved == 2.0, "what was seen is kept on"
    free[0] = 2_000_000
    bench.show(recording, 1)
    bench.recorder.step()
    assert bench.told[-1].pictures is not None
    assert (bench.told[-1].pictures.code, bench.kept(recording)) == ("", [0.1, 0.6, 2.1, 2.6])


def test_pictures_that_cannot_be_written_cost_no_results(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Repository, session: str, pictures: list[NewPicture]) -> None:
        raise StoreError("the disk is full")

    recording = bench.start()
    with monkeypatch.context() as patch:
        patch.setattr(Repository, "add_pictures", full)
        bench.show(recording, 1)
        bench.recorder.step()
    told = bench.told[-1]
    assert told.pictures is not None
    assert (told.state, told.saved, told.pictures.code, told.pictures.lost) == ("recording", 1.0, "pictures_failed", 2)
    bench.show(recording, 1)
    bench.recorder.step()
    assert bench.kept(recording) == [1.1, 1.6]


def test_a_full_disk_takes_results_for_longer_than_pictures(bench: Bench) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (480, 640, 3), np.uint8)  # a large JPEG

    def fill(connection: Any, *_: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={limit[0]}")

    recording = bench.start()
    bench.show(recording, 1, noise)
    bench.recorder.step()
    with bench.archive.open().database.reading() as connection:
        pages = connection.execute(sql.text("PRAGMA page_count")).scalar_one()
    limit = [pages + 4]
    sql.event.listen(bench.archive.open().database.engine, "checkout", fill)
    for _ in range(3):
        bench.show(recording, 1, noise)
        bench.recorder.step()
    told = bench.told[-1]
    assert told.pictures is not None
    assert (told.state, told.saved, told.pictures.code, told.pictures.kept) == ("recording", 4.0, "pictures_failed", 2)
    assert bench.kept(recording) == [0.1, 0.6], "what was acknowledged is there"
    limit[0] = 1_000_000
    bench.show(recording, 1, noise)
    bench.recorder.step()
    assert bench.kept(recording) == [0.1, 0.6, 4.1, 4.6]


def test_one_thread_encodes_for_all() -> None:
    made = threading.Event()
    keepers: list[PictureKeeper] = []

    class Telling(PictureKeeper):
        def encode(self) -> None:
            super().encode()
            made.set()

    encoder = PictureEncoder(lambda: keepers)
    keepers.append(Telling(RULES, wake=encoder.wake))
    encoder.run()
    keepers[0].offer(1.0, GREY)
    assert made.wait(20)
    encoder.close(20)
    assert [picture.time for picture in keepers[0].take(None)] == [1.0]
