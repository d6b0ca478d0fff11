"""The models that Mien carries: `manifest.json` is the single truth about each, ``weights/`` holds the files.

A file is loaded only if its SHA-256 is the manifest's, it holds all its own weights, and the network computes the
golden sample as it should.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import platformdirs

from mien.core.errors import ModelError
from mien.core.labels import EMOTIONS
from mien.core.types import FloatArray
from mien.models.batching import Batched
from mien.models.runtime import Network, Session, self_test
from mien.models.spec import InputSpec

HERE: Final = Path(__file__).parent
PRECISIONS: Final = ("int8", "fp32")
BATCH: Final = 8
LARGE_BATCH: Final = 64
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model.

    Attributes:
        path: where it is.
        sha256: of its bytes.
        golden: samples of its outputs for the golden input, by output.
        tolerance: how far off the self-test may be: rounding differs between processors, wrong kernels differ more.
    """

    path: Path
    sha256: str
    golden: Mapping[str, list[float]]
    tolerance: float


@dataclass(frozen=True, slots=True)
class VectorScaling:
    """A factor and an offset for the logits of every class (Guo et al. 2017)."""

    scale: tuple[float, ...]
    bias: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.scale) != len(self.bias):
            raise ValueError(f"vector_scaling has {len(self.scale)} factors and {len(self.bias)} offsets")


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A manifest entry.

    Attributes:
        name: of the model.
        kind: ``emotion``, ``detector`` …
        version: date of the training run.
        licence: of the weights.
        files: by precision, ``int8`` and ``fp32``.
        input: what the network reads.
        golden_shape: of the self-test's input.
        labels: of the classes, by output.
        temperature: logits are divided by it before the softmax; fitted on a development set.
        vector: of the classes, fitted likewise, after the temperature; None where temperature alone is as good.
        resting: of an emotion network, how it reads average resting faces: mean log-odds of every class against
            neutral, on a development set; None where nobody looked.
        thresholds: named limits chosen on a development set.
        training: data, licence and command of the training, for people.
        metrics: what was measured, with data set and date, for people.
    """

    name: str
    kind: str
    version: str
    licence: str
    files: Mapping[str, ModelFile]
    input: InputSpec
    golden_shape: tuple[int, ...]
    labels: Mapping[str, list[str]] = field(default_factory=dict)
    temperature: float = 1.0
    vector: VectorScaling | None = None
    resting: tuple[float, ...] | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """A loaded network and its manifest entry. Safe to call from several threads at once.

    Attributes:
        spec: the entry.
        precision: of the file that was loaded.
        session: computes.
        batch: faces that are best computed in one call. On a CPU larger batches gain nothing and every new batch size
            costs memory; elsewhere every call has a price of its own.
    """

    spec: ModelSpec
    precision: str
    session: Network
    batch: int = BATCH

    def run(self, tensor: FloatArray, outputs: Sequence[str] | None = None) -> dict[str, FloatArray]:
        """Return the network's outputs (all, or those named) for float32 ``[n, channels, height, width]``."""
        return self.session.run(tensor, outputs)


def parse(name: str, entry: Mapping[str, Any], folder: Path) -> ModelSpec:
    """Read one manifest entry; file names are relative to ``folder``.

    Raises:
        ModelError: an entry is missing or does not fit.
    """
    try:
        files = {
            precision: ModelFile(folder / value["file"], value["sha256"], value["golden"], float(value["tolerance"]))
            for precision, value in entry["files"].items()
        }
        return ModelSpec(
            name=name,
            kind=entry["kind"],
            version=entry["version"],
            licence=entry["licence"],
            files=files,
            input=InputSpec.from_json(entry["input"]),
            golden_shape=tuple(entry["golden_shape"]),
            labels=entry.get("labels", {}),
            temperature=float(entry.get("temperature", 1.0)),
            vector=_vector(entry.get("vector_scaling")),
            resting=_resting(entry.get("resting")),
            thresholds=entry.get("thresholds", {}),
            training=entry.get("training", {}),
            metrics=entry.get("metrics", {}),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"the manifest entry of {name} does not fit: {error!r}") from error


def _vector(value: Mapping[str, Any] | None) -> VectorScaling | None:
    if value is None:
        return None
    return VectorScaling(tuple(map(float, value["scale"])), tuple(map(float, value["bias"])))


