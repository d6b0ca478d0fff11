"""Models by the names that ``mien evaluate emotion`` takes."""

from __future__ import annotations

import importlib
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from mien.core.errors import InputError, ModelError
from mien.evaluation.fairness import PredictAttributes
from mien.models import zoo
from mien.models.emotion import EmotionModel

ATTRIBUTES: Final = "mien.models.attributes"
"""Offers ``predict_attributes(images) -> (age, probability of "female")`` for grey crops ``[n, h, w]``."""


def of_folder(folder: Path, precision: str | None = None) -> EmotionModel:
    """Load the emotion model of a folder with ``manifest.json`` and ``weights/``.

    Args:
        folder: its model ``emotion``, or else the only one of kind ``emotion``, whatever its name.
        precision: ``int8`` or ``fp32``; None takes int8 where there is such a file.

    Raises:
        InputError: there is no such folder, or no manifest in it.
        ModelError: none or several, an altered file, or one that computes wrongly.
    """
    if not (folder / "manifest.json").is_file():
        raise InputError(f"{folder} holds no manifest.json: give a folder that `mien export` wrote")
    catalogue = zoo.catalogue(folder / "manifest.json")
    fitting = [spec for spec in catalogue.values() if spec.kind == "emotion"]
    spec = catalogue.get("emotion") or (fitting[0] if len(fitting) == 1 else None)
    if spec is None:
        raise ModelError(f"{folder} must hold one model of kind emotion: it holds {', '.join(catalogue) or 'none'}")
    return EmotionModel(zoo.open_checked(spec, precision or ("int8" if "int8" in spec.files else "fp32")))


def compared(
    names: Sequence[str], base: EmotionModel, base_name: str, models: Path | None, stack: ExitStack
) -> dict[str, EmotionModel]:
    """Return the base and the models to compare with it, by the names to show.

    Args:
        names: ``shipped``; ``int8`` or ``fp32`` (the base's own other file); a folder with ``manifest.json`` and
            ``weights/``; or the folder of a finished training run.
        base: what they are compared with.
        base_name: to show.
        models: the folder that the base came from; None for the shipped ones.
        stack: keeps what a run is exported to until it is closed.

    Raises:
        InputError: a name that is none of these.
        ModelError: a model that cannot be loaded.
    """
    found = {base_name: base}
    for name in names:
        path = Path(name)
        short = path.name or str(path)
        found[name if short in found else short] = _of_name(name, path, models, stack)
    if len(found) <= len(names):
        raise InputError(f"--compare names a model twice: {', '.join(names)} beside {base_name}")
    return found


def _of_name(name: str, path: Path, models: Path | None, stack: ExitStack) -> EmotionModel:
    if name == "shipped":
        return of_folder(zoo.HERE)
    if name in zoo.PRECISIONS:
        return of_folder(zoo.HERE if models is None else models, name)
    if (path / "manifest.json").is_file():
        return of_folder(path)
    if (path / "model.pt").is_file():
        return _of_run(path, Path(stack.enter_context(tempfile.TemporaryDirectory())))
    raise InputError(
        f"--compare {name}: give shipped, int8, fp32, a folder with manifest.json and weights/, or the folder of a "
        "finished run"
    )


def _of_run(run: Path, work: Path) -> EmotionModel:
    """Export a run's network to ``work`` and load it, uncalibrated."""
    from mien.cli.train import need_torch

    need_torch()
    from mien.training.emotion import ship
    from mien.training.export import export

    export(ship.exportable(run), work)
    return of_folder(work, "fp32")


def attributes_reader() -> PredictAttributes:
    """Return what predicts age and gender, for `mien.evaluation.fairness`.

    Raises:
        ModelError: this copy of Mien carries no such model.
    """
    if not any(spec.kind == "attributes" for spec in zoo.catalogue().values()):
        raise ModelError(
            "--fairness groups the faces by predicted age and gender, and this copy of Mien carries no model for "
            "that: install a release that lists one of kind attributes in `mien models list`"
        )
    predict: PredictAttributes = importlib.import_module(ATTRIBUTES).predict_attributes
    return predict
