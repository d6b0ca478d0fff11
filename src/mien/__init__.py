"""Mien reads facial expressions in pictures, videos and live cameras, in real time, on a plain CPU.

```python
import mien

print(mien.analyze("photo.jpg").faces.names)
for result in mien.stream("clip.mp4"):
    print(result.timestamp, len(result.faces))
```
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from mien.core.errors import InputError, MienError, ModelError, PictureError, SettingsError, SourceError
from mien.core.labels import EMOTIONS, FER2013
from mien.core.settings import AnalyzerSettings, TrackingSettings
from mien.core.types import Faces, Frame, FrameResult

if TYPE_CHECKING:
    from mien.api import analyze, stream
    from mien.pipeline import Analyzer, StreamAnalyzer

__version__ = "0.1.0"
__all__ = [
    "EMOTIONS",
    "FER2013",
    "Analyzer",
    "AnalyzerSettings",
    "Faces",
    "Frame",
    "FrameResult",
    "InputError",
    "MienError",
    "ModelError",
    "PictureError",
    "SettingsError",
    "SourceError",
    "StreamAnalyzer",
    "TrackingSettings",
    "analyze",
    "stream",
]

_LATER = {"analyze": "api", "stream": "api", "Analyzer": "pipeline", "StreamAnalyzer": "pipeline"}


def __getattr__(name: str) -> Any:
    # The runtime takes a third of a second to import; a program that only handles results need not wait for it.
    if name in _LATER:
        return getattr(importlib.import_module(f"mien.{_LATER[name]}"), name)
    raise AttributeError(f"module 'mien' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]  # so that shells offer what is loaded later as well
