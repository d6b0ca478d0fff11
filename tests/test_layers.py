"""The package's layers import downwards only; see the order in docs and in `ORDER`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import mien

ROOT = Path(mien.__file__).parent
LEAVES = ("sources", "outputs", "store")
ORDER = (
    "core",
    "models",
    "tracking",
    "pipeline",
    LEAVES,
    "evaluation",
    "live",
    "batch",
    "server",
    "training",
    "api",
    "cli",
)
RANK = {name: rank for rank, names in enumerate(ORDER) for name in ((names,) if isinstance(names, str) else names)}
OWNERS = {"torch": ("training",), "onnxruntime": ("models/runtime.py", "training/quantise.py")}


def imports(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(), str(path))
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


MODULES = [path for path in sorted(ROOT.rglob("*.py")) if path.parent != ROOT or path.stem in RANK]


def test_every_module_has_a_layer() -> None:
    tops = {path.name for path in ROOT.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert tops <= set(RANK), f"give {sorted(tops - set(RANK))} a place in ORDER"


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_only_layers_above(path: Path) -> None:
    where = path.relative_to(ROOT)
    layer = where.parts[0].removesuffix(".py")
    for name in imports(path):
        parts = name.split(".")
        owner = OWNERS.get(parts[0])
        if owner is not None:
            assert str(where).startswith(owner), f"{where} imports {parts[0]}, which only {', '.join(owner)} may"
        if parts[0] != "mien" or len(parts) < 2 or parts[1] not in RANK:
            continue
        if layer in LEAVES:
            assert parts[1] in ("core", layer), f"the leaf {where} imports {name}"
        else:
            assert RANK[parts[1]] < RANK[layer] or parts[1] == layer, f"{where} imports {name} from a layer below"
