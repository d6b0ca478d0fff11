"""From what a user names (files, folders, patterns) to the pictures and videos that are there."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from mien.core.errors import SourceError

Kind = Literal["picture", "video"]

EXTENSIONS: Final[dict[str, Kind]] = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp"), "picture"),
    **dict.fromkeys((".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".m2ts", ".gif"), "video"),
}
"""What a file is by its name, where its content does not tell: many a picture from the web has a wrong name."""

_REMEDY: Final = "use JPEG, PNG or WebP pictures, or MP4, MOV, MKV, WebM, AVI, MPEG or GIF videos"


@dataclass(frozen=True, slots=True)
class Input:
    """One file to analyse.

    Attributes:
        path: as the user named it, or below the folder that the user named.
        kind: ``picture`` or ``video``.
    """

    path: Path
    kind: Kind


@dataclass(slots=True)
class Found:
    """What was found.

    Attributes:
        inputs: in the order named, a folder's files sorted by name; each file once.
        problems: what was named but cannot be used.
        ignored: how many files within folders are neither pictures nor videos.
    """

    inputs: list[Input] = field(default_factory=list)
    problems: list[SourceError] = field(default_factory=list)
    ignored: int = 0


def expand(names: Iterable[str | Path]) -> Found:
    """Find the pictures and videos that ``names`` stand for: files, folders (with all below them) and glob patterns.

    Hidden files within folders are left out and links to folders are not followed.

    Raises:
        SourceError: nothing was found at all; the message says why for each name.
    """
    found, seen = Found(), set[Path]()
    for name in names:
        problems, ignored, usable = len(found.problems), found.ignored, False
        if not str(name):  # as of a shell's variable that is not set: never the folder one is in
            found.problems.append(SourceError("a name is empty: name a file or a folder"))
            continue
        for path, explicit in _files(str(name)):
            try:
                kind = _kind(path, explicit)
            except SourceError as error:
                found.problems.append(error)
                continue
            if kind is None:
                found.ignored += 1
                continue
            usable = True
            real = path.resolve()
            if real not in seen:
                seen.add(real)
                found.inputs.append(Input(path, kind))
        if not usable and len(found.problems) == problems:
            found.problems.append(SourceError(f"{name} holds {_nothing(found.ignored - ignored)}"))
    if not found.inputs:
        why = "; ".join(str(problem) for problem in found.problems)
        raise SourceError(why or "nothing to analyse: name a file or a folder")
    return found


def sniff(path: Path) -> Kind | None:
    """Tell a picture from a video by the file's first bytes; None when it is neither.

    Raises:
        SourceError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}): check the path and your rights") from error
    if head.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP"):
        return "picture"
    container = (
        (head[4:8] == b"ftyp" and head[8:11] not in (b"avi", b"hei", b"hev", b"mif", b"msf"))
        or head[4:8] in (b"moov", b"mdat", b"wide")
        or head.startswith((b"\x1aE\xdf\xa3", b"GIF8", b"FLV\1", b"\0\0\1\xba", b"\0\0\1\xb3"))
        or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")
        or (len(head) > 376 and head[0] == head[188] == head[376] == 0x47)
    )
    return "video" if container else None


def _nothing(others: int) -> str:
    if not others:
        return "no picture and no video: name another file or folder"
    return f"no picture and no video that Mien reads, only {others} of other kinds: {_REMEDY}"


def _files(name: str) -> Iterator[tuple[Path, bool]]:
    """Yield the files that a name stands for, each with whether the user named that very file."""
    path = Path(name).expanduser()
    if path.is_dir():
        yield from ((file, False) for file in _walk(path))
    elif path.exists() or not glob.has_magic(name):
        yield path, True
    else:
        # Path.glob takes no absolute patterns.
        for match in sorted(glob.glob(str(path), recursive=True)):  # noqa: PTH207
            yield from ((file, False) for file in (_walk(Path(match)) if Path(match).is_dir() else [Path(match)]))


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root, name) for name in sorted(files) if not name.startswith("."))


def _kind(path: Path, explicit: bool) -> Kind | None:
    """Tell what a file is; None for a file that is neither and that the user did not name."""
    if not path.exists():
        hint = "Mien reads files and not its standard input: name one" if str(path) == "-" else "check the path"
        raise SourceError(f"{path} does not exist: {hint}")
    # A pipe or a device is not opened: reading it could wait for ever.
    kind = (sniff(path) or EXTENSIONS.get(path.suffix.lower())) if path.is_file() else None
    if kind is None and explicit:
        raise SourceError(f"{path} is neither a picture nor a video that Mien reads: {_REMEDY}")
    return kind
