"""Check everything that a release needs, build it into dist/ and write its checksums. Publishes nothing.

Usage: python scripts/release.py [--check] [--no-tests]

In this order, stopping at the first thing that is wrong: the working tree is clean; the version is the same everywhere,
dated in the changelog and not yet tagged; licences of everything that an installation brings allow it; `make test`
passes (it builds, installs and runs the wheel, too); source distribution and wheel are built, the wheel from the
unpacked source distribution. Then it says how to publish.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parents[1]
DIST: Final = ROOT / "dist"
EXTRAS: Final = ("columnar", "postgres")
"""Extras that the images install."""
ALLOWED: Final = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "LGPL-3.0-only", "MIT", "MIT-0"),
    *("MPL-2.0", "PSF-2.0", "Python-2.0", "Unlicense", "Zlib"),
}
"""SPDX names of licences that a program under Apache-2.0 may depend on."""
OLD_NAMES: Final = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "the mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
"""What packages without an SPDX expression write, in small letters."""


def say(text: str) -> None:
    """Tell how far it is."""
    print(text, file=sys.stderr, flush=True)


def run(*command: str, cwd: Path | None = None) -> str:
    """Run a command, by default in the checkout, and return its stdout; end this process when it fails."""
    done = subprocess.run(command, cwd=cwd or ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}")
    return done.stdout


def check_tree() -> None:
    """End unless everything is committed."""
    changed = run("git", "status", "--porcelain")
    if changed:
        raise SystemExit(f"not everything is committed:\n{changed}")


def check_version() -> str:
    """Return the version; end unless it is the same everywhere, dated in the changelog, and new."""
    version = str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])
    package = re.search(r'^__version__ = "(.*)"$', (ROOT / "src/mien/__init__.py").read_text(), re.MULTILINE)
    tags = set(re.findall(r"newTag: (\S+)", (ROOT / "deploy/kubernetes/kustomization.yaml").read_text()))
    found = {"src/mien/__init__.py": {package[1]} if package else set(), "kustomization.yaml": tags}
    for name, versions in found.items():
        if versions != {version}:
            raise SystemExit(f"pyproject.toml says {version}, {name} says {', '.join(sorted(versions)) or 'nothing'}")
    newest = re.search(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    if newest is None or not re.fullmatch(re.escape(version) + r" \(\d{4}-\d{2}-\d{2}\)", newest[1]):
        raise SystemExit(f"CHANGELOG.md begins with {newest and newest[1]!r}: make it '## {version} (YYYY-MM-DD)'")
    if run("git", "tag", "--list", f"v{version}"):
        raise SystemExit(f"v{version} is tagged already: choose the next version")
    return version


def brought() -> Iterator[importlib.metadata.Distribution]:
    """Yield the distributions that an installation brings, as they are installed here, each once."""
    # Not from our own metadata: an editable installation may have been made before a requirement was added.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    named = [*project["dependencies"], *(one for extra in EXTRAS for one in optional[extra])]
    waiting: list[tuple[Requirement, tuple[str, ...]]] = [(Requirement(one), ("",)) for one in named]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        requirement, extras = waiting.pop()
        marker = requirement.marker
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen or not (marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)):
            continue
        seen.add(key)
        distribution = importlib.metadata.distribution(requirement.name)
        yield distribution
        waiting += [(Requirement(one), ("", *requirement.extras)) for one in distribution.requires or ()]


def licence(metadata: importlib.metadata.PackageMetadata) -> str:
    """Return a package's licence as an SPDX expression where that can be told, else what it says itself."""

    def fields(name: str) -> list[str]:
        return metadata.get_all(name) or []

    if expressions := fields("License-Expression"):
        return expressions[0]
    classifiers = [line.split(" :: ")[-1] for line in fields("Classifier") if line.startswith("License ::")]
    told = [name for name in classifiers if name != "OSI Approved"] or [text.strip() for text in fields("License")]
    return " AND ".join(OLD_NAMES.get(name.lower(), name.partition("\n")[0]) for name in told)


def allowed(expression: str) -> bool:
    """Whether an SPDX expression leaves a choice that is in `ALLOWED`; a name with an exception is not."""
    words = {"AND": "and", "OR": "or", "(": "(", ")": ")"}
    terms = re.findall(r"[()]|[^\s()]+", expression)
    if not terms or "WITH" in terms:
        return expression in ALLOWED
    truth = " ".join(words.get(term) or str(term in ALLOWED) for term in terms)
    try:
        return bool(eval(truth))  # made of True, False, and, or, ( and ) alone
    except SyntaxError:  # it is no expression but somebody's sentence
        return False


def check_licences() -> dict[str, str]:
    """Return the licence of everything that is installed with Mien; end at one that is not allowed or not told."""
    found = {one.name: licence(one.metadata) for one in brought()}
    refused = [
        f"{name} ({expression or 'tells none'})" for name, expression in found.items() if not allowed(expression)
    ]
    if refused:
        raise SystemExit(f"licences that are not in ALLOWED of {Path(__file__).name}: {', '.join(refused)}")
    return found


def build(version: str) -> list[Path]:
    """Build the source distribution and, from it, the wheel; return the files in an empty ``dist/`` with checksums."""
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(DIST))
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(DIST / f"mien-{version}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
        source = Path(folder) / f"mien-{version}"
        run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(DIST), cwd=source)
    files = sorted(DIST.iterdir())
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (DIST / "SHA256SUMS").write_text("".join(lines))
    return files


def main() -> None:
    """Go through the steps."""
    parser = argparse.ArgumentParser(description="Check and build a release; publish nothing.")
    parser.add_argument("--check", action="store_true", help="only what takes seconds; build nothing")
    parser.add_argument("--no-tests", action="store_true", help="leave make test out, to try the rest")
    chosen = parser.parse_args()
    found = check_licences()
    say(f"licences: {len(found)} packages, all allowed")
    version = check_version()
    say(f"version: {version}")
    check_tree()
    say("working tree: clean")
    if chosen.check:
        return
    if chosen.no_tests:
        say("TESTS: LEFT OUT")
    else:
        subprocess.run(["make", "test"], cwd=ROOT, check=True)
    for file in build(version):
        print(f"{file.relative_to(ROOT)}  {file.stat().st_size:,} bytes")
    say(
        f"now: git tag v{version} && git push origin v{version}; twine upload dist/mien-*; "
        f"docker build --file deploy/Dockerfile --tag mien:{version} ."
    )


if __name__ == "__main__":
    main()
