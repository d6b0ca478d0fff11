"""`mien models`: what is shipped or was added, and whether it is intact."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(help="List, verify and add models.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="JSON on stdout.")]


@app.command("list")
def list_models(as_json: Json = False) -> None:
    """List the models with version, size, licence and main metrics."""
    from mien.models import zoo

    rows = []
    models = zoo.catalogue() | zoo.own()
    for name, spec in models.items():
        files = {p: {"bytes": _size(f.path), "sha256": f.sha256} for p, f in spec.files.items()}
        rows.append(
            {
                "name": name,
                "kind": spec.kind,
                "version": spec.version,
                "licence": spec.licence,
                "input": [spec.input.height, spec.input.width, spec.input.colour],
                "files": files,
                "training": dict(spec.training),
                "metrics": dict(spec.metrics),
            }
        )
    if as_json:
        print(json.dumps(rows))
        return
    for row, spec in zip(rows, models.values(), strict=True):
        sizes = ", ".join(f"{p} {_shown(_size(f.path))}" for p, f in spec.files.items())
        print(f"{row['name']:15}{row['kind']:10} {row['version']:12}{row['licence']:12} {sizes}")
        print(f"{'':15}trained on: {spec.training.get('data', 'see the model card')}")
        for key, value in spec.metrics.items():
            print(f"{'':15}{key}: {_told(value)}")


def _told(value: Any) -> str:
    """Return a metric as people read it: numbers with their names, those of a group in brackets."""
    if isinstance(value, dict):
        return ", ".join(
            f"{key} ({_told(v)})" if isinstance(v, dict) else f"{key} {_told(v)}" for key, v in value.items()
        )
    if isinstance(value, list | tuple):
        return "–".join(_told(v) for v in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _size(path: Path) -> int | None:
    """Return a file's bytes; None where it was taken out."""
    return path.stat().st_size if path.exists() else None


def _shown(size: int | None) -> str:
    return "not there" if size is None else f"{size / 1024:.0f} KB"


@app.command("verify")
def verify(as_json: Json = False) -> None:
    """Check every file's SHA-256 and compute its golden sample on this processor; exit 1 if any fails.

    The files of age and gender may be missing: nothing else needs them.
    """
    from mien.core.errors import ModelError
    from mien.models import attributes, zoo

    results = []
    for name, spec in (zoo.catalogue() | zoo.own()).items():
        for precision in spec.files:
            if attributes.absent(spec, precision):
                note = "not there: age and gender cannot be switched on"
                results.append({"model": name, "precision": precision, "ok": True, "message": note})
                continue
            try:
                zoo.open_checked(spec, precision)
                results.append({"model": name, "precision": precision, "ok": True, "message": "hash and self-test fit"})
            except ModelError as error:
                results.append({"model": name, "precision": precision, "ok": False, "message": str(error)})
    if as_json:
        print(json.dumps(results))
    else:
        for r in results:
            print(f"{'ok  ' if r['ok'] else 'FAIL'} {r['model']} ({r['precision']}): {r['message']}")
    if not all(r["ok"] for r in results):
        raise typer.Exit(1)


@app.command("add")
def add(
    file: Annotated[Path, typer.Argument(help="The ONNX file of an emotion network.")],
    manifest: Annotated[Path, typer.Option(help="Its manifest.json, as mien export writes it, or one entry of that.")],
    name: Annotated[str | None, typer.Option(help="What to call it; by default as in the manifest.")] = None,
) -> None:
    """Take in a model of your own, to be chosen with --emotion NAME; a file of the same name is replaced."""
    from mien.models.zoo import adding

    spec = adding.add(file, manifest, name)
    typer.echo(f"{spec.name}: hash and self-test fit; use it with --emotion {spec.name}", err=True)


@app.command("remove")
def remove(name: Annotated[str, typer.Argument(help="Of a model that was added.")]) -> None:
    """Delete an added model."""
    from mien.models.zoo import adding

    adding.remove(name)
