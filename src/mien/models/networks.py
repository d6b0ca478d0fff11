"""The networks of one analysis: each loaded when it is first asked for, from this computer or a model server."""

from __future__ import annotations

import threading

from mien.core.settings import AnalyzerSettings
from mien.models import zoo
from mien.models.remote import ModelServer


class Networks:
    """Gives out networks by name; safe to share between threads.

    Args:
        settings: ``precision``, ``threads``, ``device`` and ``models`` are used.

    Raises:
        SettingsError: the model server's address is none.
    """

    def __init__(self, settings: AnalyzerSettings) -> None:
        self._settings = settings
        self._server = None if settings.models is None else ModelServer(settings.models)
        self._loaded: dict[str, zoo.Model] = {}
        self._lock = threading.Lock()

    def names(self) -> tuple[str, ...]:
        """Return the names of all that may be asked for; age and gender only where the settings allow them."""
        allowed = self._settings.attributes_allowed
        shipped = (name for name, spec in zoo.catalogue().items() if allowed or spec.kind != "attributes")
        return (*shipped, *zoo.own())

    def get(self, name: str) -> zoo.Model:
        """Return a network.

        Raises:
            DeviceError: the device cannot be used.
            ModelError: there is none by that name, its file is altered, or it computes what it should not.
            ModelServerError: the model server does not answer, or has another version of it.
        """
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = self._load(name)
            return self._loaded[name]

    def loaded(self) -> dict[str, zoo.Model]:
        """Return the networks that were asked for so far."""
        with self._lock:
            return dict(self._loaded)

    def _load(self, name: str) -> zoo.Model:
        settings = self._settings
        if self._server is not None:
            return self._server.load(name)
        return zoo.load(name, settings.precision, settings.threads, settings.device)
