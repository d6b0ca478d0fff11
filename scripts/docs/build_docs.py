"""Build the documentation site: ``python scripts/docs/build_docs.py``, then open ``build/docs/site/index.html``.

The pages are those of ``docs/``, a few from elsewhere in the repository, and the reference, which is made from the code
and from the API's description each time. Everything lies in ``build/docs``; a broken link or anchor ends the build.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import docs_reference

ROOT: Final = Path(__file__).parents[2]
TARGET: Final = ROOT / "build" / "docs"
CONFIG: Final = ROOT / "zensical.toml"

ELSEWHERE: Final = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "examples/mobile/README.md": "examples/mobile.md",
}
"""Pages that live outside ``docs/``, and what they are called on the site."""

_LINK: Final = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
_FENCE: Final = re.compile(r"^\s*(```|~~~)")


def main() -> None:
    """Build the site; end with the builder's status when it fails."""
    stage(TARGET)
    status = build(TARGET)
    if status != 0:
        raise SystemExit(status)
    print(TARGET / "site" / "index.html")


def build(target: Path) -> int:
    """Build the site of a staged folder into its ``site``; return the exit status, not 0 for a broken link."""
    command = [sys.executable, "-m", "zensical", "build", "--clean", "--strict"]
    return subprocess.run(command, cwd=target, check=False).returncode


def stage(target: Path) -> None:
    """Lay out in ``target`` what the builder needs: its settings, and in ``docs`` every page.

    Raises:
        ValueError: a page links to a file that is not there.
    """
    shutil.rmtree(target, ignore_errors=True)
    pages = target / "docs"
    shutil.copytree(ROOT / "docs", pages)
    shutil.copyfile(CONFIG, target / CONFIG.name)
    for source, page in sources():
        (pages / page).parent.mkdir(parents=True, exist_ok=True)
        (pages / page).write_text(with_links(source.read_text(), source, page))
    for page, text in docs_reference.pages(ROOT / "docs" / "openapi.json").items():
        (pages / page).parent.mkdir(parents=True, exist_ok=True)
        (pages / page).write_text(text)


def sources() -> Iterator[tuple[Path, str]]:
    """Yield every page's file and its place on the site."""
    for path in sorted((ROOT / "docs").rglob("*.md")):
        yield path, path.relative_to(ROOT / "docs").as_posix()
    for name, page in ELSEWHERE.items():
        yield ROOT / name, page


def with_links(text: str, source: Path, page: str) -> str:
    """Return a page's text with its links to files turned into those of the site.

    A file that is on the site is linked where it lies there. One that is not is named by its path in the repository.

    Raises:
        ValueError: there is no such file.
    """
    lines, fenced = [], False
    for line in text.splitlines(keepends=True):
        fenced ^= bool(_FENCE.match(line))
        lines.append(line if fenced else _LINK.sub(lambda match: _link(match, source, page), line))
    return "".join(lines)


def _link(match: re.Match[str], source: Path, page: str) -> str:
    mark, text, address = match.groups()
    path, _, anchor = address.partition("#")
    if not path or "://" in address or address.startswith("mailto:"):
        return match.group()
    aim = Path(os.path.normpath(source.parent / path))
    place = on_site(aim)
    if place is not None:
        relative = os.path.relpath(place, Path(page).parent)
        return f"{mark}[{text}]({relative}{'#' * bool(anchor)}{anchor})"
    if not aim.exists() or mark:
        raise ValueError(f"{source.relative_to(ROOT)} links to {address}, which is not there")
    name = aim.relative_to(ROOT).as_posix()
    return text if name in text else f"{text} (`{name}`)"


def on_site(aim: Path) -> str | None:
    """Return the place on the site of a file of the repository, None for one that is not there."""
    if aim.is_relative_to(ROOT / "docs"):
        return aim.relative_to(ROOT / "docs").as_posix()
    name = aim.relative_to(ROOT).as_posix() if aim.is_relative_to(ROOT) else ""
    return ELSEWHERE.get(name) or ELSEWHERE.get(f"{name}/README.md")


if __name__ == "__main__":
    main()
