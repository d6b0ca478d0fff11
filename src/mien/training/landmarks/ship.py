"""From a landmark run to the files that ship."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mien.core.types import FloatArray, Image
from mien.evaluation import landmarks
from mien.evaluation.landmarks import LandmarkSet, in_crop
from mien.models import zoo
from mien.models.landmarks import LandmarkModel, five_points
from mien.training.export import Exportable, write_entry
from mien.training.landmarks.net import build
from mien.training.landmarks.train import SPEC, splits
from mien.training.loops import finished
from mien.training.quantise import in_batches

NAME = "face-landmarks"
KEEP_OUTPUTS = True
"""The last layer stays in floating point: in eight bits its answer would move in steps of half a pixel."""
LICENCE = "Apache-2.0"
DATA = (
    "3,114 face crops from frames of YouTube Faces (Wolf et al. 2011; research use) with 68 landmarks, "
    "split from the development set by identity"
)


def exportable(run: Path) -> Exportable:
    """Return the finished network of a run, fused.

    Raises:
        InputError: the run has not finished.
    """
    saved = finished(run)
    net = build(saved["arch"])
    net.load_state_dict(saved["state"])
    return Exportable(
        net=net.eval().fuse(),
        name=NAME,
        kind="landmarks",
        spec=SPEC,
        shape=(1, 1, SPEC.height, SPEC.width),
        outputs=("landmarks",),
        dynamic={0: "faces"},
        licence=LICENCE,
        training={"data": DATA, "architecture": saved["arch"]},
    )


def calibration_batches(data: Path, count: int = 512) -> Iterator[FloatArray]:
    """Yield training faces, cut out by their box and by their points, for the quantiser's ranges."""
    pictures, _ = splits(data)
    chosen = pictures[:: max(1, len(pictures) // count)]
    yield from in_batches(np.concatenate([SPEC.tensor(crops) for crops in _crops(chosen)]))


def _crops(data: LandmarkSet) -> Iterator[Image]:
    for image, points in zip(data.images, five_points(data.landmarks), strict=True):
        faces = in_crop(image)
        yield SPEC.align(image, faces)
        yield SPEC.align(image, faces.replace(points=points[None]))


def calibrate(folder: Path, data: Path) -> dict[str, Any]:
    """Measure ``folder``'s model on the development set and write that into the manifest; there is nothing to fit.

    Returns:
        The metrics by precision.
    """
    _, dev = splits(data)
    entry = zoo.read_manifest(folder / "manifest.json")["models"][NAME]
    spec = zoo.parse(NAME, entry, folder / "weights")
    reports = {
        precision: landmarks.evaluate(LandmarkModel(zoo.open_checked(spec, precision)), dev) for precision in spec.files
    }
    wanted = ("n", "nme", "nme_median", "failures", "nme_parts", "jitter")
    metrics = {precision: {key: report[key] for key in wanted} for precision, report in reports.items()}
    entry["metrics"] = {"dataset": "68-point crops of YouTube Faces, development split", **metrics}
    write_entry(folder, NAME, entry)
    return metrics
