from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from mien.cli.main import main
from mien.core.types import Faces, FrameResult
from mien.store.archive import FILE, Archive
from mien.store.gathering import Gathering
from mien.store.values import NewPicture, NewSession


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MIEN_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("MIEN_DATABASE_URL", raising=False)


@pytest.fixture
def session(tmp_path: Path) -> str:
    """A recording of three frames with two people."""
    archive = Archive(tmp_path / "data")
    repository = archive.open()
    session, _ = repository.start(NewSession("On \x1b[31mMonday", "research"))
    gathering = Gathering()
    for index in range(3):
        emotion = np.eye(8, dtype=np.float32)[[1, 3]]
        faces = Faces.from_boxes([[0, 0, 9, 9]] * 2).replace(tracks=[1, 2], emotion=emotion)
        gathering.add(FrameResult(index, 0.0, 64, 48, faces), index * 0.5)
    made = gathering.batch()
    assert made is not None
    repository.append(session.id, made[0])
    repository.add_marker(session.id, 0.5, "=1+1")
    repository.end(session.id, "stopped")
    archive.close()
    return session.id


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int | str | None, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["sessions", *arguments])
    captured = capfd.readouterr()
    return ended.value.code, captured.out, captured.err


def test_nothing_recorded_yet(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(capfd, "list") == (0, "", "no recordings\n")
    assert run(capfd, "list", "--json") == (0, "[]\n", "")
    status, out, err = run(capfd, "show", "abc")
    assert (status, out) == (1, "")
    assert "mien sessions list" in err
    assert not (tmp_path / "data").exists()


def test_list_and_show(capfd: pytest.CaptureFixture[str], session: str) -> None:
    status, out, _ = run(capfd, "list")
    assert status == 0
    assert session in out
    assert "2 people" in out
    assert "\x1b" not in out
    (listed,) = json.loads(run(capfd, "list", "monday", "--json")[1])
    assert (listed["id"], listed["people"], listed["frames"]) == (session, 2, 3)
    assert run(capfd, "list", "Tuesday", "--json")[1] == "[]\n"
    shown = run(capfd, "show", session)[1]
    assert "face 1     1.0 s in view, mostly happiness" in shown
    assert "0.5 s =1+1" in shown
    value = json.loads(run(capfd, "show", session, "--json")[1])
    assert [person["dominant"] for person in value["people"]] == ["happiness", "sadness"]


def test_export(capfd: pytest.CaptureFixture[str], session: str, tmp_path: Path) -> None:
    status, out, _ = run(capfd, "export", session)
    assert (status, len(out.splitlines())) == (0, 1 + 3 * 2)
    assert run(capfd, "export", session, "--table", "markers")[1].splitlines()[1].endswith("0.5,'=1+1")
    assert len(json.loads(run(capfd, "export", session, "--json")[1])["frames"]) == 3
    target = tmp_path / "out.parquet"
    assert run(capfd, "export", session, "--format", "parquet", "-o", str(target)) == (0, "", "")
    assert target.read_bytes()[:4] == b"PAR1"


def test_pictures(capfd: pytest.CaptureFixture[str], session: str, tmp_path: Path) -> None:
    assert "pictures   none" in run(capfd, "show", session)[1]
    archive = Archive(tmp_path / "data")
    two = [NewPicture(0.5, 64, 48, b"x" * 150_000), NewPicture(1, 64, 48, b"y" * 50_000)]
    archive.open().add_pictures(session, two)
    archive.close()
    assert "(2 pictures, 0.2 MB)" in run(capfd, "list")[1]
    assert "pictures   2 pictures, 0.2 MB" in run(capfd, "show", session)[1]
    (listed,) = json.loads(run(capfd, "list", "--json")[1])
    assert (listed["picture_count"], listed["picture_bytes"]) == (2, 200_000)
    target = tmp_path / "all.zip"
    assert run(capfd, "export", session, "--format", "zip", "-o", str(target)) == (0, "", "")
    with zipfile.ZipFile(target) as file:
        assert file.read("pictures/000000.500.jpg") == b"x" * 150_000
        assert file.read("faces.csv").count(b"\n") == 7
    assert run(capfd, "delete", session, "--pictures", "--person", "1", "--yes")[0] == 2
    assert run(capfd, "delete", session, "--pictures", "--yes", "--json") == (0, '{"deleted": 2}\n', "")
    assert json.loads(run(capfd, "show", session, "--json")[1])["picture_count"] == 0
    assert len(json.loads(run(capfd, "show", session, "--json")[1])["people"]) == 2


def test_a_person_is_not_deleted_while_more_of_them_is_written(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    archive = Archive(tmp_path / "data")
    going, _ = archive.open().start(NewSession("now", "research"))
    crashed, _ = archive.open().start(NewSession("then", "research"), now=1_700_000_000.0)
    archive.close()
    status, _, err = run(capfd, "delete", going.id, "--person", "1", "--yes")
    assert (status, "is being recorded: stop the recording first" in err) == (1, True)
    status, _, err = run(capfd, "delete", crashed.id, "--person", "1", "--yes")
    assert "being recorded" not in err, "nobody has written to it for long"


def test_delete(capfd: pytest.CaptureFixture[str], session: str, tmp_path: Path) -> None:
    assert run(capfd, "delete")[0] == 2
    assert run(capfd, "delete", session, "--all")[0] == 2
    assert run(capfd, "delete", session, "--person", "2", "--yes", "--json") == (0, '{"deleted": 1}\n', "")
    assert len(json.loads(run(capfd, "show", session, "--json")[1])["people"]) == 1
    status, _, err = run(capfd, "delete", session, "other", "--yes")
    assert (status, "only 1 of 2" in err) == (1, True)
    assert session.encode() not in (tmp_path / "data" / FILE).read_bytes()
    assert run(capfd, "delete", "--all", "--yes", "--json")[1] == '{"deleted": 0}\n'
