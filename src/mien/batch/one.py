"""One file to its outputs: a table, perhaps events, perhaps an annotated copy."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from typing import Protocol

from mien.batch.plan import Outputs, Plan
from mien.core import codec
from mien.core.types import Frame, FrameResult
from mien.outputs import files, tables
from mien.outputs.events import EventTable
from mien.outputs.overlay import draw
from mien.outputs.video import VideoWriter
from mien.sources import pictures
from mien.sources.inputs import Input
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


class Watch(Protocol):
    """Whoever looks on while a file is analysed."""

    def check(self) -> None:
        """Called between two frames; what it raises ends the file."""

    def begin(self, frames: int | None) -> None:
        """Called when the file is open; ``frames`` is how many results to expect, None when nobody knows."""

    def seen(self, result: FrameResult) -> None:
        """Called with every result, after it was written."""


def analyze(item: Input, to: Outputs, plan: Plan, analyst: Analyst, watch: Watch, threads: int = 0) -> tuple[str, ...]:
    """Analyse one picture or video and write its outputs.

    Args:
        item: the file.
        to: where the outputs go; the folders exist.
        plan: what is wanted.
        analyst: analyses.
        watch: told how far it is.
        threads: of decoder and encoder; 0 for as many as they see fit.

    Returns:
        What is wrong with a video that could be read all the same.

    Raises:
        InputError: the file cannot be read.
        MienError: an output cannot be written.
    """
    watch.check()
    if item.kind == "video":
        return _video(item, to, plan, analyst, watch, threads)
    watch.begin(1)
    frame = pictures.read(item.path)
    result = analyst.analyze(frame)
    with ExitStack() as stack:
        _write(result, _tables(stack, to, plan))
    if to.annotated is not None:
        files.write(to.annotated, codec.encode_jpeg(draw(frame.image, result, plan.marks), QUALITY))
    watch.seen(result)
    return ()


def _video(item: Input, to: Outputs, plan: Plan, analyst: Analyst, watch: Watch, threads: int) -> tuple[str, ...]:
    stream = analyst.stream()
    result: FrameResult | None = None
    with ExitStack() as stack:
        source = stack.enter_context(open_video(item.path, threads))
        expected = source.info.frames
        watch.begin(None if expected is None else -(-expected // plan.every))
        written = _tables(stack, to, plan)
        writer = _writer(stack, source, to, threads)
        for frame in source:
            watch.check()
            if result is None or frame.index % plan.every == 0:
                result = stream.analyze(frame)
                _write(result, written)
                watch.seen(result)
            if writer is not None:
                # Frames in between show the last result: the copy has every frame of the original.
                writer.write(draw(frame.image, result, plan.marks), frame.timestamp)
    return source.warnings


def _tables(stack: ExitStack, to: Outputs, plan: Plan) -> list[tables.Table | EventTable]:
    opened: list[tables.Table | EventTable] = []
    if to.table is not None:
        opened.append(stack.enter_context(tables.create(to.table, plan.kind, plan.partition)))
    if to.lines is not None:
        opened.append(stack.enter_context(tables.create(to.lines, "jsonl")))
    if to.events is not None:
        opened.append(stack.enter_context(EventTable(to.events, plan.kind)))
    return opened


def _write(result: FrameResult, written: Sequence[tables.Table | EventTable]) -> None:
    for table in written:
        table.write(result)


def _writer(stack: ExitStack, source: VideoSource, to: Outputs, threads: int) -> VideoWriter | None:
    if to.annotated is None:
        return None
    info = source.info
    sound = open_container(source.path) if info.has_audio else None
    return stack.enter_context(
        VideoWriter(to.annotated, info.width, info.height, info.fps, info.time_base, sound, threads)
    )
