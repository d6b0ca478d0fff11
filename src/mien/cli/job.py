"""The work of `mien analyze`: every input in turn, each to stdout, to its table and to its annotated copy."""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self

from mien.cli.console import Console
from mien.core import codec
from mien.core.errors import InputError, MienError, SettingsError
from mien.core.types import Frame, FrameResult
from mien.outputs import files, tables
from mien.outputs.events import EventTable
from mien.outputs.marks import check
from mien.outputs.overlay import draw
from mien.outputs.video import VideoWriter
from mien.sources import pictures
from mien.sources.inputs import Found, Input
from mien.sources.video import VideoSource, open_container, open_video

QUALITY = 92
"""JPEG quality of annotated pictures."""


class Stream(Protocol):
    """Analyses the frames of one video in order."""

    def analyze(self, frame: Frame) -> FrameResult: ...


class Analyst(Protocol):
    """What `mien.pipeline.Analyzer` does here."""

    def analyze(self, image: Frame) -> FrameResult: ...

    def stream(self) -> Stream: ...


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with the results.

    Attributes:
        every: of a video every so many frames are analysed.
        out: folder for tables and annotated copies; None writes neither.
        kind: table format.
        annotate: write annotated copies.
        events: write a table of events beside that of a video's frames.
        lines: where JSON lines go, None for nowhere.
        marks: what annotated copies show inside the boxes, of `mien.outputs.marks.MARKS`.

    Raises:
        SettingsError: the choices contradict each other.
    """

    every: int = 1
    out: Path | None = None
    kind: str = "jsonl"
    annotate: bool = False
    events: bool = False
    lines: BinaryIO | None = None
    marks: tuple[str, ...] = ("landmarks", "pose")

    def __post_init__(self) -> None:
        if self.kind not in tables.TABLES:
            raise SettingsError(f"unknown table format {self.kind!r}: use one of {', '.join(tables.TABLES)}")
        check(self.marks)
        if self.every < 1:
            raise SettingsError(f"every must be at least 1, got {self.every}")
        if self.annotate and self.out is None:
            raise SettingsError("--annotate needs a folder to write to: add -o DIR")


def run(found: Found, plan: Plan, analyst: Analyst, console: Console) -> int:
    """Analyse all inputs; a broken one is reported and the rest is done.

    Returns:
        The exit status: 0 when all went well, 1 when an input could not be used, 130 after Ctrl-C.

    Raises:
        MienError: something is wrong that is no single input's fault, such as a full disk.
    """
    for problem in found.problems:
        console.problem(str(problem))
    if found.ignored:
        files_are = "file in these folders is" if found.ignored == 1 else "files in these folders are"
        console.note(f"{found.ignored} other {files_are} neither picture nor video of a kind that Mien reads")
    names = output_names([item.path for item in found.inputs])
    if plan.out is not None:
        _spare_inputs(found, names, plan.out, plan.kind)
        with files.writing(plan.out):
            plan.out.mkdir(parents=True, exist_ok=True)
    failed, finished = len(found.problems), 0
    with Interrupt() as interrupt:
        try:
            for item, name in zip(found.inputs, names, strict=True):
                failed += not _one(item, name, plan, analyst, console, interrupt)
                finished += 1
        except KeyboardInterrupt:
            kept = f"; what is done is kept in {plan.out}" if plan.out is not None else ""
            console.problem(f"stopped after {finished} of {len(found.inputs)} files{kept}")
            return 130
    return 1 if failed else 0


def output_names(paths: Sequence[Path]) -> list[str]:
    """Return a name without extension for the outputs of each path, all different (on any file system).

    The stem if it is free, else the whole name, else that with a number. A stem in ``.events`` is not free: the table
    of another input's events may go by it.
    """
    used: set[str] = set()
    names = []
    for path in paths:
        plain = [] if path.stem.casefold().endswith(".events") else [path.stem]
        choices = [*plain, path.name, *(f"{path.name}-{k}" for k in range(2, len(paths) + 2))]
        name = next(choice for choice in choices if choice.casefold() not in used)
        used.add(name.casefold())
        names.append(name)
    return names


def _spare_inputs(found: Found, names: Sequence[str], out: Path, kind: str) -> None:
    """Refuse to write where an input lies, as when yesterday's annotated copies are among today's inputs."""
    inputs = {item.path.resolve() for item in found.inputs}
    for name in names:
        for ending in (kind, f"events.{kind}", "annotated.jpg", "annotated.mp4"):
            if (out / f"{name}.{ending}").resolve() in inputs:
                raise SettingsError(
                    f"{out / f'{name}.{ending}'} is an input and would be overwritten: choose another -o"
                )


def _one(item: Input, name: str, plan: Plan, analyst: Analyst, console: Console, interrupt: Interrupt) -> bool:
    """Analyse one input; return whether all of it could be read."""
    work = _picture if item.kind == "picture" else _video
    warnings: tuple[str, ...] | None = None
    try:
        warnings = work(item.path, name, plan, analyst, console, interrupt)
    except InputError as error:
        console.problem(str(error))
    finally:
        console.end(warnings is not None)
    for warning in warnings or ():
        console.problem(f"{item.path}: {warning}")
    return warnings == ()


def _picture(
    path: Path, name: str, plan: Plan, analyst: Analyst, console: Console, interrupt: Interrupt
) -> tuple[str, ...]:
    interrupt.check()
    console.begin(str(path), 1)
    frame = pictures.read(path)
    result = analyst.analyze(frame)
    with ExitStack() as stack:
        _put(result, plan, _tables(stack, name, plan))
    if plan.out is not None and plan.annotate:
        annotated = codec.encode_jpeg(draw(frame.image, result, plan.marks), QUALITY)
        files.write(plan.out / f"{name}.annotated.jpg", annotated)
    console.advance(len(result.faces))
    return ()


def _video(
    path: Path, name: str, plan: Plan, analyst: Analyst, console: Console, interrupt: Interrupt
) -> tuple[str, ...]:
    stream = analyst.stream()
    result: FrameResult | None = None
    with ExitStack() as stack:
        source = stack.enter_context(open_video(path))
        expected = source.info.frames
        console.begin(str(path), None if expected is None else -(-expected // plan.every))
        written: list[tables.Table | EventTable] = [*_tables(stack, name, plan), *_event_tables(stack, name, plan)]
        writer = _writer(stack, source, name, plan)
        for frame in source:
            interrupt.check()
            if result is None or frame.index % plan.every == 0:
                result = stream.analyze(frame)
                _put(result, plan, written)
                console.advance(len(result.faces))
            if writer is not None:
                # Frames in between show the last result: the copy has every frame of the original.
                writer.write(draw(frame.image, result, plan.marks), frame.timestamp)
    return source.warnings


def _tables(stack: ExitStack, name: str, plan: Plan) -> list[tables.Table]:
    if plan.out is None:
        return []
    return [stack.enter_context(tables.create(plan.out / f"{name}.{plan.kind}", plan.kind))]


def _event_tables(stack: ExitStack, name: str, plan: Plan) -> list[EventTable]:
    if plan.out is None or not plan.events:
        return []
    return [stack.enter_context(EventTable(plan.out / f"{name}.events.{plan.kind}", plan.kind))]


def _writer(stack: ExitStack, source: VideoSource, name: str, plan: Plan) -> VideoWriter | None:
    if plan.out is None or not plan.annotate:
        return None
    info = source.info
    sound = open_container(source.path) if info.has_audio else None
    path = plan.out / f"{name}.annotated.mp4"
    return stack.enter_context(VideoWriter(path, info.width, info.height, info.fps, info.time_base, sound))


def _put(result: FrameResult, plan: Plan, written: Sequence[tables.Table | EventTable]) -> None:
    for table in written:
        table.write(result)
    if plan.lines is not None:
        try:
            plan.lines.write(tables.line(result))
            plan.lines.flush()
        except BrokenPipeError:  # nobody reads any more, which is no fault of the place
            raise
        except OSError as error:
            raise MienError(f"stdout cannot be written ({error.strerror}): free some space") from error


class Interrupt(AbstractContextManager["Interrupt"]):
    """Ctrl-C takes effect between two frames, so that files end whole; a second Ctrl-C takes effect at once."""

    def __init__(self) -> None:
        self._asked = False
        self._before: Any = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def check(self) -> None:
        """Raise KeyboardInterrupt if the user asked to stop."""
        if self._asked:
            raise KeyboardInterrupt

    def _ask(self, *_: object) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