def _resting(value: Sequence[float] | None) -> tuple[float, ...] | None:
    if value is None:
        return None
    if len(value) != len(EMOTIONS):
        raise ValueError(f"resting has {len(value)} values, not one for each of the {len(EMOTIONS)} emotions")
    return tuple(map(float, value))


def read_manifest(path: Path) -> dict[str, Any]:
    """Return a manifest as it is in the file."""
    manifest: dict[str, Any] = json.loads(path.read_text())
    return manifest


@cache
def catalogue(path: Path = HERE / "manifest.json") -> dict[str, ModelSpec]:
    """Return every model of a manifest by name."""
    models = read_manifest(path)["models"]
    return {name: parse(name, entry, path.parent / "weights") for name, entry in models.items()}


def read_checked(spec: ModelSpec, precision: str) -> bytes:
    """Return a model file's bytes if they are the manifest's.

    Raises:
        ModelError: no such precision, the file is missing or its hash is another one.
    """
    if precision not in spec.files:
        raise ModelError(f"{spec.name} has no {precision} file: it has {', '.join(spec.files)}")
    file = spec.files[precision]
    try:
        data = file.path.read_bytes()
    except OSError as error:
        raise ModelError(f"{spec.name}: cannot read {file.path} ({error.strerror}): reinstall mien") from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != file.sha256:
        raise ModelError(f"{spec.name}: {file.path} was altered (SHA-256 {digest[:12]}…): reinstall mien")
    return data


def open_checked(spec: ModelSpec, precision: str, threads: int = 1, device: str = "cpu") -> Model:
    """Load one file of a model and run its self-test.

    Raises:
        DeviceError: the device cannot be used.
        ModelError: as `read_checked`, or the network computes something else than it should.
    """
    session = Session(read_checked(spec, precision), f"{spec.name} ({precision})", threads, device)
    check(session, spec, precision)
    if device == "cpu":
        return Model(spec, precision, session, BATCH)
    return Model(spec, precision, Batched(session, LARGE_BATCH), LARGE_BATCH)


def check(session: Network, spec: ModelSpec, precision: str) -> None:
    """Run the self-test of one file.

    Raises:
        ModelError: the network computes something else than it should.
    """
    file = spec.files[precision]
    error = self_test(session, spec.golden_shape, file.golden)
    if not error <= file.tolerance:
        raise ModelError(f"{session.name} failed its self-test: off by {error:.3g}, allowed {file.tolerance:.3g}")


def own_folder() -> Path:
    """Return where models of the user's own lie: below ``MIEN_DATA_DIR`` or the user's data folder."""
    named = os.environ.get("MIEN_DATA_DIR")
    return (Path(named) if named else platformdirs.user_data_path("mien", appauthor=False)) / "models"


def own() -> dict[str, ModelSpec]:
    """Return the models that were added with ``mien models add``, by name."""
    path = own_folder() / "manifest.json"
    return catalogue(path) if path.exists() else {}


def find(name: str) -> ModelSpec:
    """Return the manifest entry of a model that Mien carries or that was added.

    Raises:
        ModelError: there is none by that name.
    """
    models = catalogue()
    if name in models:
        return models[name]
    if name in (added := own()):
        return added[name]
    raise ModelError(f"there is no model {name!r}: there are {', '.join((*models, *added))}")


def load(name: str, precision: str = "int8", threads: int = 1, device: str = "cpu") -> Model:
    """Load a model that Mien carries or that was added.

    Where there is no file of this precision the other one is taken. An int8 file that fails its self-test on this
    processor is replaced by the fp32 file, with a warning in the log. A GPU reads the fp32 file: it
    has no use for the int8 one.

    Raises:
        DeviceError: the device cannot be used.
        ModelError: unknown name, altered file, or neither file computes what it should.
    """
    spec = find(name)
    if device != "cpu":
        return open_checked(spec, "fp32", threads, device)
    precision = precision if precision in spec.files else next(iter(spec.files))
    read_checked(spec, precision)
    try:
        return open_checked(spec, precision, threads)
    except ModelError as error:
        if precision == "fp32" or "fp32" not in spec.files:
            raise
        log.warning("%s; using the fp32 file instead", error)
        return open_checked(spec, "fp32", threads)
