"""Age and gender of faces, as people would write them down: off unless asked for.

The network gives a distribution over the years 0–100 and the log-odds of "female"; both are calibrated by the manifest.
What is shown is made of them by pure functions, so that a stream can average the distributions before
(`mien.tracking.attributes`). Its weights were trained on pictures whose licence forbids commercial use, so nothing
loads them before somebody asks for an attribute by name; see ``docs/attributes.md``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from mien.core.errors import MissingDependencyError, ModelError, ModelServerError
from mien.core.types import BoolArray, Faces, FloatArray, Image
from mien.models import zoo
from mien.models.emotion import softmax

KIND: Final = "attributes"
OUTPUTS: Final = ("age", "gender")
YEARS: Final = 101
"""The distribution's classes: 0 to 100 years."""
SHARES: Final = (0.1, 0.9)
"""The quantiles between which a fitted distribution holds four in five."""
NOTE: Final = (
    "age and gender are on: their weights are for non-commercial research use only, as the pictures are that they were "
    "trained on (UTKFace)"
)
"""Said wherever the feature is switched on."""
OFF: Final = (
    "age and gender are off here: they are for non-commercial research use only, start with `mien serve --attributes` "
    "(or MIEN_ATTRIBUTES=true) to allow them"
)
HOW_TO_GET: Final = "install a release that has it, or train it: `mien train attributes`"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Ages:
    """Ages of n faces in years.

    Attributes:
        age: ``[n]`` the expected age.
        low: ``[n]`` where the interval begins that holds four in five.
        high: ``[n]`` where it ends.
    """

    age: FloatArray
    low: FloatArray
    high: FloatArray


