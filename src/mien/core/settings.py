"""What can be chosen about an analysis; plain values, validated when made."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypedDict

from mien.core.errors import SettingsError

ATTRIBUTES: Final = ("age", "gender")
"""What can be read off faces beside expressions; off unless named, see ``docs/attributes.md``."""


def attributes_of(value: Any) -> tuple[str, ...]:
    """Return the attributes that somebody names, each once, in the order of `ATTRIBUTES`.

    Args:
        value: a list of names, or a text with commas between them; None and nothing name none.

    Raises:
        SettingsError: it is neither, or names something else.
    """
    names = value.split(",") if isinstance(value, str) else [] if value is None else value
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise SettingsError(f"attributes must be a list of names ({', '.join(ATTRIBUTES)}), got {str(value)[:100]!r}")
    asked = {name.strip() for name in names} - {""}
    if unknown := sorted(asked - set(ATTRIBUTES)):
        raise SettingsError(f"there is no attribute {unknown[0][:100]!r}: there are {', '.join(ATTRIBUTES)}")
    return tuple(name for name in ATTRIBUTES if name in asked)


@dataclass(frozen=True, slots=True)
class TrackingSettings:
    """How identities are kept and probabilities smoothed in a stream; all times in seconds.

    Attributes:
        detect_interval: time between two runs of the detector while no track is lost; 0 detects on every frame,
            None takes what suits the detector (`Detector.interval`).
        keep_lost: how long a track that is not seen keeps its identity.
        min_iou: least IoU at which a detection is the same face as a predicted track.
        smoothing: time constant of the probability smoothing.
        hold: how long another emotion must lead before the shown label follows.
        calibration: from when to when in the stream those in view show their resting faces, at least two seconds; None
            when nobody says. Of use with `AnalyzerSettings.baseline`.
    """

    detect_interval: float | None = None
    keep_lost: float = 1.0
    min_iou: float = 0.2
    smoothing: float = 0.14
    hold: float = 0.08
    calibration: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for name in ("detect_interval", "keep_lost", "smoothing", "hold"):
            if (getattr(self, name) or 0) < 0:
                raise SettingsError(f"{name} must not be negative, got {getattr(self, name)}")
        if not 0 < self.min_iou < 1:
            raise SettingsError(f"min_iou must lie between 0 and 1, got {self.min_iou}")
        if self.calibration is not None:
            start, end = self.calibration
            if not (start >= 0 and start + 2 <= end < math.inf):
                raise SettingsError(f"a calibration takes at least 2 seconds from 0 on, got {start:g} to {end:g}")


@dataclass(frozen=True, slots=True)
class Wants:
    """What is read off a picture beside the expressions; may change from frame to frame of a stream.

    Attributes:
        landmarks: 68 landmarks, and from them head pose, open eyes and open mouth; in a stream blinks as well.
        small_faces: look at large pictures a second time, closer; None does so with single pictures alone.
        crop: the picture is one face, cut out by whoever sent it: nothing is looked for.
        explain: heat maps of where on the faces the shown expressions were read from.
        baseline: in a stream, take each person's resting face off what is shown.
        signals: in a stream, follow signals and events; most need ``landmarks``.
        attributes: of `ATTRIBUTES`, those that are estimated.
    """

    landmarks: bool = False
    small_faces: bool | None = None
    crop: bool = False
    explain: bool = False
    baseline: bool = False
    signals: bool = False
    attributes: tuple[str, ...] = ()


DEVICES = ("cpu", "cuda")
"""What can compute the networks."""

LARGE = 1280
"""Pictures with a longer side than this, in pixels, are large."""


class AnalyzerOptions(TypedDict, total=False):
    """The fields of `AnalyzerSettings` as keyword arguments, for editors and type checkers."""

    detector: str
    weights: Path | None
    emotion: str
    detect_size: int | None
    small_faces: bool | None
    min_score: float | None
    max_faces: int
    landmarks: bool
    explain: bool
    baseline: bool
    signals: bool
    attributes: str | Sequence[str]
    attributes_allowed: bool
    precision: str
    threads: int
    device: str
    models: str | None
    tracking: TrackingSettings


@dataclass(frozen=True, slots=True)
class AnalyzerSettings:
    """How pictures and streams are analysed.

    Attributes:
        detector: name of a detector: ``mien`` (ours), ``haar`` (OpenCV's cascade), ``yunet`` (needs ``weights``).
        weights: file of a detector that does not come with Mien (``yunet``).
        emotion: name of the emotion network: ``emotion`` (ours), or one that was added with ``mien models add``.
        detect_size: long side in pixels at which the detector looks at the picture; None takes 320, and 480 for
            pictures larger than `LARGE`, in which people stand farther off.
        small_faces: look at large pictures a second time at three times ``detect_size``, for small faces (``mien``
            only); None does so with single pictures, and not with streams.
        min_score: least detector score of a face; None takes the model's own threshold.
        max_faces: the largest faces are analysed, no more than these.
        landmarks: also find 68 landmarks, and from them head pose, open eyes and open mouth.
        explain: also make heat maps of where on the faces the shown expressions were read from.
        baseline: in streams, learn each person's resting face and take it off what is shown.
        signals: in streams, also follow signals (attention, drowsiness …) and events (smiles, blinks …).
        attributes: of `ATTRIBUTES`, those that are estimated: names, or a text with commas. Non-commercial weights.
        attributes_allowed: whether anybody may ask for them later; a server does not allow it unless told to.
        precision: ``int8`` or ``fp32`` model files.
        threads: intra-op threads of each model.
        device: ``cpu``, or ``cuda`` for an NVIDIA GPU, which reads the fp32 files and refuses to be replaced by the
            CPU without a word.
        models: address of a `mien model-server` (or another server of the Open Inference Protocol with our models)
            that computes the networks; None computes them here.
        tracking: used by streams alone.
    """

    detector: str = "mien"
    weights: Path | None = None
    emotion: str = "emotion"
    detect_size: int | None = None
    small_faces: bool | None = None
    min_score: float | None = None
    max_faces: int = 64
    landmarks: bool = False
    explain: bool = False
    baseline: bool = False
    signals: bool = False
    attributes: tuple[str, ...] = ()
    attributes_allowed: bool = True
    precision: str = "int8"
    threads: int = 1
    device: str = "cpu"
    models: str | None = None
    tracking: TrackingSettings = field(default_factory=TrackingSettings)

    def __post_init__(self) -> None:
        if self.precision not in ("int8", "fp32"):
            raise SettingsError(f"precision must be int8 or fp32, got {self.precision!r}")
        if self.detect_size is not None and not 64 <= self.detect_size <= 4096:
            raise SettingsError(f"detect_size must lie between 64 and 4096 pixels, got {self.detect_size}")
        if self.device not in DEVICES:
            raise SettingsError(f"device must be one of {', '.join(DEVICES)}, got {self.device!r}")
        if self.device != "cpu" and self.models is not None:
            raise SettingsError("the models are computed by the model server: give the device to mien model-server")
        if self.threads < 1 or self.max_faces < 1:
            raise SettingsError("threads and max_faces must be at least 1")
        object.__setattr__(self, "attributes", attributes_of(self.attributes))

    def look_at(self, width: int, height: int) -> int:
        """Return the long side in pixels at which a picture of this size is looked at."""
        if self.detect_size is not None:
            return self.detect_size
        return 480 if max(width, height) > LARGE else 320

    @property
    def wants(self) -> Wants:
        """What is read off every picture unless something else is asked for."""
        return Wants(
            landmarks=self.landmarks,
            small_faces=self.small_faces,
            explain=self.explain,
            baseline=self.baseline,
            signals=self.signals,
            attributes=self.attributes,
        )
