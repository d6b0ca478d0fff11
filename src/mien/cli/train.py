"""`mien train`: make a model."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from mien.core.errors import MissingDependencyError

app = typer.Typer(help="Train a model. The same command goes on where it was stopped.", no_args_is_help=True)

Out = Annotated[Path, typer.Option(help="The run's folder: checkpoint, log, plots, model.")]
Minutes = Annotated[float | None, typer.Option(min=0.1, help="Time budget; the schedule anneals fully within it.")]
Json = Annotated[bool, typer.Option("--json", help="A JSON line per epoch on stdout.")]


def need_torch() -> None:
    """Raise with the remedy unless the training kit's packages are there."""
    missing = [name for name in ("torch", "onnxscript", "pyarrow", "matplotlib") if find_spec(name) is None]
    if missing:
        raise MissingDependencyError(f"training needs {', '.join(missing)}: pip install 'mien[train]'")


class Bar:
    """A progress bar on stderr that follows a run's epochs."""

    def __init__(self, as_json: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self.as_json = as_json
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self.progress = Progress(*columns, console=Console(stderr=True))
        self.task = self.progress.add_task("starting", total=1.0)

    def __enter__(self) -> Bar:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def tell(self, values: dict[str, Any]) -> None:
        """Show one epoch."""
        shown = {k: v for k, v in values.items() if k not in ("progress", "seconds")}
        self.progress.update(
            self.task,
            completed=values["progress"],
            description=" ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in shown.items()),
        )
        if self.as_json:
            print(json.dumps(values), flush=True)
        elif not self.progress.console.is_terminal:
            self.progress.console.print(self.progress.tasks[0].description, soft_wrap=True)


@app.command("emotion")
def emotion(
    data: Annotated[Path, typer.Option(help="Folder with train.parquet and dev.parquet, or Kaggle's fer2013.csv.")],
    out: Out = Path("runs/emotion"),
    arch: Annotated[
        str,
        typer.Option(
            help="fer-s, fer-t, fer-m, fer-l; teachers: vgg-s, vgg-m, resnet18-s, vgg, resnet18, resnet18-se; "
            "yardsticks: mini-xception, cnn-guide."
        ),
    ] = "fer-m",
    epochs: Annotated[int, typer.Option(min=1, help="Length of the schedule.")] = 240,
    minutes: Minutes = None,
    batch: Annotated[int, typer.Option(min=2)] = 256,
    rate: Annotated[float, typer.Option(min=0, help="Peak learning rate.")] = 0.1,
    teacher: Annotated[
        list[Path] | None, typer.Option(help="A finished run that teaches this one; may be repeated.")
    ] = None,
    views: Annotated[int, typer.Option(min=1, help="Augmented views that the teachers speak about.")] = 20,
    start: Annotated[Path | None, typer.Option(help="A finished run whose weights this one begins with.")] = None,
    fer_weight: Annotated[
        float | None, typer.Option(min=0, help="Weight of the seven-class head; 0.5, with teachers 0.3.")
    ] = None,
    framing: Annotated[str, typer.Option(help="Pictures as they are (raw) or cut as live (aligned).")] = "raw",
    webcam: Annotated[bool, typer.Option(help="Show some pictures as bad webcams do: blurred, noisy, dark.")] = True,
    unlabelled: Annotated[
        list[Path] | None, typer.Option(help="Parquet file with more pictures of faces, for teachers to label.")
    ] = None,
    patience: Annotated[int, typer.Option(min=1, help="Of the yardsticks, in epochs.")] = 12,
    seed: int = 0,
    as_json: Json = False,
) -> None:
    """Train the emotion network on FER2013 with the votes of FER+; with teachers, distil them.

    The yardsticks learn the seven labels as their authors train them: Adam, a rate that falls when the loss on the
    development set stands still (--patience), an early end.
    """
    need_torch()
    from mien.training.emotion import ship, yardsticks
    from mien.training.emotion.train import Recipe, confusion_of, train

    train_set, dev_set = ship.splits(data)
    if arch in yardsticks.YARDSTICKS:
        simple = yardsticks.Recipe(arch, epochs, minutes, batch=min(batch, 64), patience=patience, seed=seed)
        with Bar(as_json) as bar:
            yardstick = yardsticks.train(simple, train_set, dev_set, out, bar.tell)
        _plot_emotion(out, arch, confusion_of(yardstick, dev_set))
        return
    if fer_weight is None:
        # What is taught twice, by labels and by teachers, needs the second head less.
        fer_weight = 0.3 if teacher else 0.5
    recipe = Recipe(
        arch=arch,
        epochs=epochs,
        minutes=minutes,
        batch=batch,
        rate=rate,
        seed=seed,
        fer_weight=fer_weight,
        teachers=tuple(str(run) for run in teacher or ()),
        views=views,
        start=None if start is None else str(start),
        framing=framing,
        webcam=webcam,
        unlabelled=tuple(str(path) for path in unlabelled or ()),
    )
    with Bar(as_json) as bar:
        net = train(recipe, train_set, dev_set, out, bar.tell)
    _plot_emotion(out, arch, confusion_of(net, dev_set))


def _plot_emotion(out: Path, arch: str, matrix: Any) -> None:
    from mien.core.labels import FER2013
    from mien.training import plots
    from mien.training.loops import Run

    history = Run.history_of(out)
    plots.curves(history, ("train_loss", "dev_loss"), f"{arch}: loss", out / "loss.png")
    plots.curves(history, ("dev_fer2013", "dev_ferplus"), f"{arch}: accuracy on dev", out / "accuracy.png")
    plots.confusion(matrix, FER2013, f"{arch} on dev", out / "confusion.png")
    typer.echo(f"{out / 'model.pt'} (plots beside it); next: mien export emotion {out}", err=True)


@app.command("landmarks")
def landmarks(
    data: Annotated[Path, typer.Option(help="Folder with train.parquet and dev.parquet.")],
    out: Out = Path("runs/landmarks"),
    arch: Annotated[str, typer.Option(help="lm-s or lm-m.")] = "lm-m",
    epochs: Annotated[int, typer.Option(min=1, help="Length of the schedule.")] = 200,
    minutes: Minutes = None,
    batch: Annotated[int, typer.Option(min=2)] = 64,
    seed: int = 0,
    as_json: Json = False,
) -> None:
    """Train the network that finds 68 landmarks on a face."""
    need_torch()
    from mien.training import plots
    from mien.training.landmarks.train import Recipe, splits, train
    from mien.training.loops import Run

    recipe = Recipe(arch=arch, epochs=epochs, minutes=minutes, batch=batch, seed=seed)
    train_set, dev_set = splits(data)
    with Bar(as_json) as bar:
        train(recipe, train_set, dev_set, out, bar.tell)
    history = Run.history_of(out)
    plots.curves(history, ("train_loss",), f"{arch}: wing loss", out / "loss.png")
    plots.curves(history, ("dev_nme",), f"{arch}: error on dev, %", out / "error.png")
    typer.echo(f"{out / 'model.pt'} (plots beside it); next: mien export landmarks {out}", err=True)


@app.command("detector")
def detector(
    data: Annotated[
        Path, typer.Option(help="Folder with train*.parquet and dev*.parquet: image, boxes, points, source.")
    ],
    out: Out = Path("runs/detector"),
    epochs: Annotated[int, typer.Option(min=1, help="Length of the schedule.")] = 100,
    minutes: Minutes = None,
    batch: Annotated[int, typer.Option(min=2, help="Scenes per step.")] = 32,
    size: Annotated[int, typer.Option(min=64, help="Side of a scene in pixels, a multiple of 32.")] = 256,
    seed: int = 0,
    rate: Annotated[float, typer.Option(min=0, help="Peak learning rate.")] = 2e-3,
    point_weight: Annotated[float, typer.Option(min=0, help="Weight of the five points in the loss.")] = 0.1,
    start: Annotated[Path | None, typer.Option(help="A finished run whose weights this one begins with.")] = None,
    as_json: Json = False,
) -> None:
    """Train the face detector: boxes, scores and five points."""
    need_torch()
    from mien.training import plots
    from mien.training.detector.train import train
    from mien.training.loops import Run

    with Bar(as_json) as bar:
        train(
            data,
            out,
            minutes=minutes,
            epochs=epochs,
            batch=batch,
            size=size,
            seed=seed,
            rate=rate,
            point_weight=point_weight,
            start=start,
            tell=bar.tell,
        )
    plots.curves(Run.history_of(out), ("obj", "cls", "box", "points"), "detector: parts of the loss", out / "loss.png")
    typer.echo(f"{out / 'model.pt'} (plot beside it); next: mien export detector {out}", err=True)


@app.command("attributes")
def attributes(
    data: Annotated[Path, typer.Option(help="Folder with train.parquet and dev.parquet.")],
    out: Out = Path("runs/attributes"),
    arch: Annotated[str, typer.Option(help="ag-s or ag-m.")] = "ag-m",
    epochs: Annotated[int, typer.Option(min=1, help="Length of the schedule.")] = 120,
    minutes: Minutes = None,
    batch: Annotated[int, typer.Option(min=2)] = 128,
    rate: Annotated[float, typer.Option(min=0, help="Peak learning rate.")] = 2e-3,
    gender_weight: Annotated[float, typer.Option(min=0, help="Weight of the gender in the loss.")] = 1.0,
    start: Annotated[Path | None, typer.Option(help="A finished run whose weights this one begins with.")] = None,
    seed: int = 0,
    as_json: Json = False,
) -> None:
    """Train the network that estimates age and gender of an aligned face."""
    need_torch()
    from mien.training import plots
    from mien.training.attributes.train import Recipe, splits, train
    from mien.training.loops import Run

    recipe = Recipe(
        arch=arch,
        epochs=epochs,
        minutes=minutes,
        batch=batch,
        rate=rate,
        gender=gender_weight,
        start=None if start is None else str(start),
        seed=seed,
    )
    with Bar(as_json) as bar:
        train(recipe, *splits(data), out, bar.tell)
    history = Run.history_of(out)
    plots.curves(history, ("train_loss",), f"{arch}: loss", out / "loss.png")
    plots.curves(history, ("dev_age_mae",), f"{arch}: years off on dev", out / "age.png")
    plots.curves(history, ("dev_gender",), f"{arch}: gender on dev", out / "gender.png")
    typer.echo(f"{out / 'model.pt'} (plots beside it); next: mien export attributes {out}", err=True)
