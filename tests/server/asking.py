"""An analyzer that tells age and gender of whom they are asked for, and remembers who asked."""

from __future__ import annotations

from mien.core.settings import Wants
from mien.core.types import Faces, Frame, FrameResult
from mien.live.fake import CountingAnalyzer, CountingStream
from mien.live.session import FrameStream


class Asked:
    """Sees a face in the middle of every picture, and of whom age and gender are asked for."""

    def __init__(self) -> None:
        self.wants: list[tuple[str, ...]] = []

    def analyze(self, image: Frame, wants: Wants | None = None) -> FrameResult:
        result = CountingAnalyzer().analyze(image)
        return self.fill(result, wants)

    def fill(self, result: FrameResult, wants: Wants | None) -> FrameResult:
        asked = () if wants is None else wants.attributes
        self.wants.append(asked)
        faces: Faces = result.faces
        if "age" in asked:
            faces = faces.replace(age=[31.2], age_low=[25.7], age_high=[38.1], age_uncertain=[True])
        if "gender" in asked:
            faces = faces.replace(gender=[0.6], gender_uncertain=[True])
        return FrameResult(result.index, result.timestamp, result.width, result.height, faces, result.source)

    def stream(self) -> FrameStream:
        return AskedStream(self)


class AskedStream(CountingStream):
    def __init__(self, analyzer: Asked) -> None:
        super().__init__()
        self._analyzer = analyzer

    def analyze(self, frame: Frame) -> FrameResult:
        return self._analyzer.fill(super().analyze(frame), self.wants)
