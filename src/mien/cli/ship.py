"""`mien export`, `mien quantize`, `mien calibrate`: from a training run to the files that a program loads."""

from __future__ import annotations

import importlib
import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from mien.cli.train import need_torch


class Kind(StrEnum):
    """The kinds of model that the kit trains."""

    emotion = "emotion"
    detector = "detector"
    landmarks = "landmarks"
    attributes = "attributes"


Models = Annotated[Path, typer.Option(help="Folder with manifest.json and weights/.")]
Data = Annotated[Path, typer.Option(help="The data set that the run was trained on.")]


def recipe(kind: Kind) -> Any:
    """Return the module that knows how this kind of model ships."""
    need_torch()
    return importlib.import_module(f"mien.training.{kind.value}.ship")


def export(
    kind: Kind,
    run: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    models: Models = Path("models"),
) -> None:
    """Write a run's network as ONNX (fp32) and its manifest entry."""
    ship = recipe(kind)
    from mien.training.export import export as write

    path = write(ship.exportable(run), models)
    typer.echo(f"{path} ({path.stat().st_size:,} bytes); next: mien quantize {kind.value}", err=True)


def quantize(kind: Kind, data: Data, models: Models = Path("models")) -> None:
    """Write the int8 file beside the fp32 one."""
    ship = recipe(kind)
    from mien.training.quantise import quantise

    path = quantise(models, ship.NAME, ship.calibration_batches(data), keep_outputs=ship.KEEP_OUTPUTS)
    typer.echo(f"{path} ({path.stat().st_size:,} bytes); next: mien calibrate {kind.value}", err=True)


def calibrate(kind: Kind, data: Data, models: Models = Path("models")) -> None:
    """Fit probabilities and thresholds on the development set and write them, with the metrics, into the manifest."""
    print(json.dumps(recipe(kind).calibrate(models, data), indent=2))
