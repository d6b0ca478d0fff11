"""`mien prune`: a smaller network from a finished run."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer

from mien.cli.train import Bar, Minutes, need_torch
from mien.core.errors import MissingDependencyError


def prune(
    run: Annotated[Path, typer.Argument(help="Folder of a finished emotion run; it stays as it is.")],
    data: Annotated[Path, typer.Option(help="The data set that the run was trained on.")],
    out: Annotated[Path, typer.Option(help="Folder of the pruned run.")] = Path("runs/pruned"),
    share: Annotated[float, typer.Option(min=0, max=1, help="Share of the channels that go.")] = 0.3,
    epochs: Annotated[int, typer.Option(min=0, help="Epochs of fine-tuning afterwards.")] = 0,
    minutes: Minutes = None,
    seed: int = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON on stdout.")] = False,
) -> None:
    """Take whole channels out of an emotion network, train on if asked to, and tell what it cost and gained."""
    need_torch()
    if find_spec("torch_pruning") is None:
        raise MissingDependencyError("pruning needs torch-pruning: pip install 'mien[train]'")
    from mien.training.emotion import prune as pruning

    plan = pruning.Plan(share=share, epochs=epochs, minutes=minutes, seed=seed)
    with Bar(as_json=False) as bar:
        report = pruning.prune(run, data, out, plan, bar.tell)
    (out / "prune.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report) if as_json else table(report))
    typer.echo(f"{out / 'model.pt'} (report beside it); next: mien export emotion {out}", err=True)


def table(report: dict[str, Any]) -> str:
    """Return a report as a table for people."""
    rows = [("", "before", "after")]
    before, after = report["before"], report["after"]
    for key in ("widths", "parameters", "multiply_adds", "int8_bytes", "int8_ms"):
        rows.append((key, _cell(before[key]), _cell(after[key])))
    for precision, heads in before["dev"].items():
        for head, accuracy in heads.items():
            rows.append((f"dev {head} {precision}", f"{accuracy:.2%}", f"{after['dev'][precision][head]:.2%}"))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    return "\n".join(f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "-".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}"
