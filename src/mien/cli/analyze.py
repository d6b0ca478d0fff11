"""``mien analyze``: pictures, folders, patterns and videos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final

import typer

if TYPE_CHECKING:
    from mien.batch.plan import Plan
    from mien.core.settings import AnalyzerSettings
    from mien.sources.inputs import Found

READ: Final = "What is read"
FIND: Final = "How faces are found"
OUTPUT: Final = "Output"
MANY: Final = "Many files"
COMPUTE: Final = "Models and processor"


def analyze(
    inputs: Annotated[
        list[str], typer.Argument(metavar="INPUT", help="Pictures, videos, folders (with all below), patterns.")
    ],
    every: Annotated[
        int,
        typer.Option(
            min=1,
            help="Analyse every so many frames of a video; annotated copies show the last result between.",
            rich_help_panel=OUTPUT,
        ),
    ] = 1,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Folder for a table per input.", rich_help_panel=OUTPUT),
    ] = None,
    kind: Annotated[
        str | None,
        typer.Option("--format", help="Tables as jsonl, csv or parquet.", show_default="jsonl", rich_help_panel=OUTPUT),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json",
            help="A JSON line per picture or frame on stdout; without -o this is so anyway.",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    annotate: Annotated[
        bool, typer.Option(help="Also write annotated copies into DIR.", rich_help_panel=OUTPUT)
    ] = False,
    draw: Annotated[
        str | None,
        typer.Option(
            help="What annotated copies show of points, landmarks and pose, comma separated.",
            show_default="landmarks,pose where computed",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    detector: Annotated[
        str | None, typer.Option(help="mien, haar or yunet.", show_default="mien", rich_help_panel=FIND)
    ] = None,
    weights: Annotated[Path | None, typer.Option(help="ONNX file of the detector yunet.", rich_help_panel=FIND)] = None,
    emotion: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Emotion network of yours, see mien models add.", rich_help_panel=COMPUTE),
    ] = None,
    detect_size: Annotated[
        int | None,
        typer.Option(
            help="Long side in pixels at which faces are looked for.",
            show_default="320; 480 in large pictures",
            rich_help_panel=FIND,
        ),
    ] = None,
    small_faces: Annotated[
        bool | None,
        typer.Option(
            "--small-faces/--no-small-faces",
            help="Look a second time, closer.",
            show_default="pictures only",
            rich_help_panel=FIND,
        ),
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(min=0, max=1, help="Least detector score of a face.", rich_help_panel=FIND)
    ] = None,
    detect_interval: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="Seconds of video between two detections; 0: on every frame.",
            show_default="the detector's",
            rich_help_panel=FIND,
        ),
    ] = None,
    landmarks: Annotated[
        bool | None,
        typer.Option("--landmarks", help="Also 68 landmarks, head pose, open eyes and mouth.", rich_help_panel=READ),
    ] = None,
    baseline: Annotated[
        bool | None,
        typer.Option(
            "--baseline", help="In videos, learn each person's resting face and take it off.", rich_help_panel=READ
        ),
    ] = None,
    calibrate: Annotated[
        str | None,
        typer.Option(
            metavar="FROM-TO",
            help="Seconds of a video in which people show their resting faces; see --baseline.",
            rich_help_panel=READ,
        ),
    ] = None,
    signals: Annotated[
        bool | None,
        typer.Option(
            "--signals",
            help="In videos, follow signals and events; most of them need --landmarks.",
            rich_help_panel=READ,
        ),
    ] = None,
    attributes: Annotated[
        str | None,
        typer.Option(
            metavar="age,gender",
            help="Also estimate age, gender or both. For non-commercial research use only: see docs/attributes.md.",
            rich_help_panel=READ,
        ),
    ] = None,
    explain: Annotated[
        bool | None,
        typer.Option(
            "--explain",
            help="Lay over annotated copies what spoke for the expression, and what against it.",
            rich_help_panel=READ,
        ),
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="Model files: int8 or fp32.", show_default="int8", rich_help_panel=COMPUTE)
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="cpu, or cuda for an NVIDIA GPU (mien[gpu]).",
            show_default="cpu",
            envvar="MIEN_DEVICE",
            rich_help_panel=COMPUTE,
        ),
    ] = None,
    models: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="A mien model-server that computes the networks; its key is read from MIEN_MODELS_KEY.",
            envvar="MIEN_MODELS",
            rich_help_panel=COMPUTE,
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Processes that share the files; 0 for one per core. See docs/bulk.md.",
            show_default="this one alone; 0 with the options below",
            rich_help_panel=MANY,
        ),
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help="local processes or a ray cluster.", show_default="local", rich_help_panel=MANY)
    ] = None,
    ray_address: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            help="The Ray cluster.",
            show_default="RAY_ADDRESS, or one on this machine",
            rich_help_panel=MANY,
        ),
    ] = None,
    resume: Annotated[
        bool | None,
        typer.Option(
            "--resume/--fresh",
            help="With workers: skip files that are finished, or do them again.",
            show_default="resume",
            rich_help_panel=MANY,
        ),
    ] = None,
    partition: Annotated[
        bool, typer.Option("--partition", help="Parquet as one data set, partitioned by source.", rich_help_panel=MANY)
    ] = False,
) -> None:
    """Read the expressions in pictures and videos.

    Results go to stdout as JSON lines, or with -o into a table per input; one line for every picture or frame, also
    where there is no face. Exit status: 0 all well, 1 some inputs failed, 2 nothing to do or wrong options, 130
    stopped by Ctrl-C (what is done is kept).
    """
    import os
    import sys
    from dataclasses import replace

    from mien.batch.plan import Plan
    from mien.core.errors import SettingsError, SourceError
    from mien.core.settings import AnalyzerSettings, TrackingSettings
    from mien.sources.inputs import expand

    if kind is not None and out is None:
        raise SettingsError("--format is the format of tables: add -o DIR")
    if explain and not annotate:
        raise SettingsError("--explain draws on annotated copies: add --annotate and -o DIR")
    lines = None
    if as_json or out is None:
        if sys.stdout is None:
            raise SettingsError("stdout is closed: open it, or add -o DIR")
        lines = sys.stdout.buffer
    if draw is not None and not annotate:
        raise SettingsError("--draw is about annotated copies: add --annotate and -o DIR")
    kind = kind or ("parquet" if partition else "jsonl")
    plan = Plan(every, out, kind, annotate, bool(signals), partition=partition)
    if draw is not None:
        plan = replace(plan, marks=tuple(part.strip() for part in draw.split(",") if part.strip()))
    calibration = None if calibrate is None else _span(calibrate)
    tracking = TrackingSettings(**_chosen(detect_interval=detect_interval, calibration=calibration))
    chosen = _chosen(
        detector=detector,
        weights=weights,
        emotion=emotion,
        detect_size=detect_size,
        small_faces=small_faces,
        min_score=min_score,
        landmarks=landmarks,
        attributes=attributes,
        explain=explain,
        baseline=baseline or (None if calibration is None else True),
        signals=signals,
        precision=precision,
        device=device,
        models=models or None,
    )
    settings = AnalyzerSettings(tracking=tracking, **chosen)
    try:
        found = expand(inputs)
    except SourceError as error:  # nothing to do is wrong usage, one bad input among others is not
        raise SettingsError(str(error)) from error
    bars = lines is None or not sys.stdout.isatty()
    try:
        if any(value is not None for value in (workers, engine, ray_address, resume)) or partition:
            status = _with_workers(found, plan, settings, lines, bars, workers, engine, ray_address, resume)
        else:
            status = _alone(found, plan, settings, lines, bars)
    except BrokenPipeError:
        # Whoever reads our output has enough (`| head`). What is still buffered must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(141) from None  # as a shell reports a program that SIGPIPE ended
    if status:
        raise typer.Exit(status)


def _alone(found: Found, plan: Plan, settings: AnalyzerSettings, lines: BinaryIO | None, bars: bool) -> int:
    from mien.cli import job
    from mien.cli.console import Console
    from mien.pipeline import Analyzer

    analyst = Analyzer(settings)
    with Console(len(found.inputs), bars) as console:
        return job.run(found, plan, analyst, console, lines)


def _with_workers(
    found: Found,
    plan: Plan,
    settings: AnalyzerSettings,
    lines: BinaryIO | None,
    bars: bool,
    workers: int | None,
    engine: str | None,
    ray_address: str | None,
    resume: bool | None,
) -> int:
    from mien.cli import bulk
    from mien.cli.progress import Progress
    from mien.core.errors import SettingsError
    from mien.pipeline import Analyzer

    if resume is not None and plan.out is None:
        raise SettingsError("--resume and --fresh are about tables that are there already: add -o DIR")
    spread = bulk.Bulk(workers or 0, engine or "local", ray_address, resume is False)
    Analyzer(settings)  # what is wrong with the settings shows here, and not in every worker
    with Progress(bars) as progress:
        return bulk.run(found, plan, settings, spread, lines, progress)


def _span(text: str) -> tuple[float, float]:
    """Return the two numbers of ``FROM-TO``.

    Raises:
        SettingsError: it is something else.
    """
    from mien.core.errors import SettingsError

    start, _, end = text.partition("-")
    try:
        return float(start), float(end)
    except ValueError:
        raise SettingsError(f"--calibrate {text}: give seconds as FROM-TO, such as 0-3") from None


def _chosen(**options: Any) -> dict[str, Any]:
    """Return the options that were given; the others keep the defaults of the settings."""
    return {name: value for name, value in options.items() if value is not None}
