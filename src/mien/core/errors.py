"""Every error that Mien raises on purpose.

```
MienError
├── InputError                  what was given cannot be used; the message names it and the remedy
│   ├── PictureError            not a picture, truncated, too large, too costly to decode
│   └── SourceError             a video, camera or path that cannot be opened or read
├── ModelError                  a model file that is missing, altered, unsafe or computes wrongly
│   └── ModelServerError        a model server that does not answer, or not as it should
├── StoreError                  what is kept cannot be read or written
│   └── DiskFullError           there is no space left
├── SettingsError               an option with a value that makes no sense
│   └── DeviceError             a device to compute on that cannot be used; says why and what to install
└── MissingDependencyError      an optional package is needed; the message holds the command that installs it
```

``code`` is stable: it is what the server and ``--json`` report, and what a client may branch on.
"""

from __future__ import annotations


class MienError(Exception):
    """Base of all errors that Mien raises on purpose."""

    code = "error"


class InputError(MienError):
    """The input cannot be used."""

    code = "bad_input"


class PictureError(InputError):
    """A picture that cannot or must not be decoded.

    Args:
        message: names the input and the remedy.
        code: one of ``empty``, ``unsupported_type``, ``truncated``, ``too_large``, ``too_complex``, ``bad_encoding``.
    """

    def __init__(self, message: str, code: str = "bad_picture") -> None:
        super().__init__(message)
        self.code = code


class SourceError(InputError):
    """A source (file, folder, camera) that cannot be opened or read.

    Args:
        message: names the input and the remedy.
        code: ``bad_source``, or for cameras one of ``camera_missing``, ``camera_in_use``, ``camera_refused``,
            ``camera_unreachable``, ``camera_silent``, ``camera_unsupported``, ``camera_ended``.
    """

    code = "bad_source"

    def __init__(self, message: str, code: str = "bad_source") -> None:
        super().__init__(message)
        self.code = code


class ModelError(MienError):
    """A model file is missing, altered, unsafe or computes wrongly."""

    code = "bad_model"


class ModelServerError(ModelError):
    """The server that holds the models does not answer, or not as it should."""

    code = "models_unavailable"


class StoreError(MienError):
    """What is kept cannot be read or written."""

    code = "store_failed"


class DiskFullError(StoreError):
    """There is no space left for what is to be kept."""

    code = "disk_full"


class SettingsError(MienError):
    """An option has a value that makes no sense."""

    code = "bad_settings"


class DeviceError(SettingsError):
    """The device to compute on cannot be used."""

    code = "device_unavailable"


class MissingDependencyError(MienError):
    """An optional package is missing; the message holds the command that installs it."""

    code = "missing_dependency"
