"""What `mien analyze` makes of every file, and where it goes; plain values that travel to workers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from hashlib import blake2b
from pathlib import Path
from typing import Final, Self

from mien.core.errors import SettingsError
from mien.outputs import tables
from mien.outputs.marks import check
from mien.sources.inputs import Input, Kind

OWN: Final = "_mien"
"""Folder within the output folder for what is not a result. Readers of data sets pass over names with an underscore."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with the results.

    Attributes:
        every: of a video every so many frames are analysed.
        out: folder for tables and annotated copies; None writes neither.
        kind: table format.
        annotate: write annotated copies.
        events: write a table of events beside that of a video's frames.
        marks: what annotated copies show inside the boxes, of `mien.outputs.marks.MARKS`.
        partition: lay Parquet tables out as one data set that is partitioned by source.
        lines: keep JSON lines also where the table is of another kind, for whoever prints them later.

    Raises:
        SettingsError: the choices contradict each other.
    """

    every: int = 1
    out: Path | None = None
    kind: str = "jsonl"
    annotate: bool = False
    events: bool = False
    marks: tuple[str, ...] = ("landmarks", "pose")
    partition: bool = False
    lines: bool = False

    def __post_init__(self) -> None:
        if self.kind not in tables.TABLES:
            raise SettingsError(f"unknown table format {self.kind!r}: use one of {', '.join(tables.TABLES)}")
        check(self.marks)
        if self.every < 1:
            raise SettingsError(f"every must be at least 1, got {self.every}")
        if self.annotate and self.out is None:
            raise SettingsError("--annotate needs a folder to write to: add -o DIR")
        if self.partition and (self.out is None or self.kind != "parquet"):
            raise SettingsError("--partition is a way to write Parquet: add -o DIR, and no other --format")


@dataclass(frozen=True, slots=True)
class Outputs:
    """The files that are made of one input, None for those that are not.

    Attributes:
        table: of the frames.
        events: table of a video's events.
        annotated: the annotated copy.
        lines: the frames as JSON lines, beside a table of another kind.
    """

    table: Path | None = None
    events: Path | None = None
    annotated: Path | None = None
    lines: Path | None = None

    @classmethod
    def of(cls, name: str, kind: Kind, plan: Plan) -> Self:
        """Return where the outputs of an input go, relative to the output folder.

        Args:
            name: of the outputs, see `output_names` and `partition_name`.
            kind: of the input.
            plan: what is wanted.
        """
        if plan.out is None:
            return cls()
        ending = "jpg" if kind == "picture" else "mp4"
        if plan.partition:
            part = Path(f"source={name}", "part-0.parquet")
            table, events, annotated = part, Path("_events", part), Path("_annotated", f"{name}.{ending}")
        else:
            table, events = Path(f"{name}.{plan.kind}"), Path(f"{name}.events.{plan.kind}")
            annotated = Path(f"{name}.annotated.{ending}")
        return cls(
            table,
            events if plan.events and kind == "video" else None,
            annotated if plan.annotate else None,
            Path(OWN, "lines", f"{name}.jsonl") if plan.lines and plan.kind != "jsonl" else None,
        )

    @property
    def files(self) -> tuple[Path, ...]:
        """All that are made."""
        return tuple(path for path in (getattr(self, field.name) for field in fields(self)) if path is not None)

    def under(self, folder: Path) -> Self:
        """Return the same within ``folder``."""
        moved = {field.name: getattr(self, field.name) for field in fields(self)}
        return type(self)(**{name: None if path is None else folder / path for name, path in moved.items()})


def output_names(paths: Sequence[Path], kept: Mapping[Path, str] | None = None) -> list[str]:
    """Return a name without extension for the outputs of each path, all different (on any file system).

    The stem if no other file has it, else ``FOLDER-STEM`` if no other has that, else the whole name, else that with a
    number. A stem in ``.events`` is not free: the table of another input's events may go by it.

    Args:
        paths: of the inputs.
        kept: names of an earlier run, which stay those of their paths and are not free to others.
    """
    kept = kept or {}
    used = {name.casefold() for name in kept.values()}
    stems = Counter(path.stem.casefold() for path in paths)
    placed = Counter(_placed(path).casefold() for path in paths)
    names = []
    for path in paths:
        plain = [path.stem] if stems[path.stem.casefold()] == 1 else []
        if not plain and path.parent.name and placed[_placed(path).casefold()] == 1:
            plain = [_placed(path)]
        plain = [] if path.stem.casefold().endswith(".events") else plain
        choices = [*plain, path.name, *(f"{path.name}-{k}" for k in range(2, len(paths) + len(kept) + 2))]
        name = kept.get(path) or next(choice for choice in choices if choice.casefold() not in used)
        used.add(name.casefold())
        names.append(name)
    return names


def _placed(path: Path) -> str:
    return f"{path.parent.name}-{path.stem}"


def partition_name(path: Path) -> str:
    """Return ``NAME-HASH8``: the file's stem, and a hash of where it lies, which keeps files of one name apart.

    The name is the same whatever other files there are. Characters that readers of partitioned data sets take for
    something else become underscores.
    """
    plain = "".join(c if c.isalnum() or c in "._-" else "_" for c in path.stem)
    short = plain.encode("utf-8", "replace")[:100].decode("utf-8", "ignore")
    where = blake2b(str(path.resolve()).encode("utf-8", "surrogateescape"), digest_size=4)
    return f"{short}-{where.hexdigest()}"


def spare_inputs(inputs: Sequence[Input], outputs: Sequence[Outputs], out: Path) -> None:
    """Refuse to write where an input lies, as when yesterday's annotated copies are among today's inputs.

    Raises:
        SettingsError: an output would overwrite an input.
    """
    read = {item.path.resolve() for item in inputs}
    for each in outputs:
        for path in each.under(out).files:
            if path.resolve() in read:
                raise SettingsError(f"{path} is an input and would be overwritten: choose another -o")
