from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from mien.core.labels import EMOTIONS
from mien.live.videos.folder import VideoFolder
from mien.live.videos.progress import Pace
from mien.live.videos.timeline import timeline
from mien.live.videos.values import NoVideoError, VideoJob, job_from_json, media_type


def frame(time: float, **tracks: float) -> dict[str, Any]:
    """A frame with faces ``t1=0.8``: track 1 with happiness 0.8 and the rest neutral."""
    faces = []
    for name, happy in tracks.items():
        probabilities = {**dict.fromkeys(EMOTIONS, 0.0), "happiness": happy, "neutral": 1 - happy}
        faces.append({"track": int(name[1:]), "emotion": {"uncertain": False, "probabilities": probabilities}})
    return {"time": time, "faces": faces}


def happiness(person: dict[str, Any]) -> list[float | None]:
    return [None if bin is None else bin[EMOTIONS.index("happiness")] for bin in person["bins"]]


def test_stretches_hold_means() -> None:
    values = [frame(0.0, t1=0.2), frame(0.5, t1=0.4), frame(1.0, t1=1.0, t2=0.0), frame(1.5, t1=0.0)]
    found = timeline(values, 0.0, 2.0, 2)
    assert [person["track"] for person in found["people"]] == [1, 2]
    assert happiness(found["people"][0]) == [pytest.approx(0.3), pytest.approx(0.5)]
    assert happiness(found["people"][1]) == [None, 0.0]
    assert found["frames"] == 4


def test_gaps_stay_gaps_and_short_ones_are_bridged() -> None:
    values = [frame(0.0, t1=0.5), frame(0.4, t1=0.9), frame(3.0, t1=0.1)]
    assert happiness(timeline(values, 0.0, 4.0, 20)["people"][0]) == [0.5, 0.5, 0.9, *[None] * 12, 0.1, *[None] * 4]


def test_frames_outside_are_left_out() -> None:
    found = timeline([frame(t / 10, t1=0.5) for t in range(50)], 1.0, 2.0, 4)
    assert found["frames"] == 11
    assert found["people"][0]["first"] == 1.0
    assert found["people"][0]["last"] == 2.0


def test_the_byte_of_a_time_is_found(tmp_path: Path) -> None:
    folder = VideoFolder(tmp_path)
    lines = [orjson.dumps({"time": t / 10, "pad": "x" * (t * 7 % 50)}) + b"\n" for t in range(100)]
    folder.results.write_bytes(b"".join(lines) + b'{"time": 10.0, "pa')
    for wanted, first in ((-1.0, 0), (0.0, 0), (0.05, 1), (3.0, 30), (9.9, 99), (9.85, 99)):
        assert next(folder.values(folder.offset(wanted)))["time"] == first / 10
    assert list(folder.values(folder.offset(10.0))) == []
    assert len(list(folder.values())) == 100


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\x20ftypisom", "video/mp4"),
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x84webm", "video/webm"),
        (b"\x1aE\xdf\xa3\x9fB\x86\x81\x01B\x82\x88matroska", "video/x-matroska"),
        (b"RIFF\0\0\0\0AVI LIST", "video/x-msvideo"),
        (b"GIF89a", "image/gif"),
        (b"G" + b"\0" * 187 + b"G" + b"\0" * 187 + b"G", "video/mp2t"),
    ],
)
def test_containers_are_told_by_their_first_bytes(head: bytes, kind: str) -> None:
    assert media_type(head, "a") == kind


@pytest.mark.parametrize("head", [b"", b"#EXTM3U", b"\xff\xd8\xff\xe0", b"\0\0\0\x20ftypavif", b"RIFF\0\0\0\0WAVE"])
def test_other_files_are_refused(head: bytes) -> None:
    with pytest.raises(NoVideoError, match=r"^b\.mov is not"):
        media_type(head, "b.mov")


def test_eta_follows_the_pace_of_this_run() -> None:
    job = VideoJob("0" * 16, "a", "video/mp4", 1, 0.0, progress=0.5)
    pace = Pace(0.0)
    assert pace.note(job, 10.0).eta is None
    assert pace.note(job_at(job, 0.6), 10.5).eta is None
    assert pace.note(job_at(job, 0.75), 15.0).eta == pytest.approx(5.0)


def job_at(job: VideoJob, progress: float) -> VideoJob:
    return job_from_json({**job.to_json(), "progress": progress})


@pytest.mark.parametrize("value", [None, [], {}, {"id": "../../etc/passwd"}, {"id": "0" * 16, "other": 1}])
def test_what_is_no_record_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="not the description"):
        job_from_json(value)