class AttributeModel:
    """The shipped network for age and gender. Safe to use from several threads at once.

    Args:
        model: a loaded model of kind ``attributes`` with the outputs ``age`` ``[n, 101]`` and ``gender`` ``[n, 1]``.

    Attributes:
        widen: years by which the interval of the age is wider, on both sides, than the distribution says.
        certain: least probability at which a gender is told.
        infant_age: faces estimated younger than this are not to be relied on.
        min_face: nor are smaller ones, in pixels (square root of the box's area).

    Raises:
        ModelError: the network has no such outputs.
    """

    def __init__(self, model: zoo.Model) -> None:
        self.model = model
        self.spec = model.spec
        if missing := [name for name in OUTPUTS if name not in model.session.outputs]:
            raise ModelError(
                f"{self.spec.name} has no output {' or '.join(missing)}: it has {', '.join(model.session.outputs)}"
            )
        known = self.spec.thresholds
        self.widen = float(known.get("interval", 0.0))
        self.certain = float(known.get("gender", 0.8))
        self.infant_age = float(known.get("infant_age", 3))
        self.min_face = float(known.get("min_face", 32))
        self._gender_temperature = float(known.get("gender_temperature", 1.0))

    def align(self, image: Image, faces: Faces) -> Image:
        """Cut the faces out of a BGR picture as the network reads them."""
        return self.spec.input.align(image, faces)

    def logits(self, crops: Image) -> tuple[FloatArray, FloatArray]:
        """Return the years' logits ``[n, 101]`` and those of "female" ``[n]``, not calibrated, for crops as cut."""
        if not len(crops):
            return np.empty((0, YEARS), np.float32), np.empty(0, np.float32)
        tensor = self.spec.input.tensor(crops)
        batch = self.model.batch
        parts = [self.model.run(tensor[i : i + batch], OUTPUTS) for i in range(0, len(tensor), batch)]
        age, gender = (np.concatenate([part[name] for part in parts]) for name in OUTPUTS)
        return age, gender.reshape(-1)

    def calibrated(self, age: FloatArray, gender: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Turn logits into probabilities of the years ``[n, 101]`` and of "female" ``[n]``, as fitted on dev."""
        years = softmax(age / np.float32(self.spec.temperature))
        return years, sigmoid(gender / np.float32(self._gender_temperature))

    def predict(self, crops: Image) -> tuple[FloatArray, FloatArray]:
        """Return the probabilities of the years ``[n, 101]`` and of "female" ``[n]`` for crops as `align` cuts them."""
        return self.calibrated(*self.logits(crops))

    def read_crops(self, images: Image) -> tuple[FloatArray, FloatArray]:
        """Return what `predict` does for BGR pictures uint8 ``[n, h, w, 3]`` that are a detector's box each."""
        crops = [self.align(np.empty((1, 1, 3), np.uint8), Faces.empty())]
        for image in images:
            crops.append(self.align(image, Faces.from_boxes([[0, 0, image.shape[1], image.shape[0]]])))
        return self.predict(np.concatenate(crops))

    def ages(self, years: FloatArray) -> Ages:
        """Return the ages that distributions ``[n, 101]`` stand for, with their widened intervals."""
        low, high = (quantile(years, share) for share in SHARES)
        ends = [np.clip(end, 0, YEARS - 1).astype(np.float32) for end in (low - self.widen, high + self.widen)]
        return Ages(expected(years), *ends)

    def unfit(self, faces: Faces) -> BoolArray:
        """Return ``[n]`` bool: the face is too small, or too poor in another way, to rely on its attributes."""
        unfit = faces.sizes < self.min_face
        if faces.reason is not None:
            unfit |= faces.reason >= 0
        return np.asarray(unfit)

    def uncertain(self, age: FloatArray, female: FloatArray, unfit: BoolArray) -> tuple[BoolArray, BoolArray]:
        """Say which ages and which genders should not be relied on, ``[n]`` each.

        Of unfit faces and of infants neither; of the others those genders that are not probable enough.

        Args:
            age: ``[n]`` years.
            female: ``[n]`` probability.
            unfit: ``[n]`` as `unfit` says; in a stream of all that was seen of a face.
        """
        neither = np.asarray(unfit | (age < self.infant_age))
        return neither, np.asarray(neither | (np.maximum(female, 1 - female) < self.certain))

    def fill(
        self, faces: Faces, years: FloatArray, female: FloatArray, unfit: BoolArray, wanted: Collection[str]
    ) -> Faces:
        """Fill the columns of the attributes that are ``wanted``, of `mien.core.settings.ATTRIBUTES`.

        Args:
            faces: n faces.
            years: ``[n, 101]`` probabilities.
            female: ``[n]`` probability.
            unfit: ``[n]``, see `uncertain`.
            wanted: names.
        """
        ages = self.ages(years)
        age_uncertain, gender_uncertain = self.uncertain(ages.age, female, unfit)
        if "age" in wanted:
            faces = faces.replace(age=ages.age, age_low=ages.low, age_high=ages.high, age_uncertain=age_uncertain)
        if "gender" in wanted:
            faces = faces.replace(gender=female, gender_uncertain=gender_uncertain)
        return faces


def load(get: Callable[[str], zoo.Model] | None = None) -> AttributeModel:
    """Load the network and say (in the log, which goes to stderr) under which licence.

    The caller has made sure that somebody asked for it by name.

    Args:
        get: gives the network of a name, by default from this copy of Mien.

    Raises:
        MissingDependencyError: this copy of Mien comes without it; all else works.
        ModelError: its file was altered or computes wrongly, or the model server does not give it.
    """
    spec = find()
    try:
        model = AttributeModel((get or zoo.load)(spec.name))
    except ModelServerError:
        raise
    except ModelError:
        if gone := [file.path.name for precision, file in spec.files.items() if absent(spec, precision)]:
            raise MissingDependencyError(
                f"age and gender need {' and '.join(gone)}, which this copy of Mien comes without: {HOW_TO_GET}"
            ) from None
        raise
    log.warning(NOTE)
    return model


def find() -> zoo.ModelSpec:
    """Return the network's manifest entry.

    Raises:
        MissingDependencyError: there is none.
    """
    for spec in zoo.catalogue().values():
        if spec.kind == KIND:
            return spec
    raise MissingDependencyError(f"this copy of Mien comes without the model of age and gender: {HOW_TO_GET}")


def absent(spec: zoo.ModelSpec, precision: str) -> bool:
    """Whether a file was taken out that may be: one of age and gender."""
    return spec.kind == KIND and precision in spec.files and not spec.files[precision].path.exists()


@lru_cache(maxsize=1)
def _shipped() -> AttributeModel:
    return load()


def predict_attributes(images: Image) -> tuple[FloatArray, FloatArray]:
    """Read grey faces as the emotion sets have them; see `mien.evaluation.fairness`.

    Args:
        images: uint8 ``[n, h, w]``, each a face and nothing else.

    Returns:
        Age in years ``[n]``, probability of "female" ``[n]``.

    Raises:
        MissingDependencyError: this copy of Mien comes without the network.
    """
    return read_grey(_shipped(), images)


def read_grey(model: AttributeModel, images: Image) -> tuple[FloatArray, FloatArray]:
    """Do what `predict_attributes` does with a given network."""
    years, female = model.read_crops(np.repeat(images[..., None], 3, axis=3))
    return expected(years), female


def expected(years: FloatArray) -> FloatArray:
    """Return the mean ``[n]`` of distributions over the years ``[n, 101]``."""
    return np.asarray(years @ np.arange(years.shape[1], dtype=np.float32), np.float32)


def quantile(years: FloatArray, share: float) -> FloatArray:
    """Return the year ``[n]`` below which ``share`` of each distribution ``[n, k]`` lies.

    A year's probability is spread evenly from half a year before to half a year after it.
    """
    if not len(years):
        return np.empty(0, np.float32)
    total = np.cumsum(years.astype(np.float64), axis=1)
    total /= total[:, -1:]
    at = (total < share).sum(1)
    rows = np.arange(len(years))
    before = np.where(at > 0, total[rows, at - 1], 0.0)
    inside = (share - before) / np.maximum(total[rows, at] - before, 1e-12)
    return np.asarray(at - 0.5 + inside, np.float32)


def sigmoid(logits: FloatArray) -> FloatArray:
    """Return the logistic function, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits)), np.float32)
