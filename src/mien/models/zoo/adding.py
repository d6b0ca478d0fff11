"""Models of the user's own: taken in only when they are whole, safe and compute what their manifest says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mien.core.errors import InputError, ModelError
from mien.core.labels import EMOTIONS
from mien.models import zoo
from mien.models.zoo import ModelSpec

KIND: Final = "emotion"
"""The one kind that can be chosen in place of the shipped one, by ``--emotion NAME``."""


def add(file: Path, manifest: Path, name: str | None = None) -> ModelSpec:
    """Take in a model.

    Args:
        file: its ONNX file.
        manifest: as ``mien export`` writes it, or one entry of such a file.
        name: what to call it; by default as in the manifest, or for a lone entry as the file is called.

    Raises:
        InputError: a file cannot be read, the manifest names no such file, or the name is taken.
        ModelError: of another kind, altered, with data outside itself, or it computes something else than it should.
    """
    found, entry = _entry(file, manifest)
    name = name or found
    if name in zoo.catalogue():
        raise InputError(f"Mien carries a model {name!r} itself: give yours another name with --name")
    if not name.replace("-", "").replace("_", "").isalnum():
        raise InputError(f"{name!r} is no name for a model: use letters, digits, - and _ (--name)")
    folder = zoo.own_folder()
    weights = folder / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    precision = next(iter(entry["files"]))
    kept = weights / f"{name}.{precision}.onnx"
    part = kept.with_suffix(".part")
    shutil.copyfile(file, part)
    try:
        _check(zoo.parse(name, _renamed(entry, part.name), weights), precision)
        part.replace(kept)
    finally:
        part.unlink(missing_ok=True)
    _write(_listed() | {name: _renamed(entry, kept.name)})
    return zoo.own()[name]


def remove(name: str) -> None:
    """Forget an added model and delete its files.

    Raises:
        InputError: none was added by that name.
    """
    models = _listed()
    if name not in models:
        raise InputError(f"no model {name!r} was added: {', '.join(models) or 'none was'}")
    spec = zoo.own()[name]
    del models[name]
    _write(models)
    for file in spec.files.values():
        file.path.unlink(missing_ok=True)


def _entry(file: Path, manifest: Path) -> tuple[str, dict[str, Any]]:
    """Return the name and the manifest's entry that lists ``file``, with that one file only."""
    if not file.is_file():
        raise InputError(f"there is no model file {file}")
    try:
        value = zoo.read_manifest(manifest)
    except OSError as error:
        raise InputError(f"cannot read {manifest} ({error.strerror}): give the manifest of {file.name}") from error
    except ValueError as error:
        raise InputError(f"{manifest} is not JSON: {error}") from error
    models = value.get("models", {file.name.split(".")[0]: value}) if isinstance(value, dict) else {}
    for name, entry in models.items():
        files = entry.get("files", {}) if isinstance(entry, dict) else {}
        for precision, told in files.items():
            if precision in zoo.PRECISIONS and isinstance(told, dict) and told.get("file") == file.name:
                return str(name), {**entry, "files": {precision: told}}
    raise InputError(f"{manifest} lists no file {file.name}: its entry's files must name it as int8 or fp32")


def _renamed(entry: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {**entry, "files": {precision: {**told, "file": name} for precision, told in entry["files"].items()}}


def _check(spec: ModelSpec, precision: str) -> None:
    if spec.kind != KIND:
        raise ModelError(f"{spec.name} is of kind {spec.kind!r}: only models of kind {KIND!r} can be added")
    session = zoo.open_checked(spec, precision).session
    columns = session.output_shapes.get(KIND, ())
    if tuple(columns[1:]) != (len(EMOTIONS),):
        raise ModelError(
            f"{spec.name} must have an output {KIND!r} [n, {len(EMOTIONS)}]: it has {session.output_shapes}"
        )


def _listed() -> dict[str, Any]:
    path = zoo.own_folder() / "manifest.json"
    return dict(zoo.read_manifest(path)["models"]) if path.exists() else {}


def _write(models: Mapping[str, Any]) -> None:
    path = zoo.own_folder() / "manifest.json"
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"schema": 1, "models": dict(sorted(models.items()))}, indent=2) + "\n")
    part.replace(path)
    zoo.catalogue.cache_clear()
