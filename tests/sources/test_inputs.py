from __future__ import annotations

import os
from pathlib import Path

import pytest

from mien.core.errors import SourceError
from mien.sources.inputs import expand, sniff

JPEG = b"\xff\xd8\xff\xe0" + bytes(40)
MP4 = b"\0\0\0\x18ftypisom" + bytes(40)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "b.jpg": JPEG,
        "a.PNG": b"",
        "deep/er/c.mp4": MP4,
        "deep/unnamed": MP4,
        "deep/notes.txt": b"hello",
        "deep/code.ts": b"export const face = 1;",
        ".hidden.jpg": JPEG,
        ".git/d.jpg": JPEG,
    }
    for name, data in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return tmp_path


def names(folder: Path, *given: str | Path) -> list[tuple[str, str]]:
    return [(item.path.relative_to(folder).as_posix(), item.kind) for item in expand(given).inputs]


def test_folder_is_searched_in_order(folder: Path) -> None:
    assert names(folder, folder) == [
        ("a.PNG", "picture"),
        ("b.jpg", "picture"),
        ("deep/unnamed", "video"),
        ("deep/er/c.mp4", "video"),
    ]
    found = expand([folder])
    assert found.ignored == 2
    assert found.problems == []


def test_named_order_is_kept_and_each_file_comes_once(folder: Path) -> None:
    assert names(folder, folder / "b.jpg", folder / "a.PNG", folder / "deep" / ".." / "b.jpg") == [
        ("b.jpg", "picture"),
        ("a.PNG", "picture"),
    ]


def test_patterns(folder: Path) -> None:
    assert names(folder, f"{folder}/*.jpg") == [("b.jpg", "picture")]
    assert names(folder, f"{folder}/**/*.mp4") == [("deep/er/c.mp4", "video")]
    assert names(folder, f"{folder}/dee?") == [("deep/unnamed", "video"), ("deep/er/c.mp4", "video")]


def test_a_name_with_magic_characters_is_a_file_first(folder: Path) -> None:
    (folder / "x[1].jpg").write_bytes(JPEG)
    assert names(folder, folder / "x[1].jpg") == [("x[1].jpg", "picture")]


def test_bad_names_are_problems_beside_good_ones(folder: Path) -> None:
    (folder / "empty").mkdir()
    found = expand([folder / "b.jpg", folder / "missing.jpg", folder / "deep" / "notes.txt", folder / "empty", "*.nix"])
    assert [item.path.name for item in found.inputs] == ["b.jpg"]
    messages = [str(problem) for problem in found.problems]
    assert "missing.jpg does not exist" in messages[0]
    assert "notes.txt is neither a picture nor a video" in messages[1]
    assert "empty holds no picture and no video" in messages[2]
    assert "*.nix holds no picture and no video" in messages[3]


def test_a_second_name_for_the_same_folder_is_no_problem(folder: Path) -> None:
    assert expand([folder, folder]).problems == []


@pytest.mark.parametrize(
    ("given", "message"),
    [([], "nothing to analyse"), (["nix.jpg"], "nix.jpg does not exist"), (["nix/*.jpg"], "holds no picture")],
)
def test_nothing_found(given: list[str], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        expand(given)


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jpg"
    os.mkfifo(pipe)
    with pytest.raises(SourceError, match="neither a picture nor a video"):
        expand([pipe])


def test_links_in_circles_end(folder: Path) -> None:
    (folder / "deep" / "loop").symlink_to(folder)
    assert len(expand([folder]).inputs) == 4


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (JPEG, "picture"),
        (b"\x89PNG\r\n\x1a\n", "picture"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "picture"),
        (MP4, "video"),
        (b"\0\0\0\x14ftypqt  ", "video"),
        (b"\0\0\0\x08wide", "video"),
        (b"\x1aE\xdf\xa3", "video"),
        (b"RIFF\0\0\0\0AVI LIST", "video"),
        (b"GIF89a", "video"),
        (b"\0\0\1\xba", "video"),
        ((b"G" + bytes(187)) * 3, "video"),
        (b"\0\0\0\x1cftypavif", None),
        (b"\0\0\0\x1cftypheic", None),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"G", None),
        (b"", None),
    ],
)
def test_sniff(tmp_path: Path, head: bytes, kind: str | None) -> None:
    path = tmp_path / "file"
    path.write_bytes(head)
    assert sniff(path) == kind


def test_content_tells_more_than_the_name(tmp_path: Path) -> None:
    (tmp_path / "clip.jpg").write_bytes(MP4)
    (tmp_path / "photo.mp4").write_bytes(JPEG)
    (tmp_path / "unknown.jpg").write_bytes(b"hello")
    assert names(tmp_path, tmp_path) == [("clip.jpg", "video"), ("photo.mp4", "picture"), ("unknown.jpg", "picture")]


def test_an_empty_name_is_not_this_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(SourceError, match="a name is empty"):
        expand([""])


def test_standard_input_is_not_read() -> None:
    with pytest.raises(SourceError, match="not its standard input"):
        expand(["-"])


def test_a_folder_of_other_pictures_says_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "scan.tiff").write_bytes(b"II*\0")
    with pytest.raises(SourceError, match="only 1 of other kinds: use JPEG"):
        expand([tmp_path])
