"""`mien evaluate`: the shipped models on a labelled set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mien.cli import report as text

if TYPE_CHECKING:
    from mien.models.zoo import Model

app = typer.Typer(help="Measure the models on a labelled set.", no_args_is_help=True)

Dataset = Annotated[Path, typer.Argument(help="The labelled set.")]
Models = Annotated[
    Path | None, typer.Option(help="Folder with manifest.json and weights/ instead of the shipped ones.")
]
Precision = Annotated[str, typer.Option(help="int8 or fp32.")]
Json = Annotated[bool, typer.Option("--json", help="The report as one JSON line on stdout.")]


def open_model(name: str, models: Path | None, precision: str) -> Model:
    """Load a shipped model, or one from a folder that `mien export` wrote."""
    from mien.core.errors import ModelError
    from mien.models import zoo

    if models is None:
        return zoo.load(name, precision)
    catalogue = zoo.catalogue(models / "manifest.json")
    if name not in catalogue:
        raise ModelError(f"{models} holds no model {name!r}: it holds {', '.join(catalogue)}")
    return zoo.open_checked(catalogue[name], precision)


def show(report: dict[str, Any], as_json: bool) -> None:
    """Print a report: one JSON line, or its numbers as small tables."""
    if as_json:
        print(json.dumps(report))
    else:
        text.show(report)


@app.command("detection")
def detection(
    dataset: Annotated[list[Path], typer.Argument(help="Parquet files with image, boxes, points and source.")],
    detector: Annotated[str, typer.Option(help="mien, haar or yunet.")] = "mien",
    weights: Annotated[Path | None, typer.Option(help="ONNX file of the detector yunet.")] = None,
    detect_size: Annotated[int, typer.Option(help="Long side in pixels at which the detector looks.")] = 320,
    small_faces: Annotated[bool, typer.Option("--small-faces", help="Look a second time, closer.")] = False,
    source: Annotated[list[str] | None, typer.Option(help="Only pictures of this collection; may be repeated.")] = None,
    models: Models = None,
    precision: Precision = "int8",
    as_json: Json = False,
) -> None:
    """Average precision, recall and false faces of a detector at IoU 0.4, per source too."""
    from mien.core.settings import AnalyzerSettings
    from mien.evaluation.detection import LEAST_SCORE, evaluate, read
    from mien.models.detector import Detector, NetworkDetector, create

    # Faces below the working threshold are ranked too: the curve would end there otherwise.
    settings = AnalyzerSettings(
        detector=detector,
        weights=weights,
        detect_size=detect_size,
        min_score=LEAST_SCORE,
        max_faces=500,
        precision=precision,
    )
    if detector == "mien":
        model = open_model("face-detector", models, precision)
        score = model.spec.thresholds["score"]
        used: Detector = NetworkDetector.of(model, settings)
    else:
        used, score = create(settings), 0.5
    show(evaluate(used, read(dataset), source, score, closer=small_faces), as_json)


@app.command("emotion")
def emotion(
    dataset: Dataset,
    models: Models = None,
    precision: Precision = "int8",
    usage: Annotated[str | None, typer.Option(help="Rows of fer2013.csv: Training, PublicTest or PrivateTest.")] = None,
    plots: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Draw reliability, confusion and risk over coverage into DIR.")
    ] = None,
    compare: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Another model on the same faces: shipped, int8, fp32, a folder with manifest.json and weights/, or a "
            "training run's folder; may be repeated.",
        ),
    ] = None,
    degraded: Annotated[
        bool, typer.Option("--robustness", help="Also under blur, low light, few pixels, JPEG, rotation and shift.")
    ] = False,
    by_group: Annotated[
        bool, typer.Option("--fairness", help="Also by predicted age band and gender, with intervals.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Accuracy, macro F1, calibration and confusion of the emotion model.

    DATASET is a .parquet file, Kaggle's fer2013.csv, or a folder with a folder of pictures per class. Each picture is
    taken as one face, cut out as FER2013's are; no faces are looked for.
    """
    from contextlib import ExitStack

    from mien.cli import named
    from mien.evaluation import compare as comparison
    from mien.evaluation import emotion as metrics
    from mien.evaluation import emotion_data, fairness, robustness
    from mien.models.emotion import EmotionModel

    if plots is not None:
        text.need_plots(plots)
    attributes = named.attributes_reader() if by_group else None
    model = (
        EmotionModel(open_model("emotion", models, precision)) if models is None else named.of_folder(models, precision)
    )
    with ExitStack() as stack:
        base = "shipped" if models is None else models.name
        others = named.compared(compare or [], model, f"{base} {model.model.precision}", models, stack)
        data = emotion_data.read(dataset, usage)
        report = metrics.evaluate(model, data)
        if compare:
            report["compare"] = comparison.compare(others, data)
    if degraded:
        report["robustness"] = robustness.evaluate(model, data)
    if attributes is not None:
        report["fairness"] = fairness.evaluate(model, data, attributes)
    if plots is not None:
        for path in text.draw(report, plots):
            typer.echo(str(path), err=True)
    show(report, as_json)


@app.command("landmarks")
def landmarks(
    dataset: Dataset,
    models: Models = None,
    precision: Precision = "int8",
    detector: Annotated[
        str | None, typer.Option(help="Find the faces with mien or haar, not where the set's crops have them.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Error of the 68 landmarks in percent of the distance between the outer eye corners.

    DATASET is a .parquet file with the columns image and landmarks.
    """
    from mien.core.settings import AnalyzerSettings
    from mien.evaluation.landmarks import evaluate, read
    from mien.models.detector import create
    from mien.models.landmarks import LandmarkModel

    finder = None if detector is None else create(AnalyzerSettings(detector=detector, precision=precision))
    show(evaluate(LandmarkModel(open_model("face-landmarks", models, precision)), read(dataset), finder), as_json)


@app.command("attributes")
def attributes(
    dataset: Dataset,
    models: Models = None,
    precision: Precision = "int8",
    detector: Annotated[
        str | None, typer.Option(help="Find and align the faces with mien or haar, not as the set's crops have them.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Error of age and gender, per annotated group and age band, with intervals.

    DATASET is a .parquet file with the columns image, age, gender and, where annotated, group.
    """
    from mien.core.settings import AnalyzerSettings
    from mien.evaluation.attribute_data import read
    from mien.evaluation.attributes import evaluate
    from mien.models.attributes import NOTE, AttributeModel
    from mien.models.detector import create

    typer.echo(NOTE, err=True)
    finder = None if detector is None else create(AnalyzerSettings(detector=detector, precision=precision))
    show(evaluate(AttributeModel(open_model("attributes", models, precision)), read(dataset), finder), as_json)
