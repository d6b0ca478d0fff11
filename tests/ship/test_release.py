"""The checks that stand before a release."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", ROOT / "scripts" / "release.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path: Path, release: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with what tells its version, ready to be released as 1.2.3."""
    monkeypatch.setattr(release, "ROOT", tmp_path)
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    for name, text in {
        "pyproject.toml": '[project]\nversion = "1.2.3"\n',
        "src/mien/__init__.py": '__version__ = "1.2.3"\n',
        "deploy/kubernetes/kustomization.yaml": "images:\n  - newTag: 1.2.3\n",
        "CHANGELOG.md": "# Changelog\n\n## 1.2.3 (2026-12-01)\n\n## 1.2.2 (2026-11-01)\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("BSD-3-Clause AND 0BSD AND MIT", True),
        ("MPL-2.0 AND (Apache-2.0 OR MIT)", True),
        ("MIT OR GPL-3.0-only", True),
        ("GPL-3.0-only", False),
        ("GPL-3.0-only AND (Apache-2.0 OR MIT)", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("MIT AND Somebody's own", False),
        ("Do what you like, please", False),
        ("", False),
    ],
)
def test_licences_are_read_as_expressions(release: ModuleType, expression: str, allowed: bool) -> None:
    assert release.allowed(expression) is allowed


def test_licences_of_all_that_an_installation_brings_are_allowed(release: ModuleType) -> None:
    found = release.check_licences()
    assert {"numpy", "onnxruntime", "opencv-python-headless", "av", "starlette", "psycopg"} <= set(found)
    assert not {"torch", "pytest"} & set(found)


def test_a_version_that_is_the_same_everywhere_is_taken(release: ModuleType, checkout: Path) -> None:
    assert release.check_version() == "1.2.3"


@pytest.mark.parametrize(
    ("name", "old", "new", "complaint"),
    [
        ("src/mien/__init__.py", "1.2.3", "1.2.2", "__init__.py says 1.2.2"),
        ("deploy/kubernetes/kustomization.yaml", "1.2.3", "latest", "kustomization.yaml says latest"),
        ("CHANGELOG.md", "2026-12-01", "unreleased", "1.2.3 (unreleased)"),
        ("CHANGELOG.md", "## 1.2.3 (2026-12-01)", "", "1.2.2"),
    ],
)
def test_a_version_that_differs_somewhere_is_refused(
    release: ModuleType, checkout: Path, name: str, old: str, new: str, complaint: str
) -> None:
    path = checkout / name
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(SystemExit) as caught:
        release.check_version()
    assert complaint in str(caught.value)


def test_what_is_not_committed_is_refused(release: ModuleType, checkout: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        release.check_tree()
    assert "CHANGELOG.md" in str(caught.value)
