"""The documentation site: it builds, leads nowhere wrong, and loads nothing from elsewhere."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import build_docs
import pytest

from mien.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
LOADING = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src"), ("video", "src"), ("link", "href")}
"""Where a page names something that a browser fetches by itself."""


@dataclass
class Page(HTMLParser):
    """What a page links to, what it loads, and the anchors that it has."""

    path: Path
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            elif name == "class" and value:
                self.classes.update(value.split())
            elif name in ("href", "src") and value:
                self.links.append(value)
                if (tag, name) in LOADING:
                    self.loads.append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; building fails on a broken link in a page's text."""
    target = tmp_path_factory.mktemp("docs")
    build_docs.stage(target)
    assert build_docs.build(target) == 0, "see the builder's warnings above"
    return target / "site"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Page]:
    found = {path: Page(path) for path in site.rglob("*.html") if path.name != "404.html"}
    assert len(found) > 20
    return found


def test_every_link_leads_somewhere(site: Path, pages: dict[Path, Page]) -> None:
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            aim = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            aim = aim / "index.html" if aim.is_dir() else aim
            known = aim in pages and (not parts.fragment or unquote(parts.fragment) in pages[aim].anchors)
            if not known and not (aim not in pages and aim.is_file()) and parts.fragment != "__skip":
                broken.append(f"{path.relative_to(site)} → {link}")
    assert not broken


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[Path, Page]) -> None:
    for path, page in pages.items():
        assert not [load for load in page.loads if urlsplit(load).netloc], path
        # The theme's script fetches these libraries where a page uses them.
        assert page.classes.isdisjoint({"mermaid", "glightbox", "pyodide", "resize-observer"}), path
    for path in site.rglob("*.css"):
        assert not re.search(r"(@import|url\()\s*['\"]?(https?:)?//", path.read_text()), path


def in_navigation(entry: Any) -> Iterator[str]:
    """Yield the pages of a part of the navigation."""
    if isinstance(entry, str):
        yield entry
    else:
        for part in entry.values() if isinstance(entry, dict) else entry:
            yield from in_navigation(part)


def test_every_page_is_in_the_navigation(site: Path) -> None:
    settings = tomllib.loads((ROOT / "zensical.toml").read_text())
    pages = {path.relative_to(site.parent / "docs").as_posix() for path in (site.parent / "docs").rglob("*.md")}
    assert set(in_navigation(settings["project"]["nav"])) == pages, "put new pages under nav in zensical.toml"


def test_the_reference_is_made_from_the_code(site: Path) -> None:
    commands = (site / "reference" / "cli.html").read_text()
    assert all(f"mien {name}</code>" in commands for name in COMMANDS)
    routes = (site / "reference" / "http.html").read_text()
    assert all(path in routes for path in json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"])
    assert "MIEN_API_KEYS_FILE" in (site / "reference" / "settings.html").read_text()
    assert "uncorrected_sadness" in (site / "reference" / "columns.html").read_text()
    assert "no more than these" in (site / "reference" / "python.html").read_text(), "docstrings of settings"


def test_links_out_of_the_site_become_names() -> None:
    source = ROOT / "docs" / "howto" / "train.md"
    assert build_docs.with_links("[a script](../../Makefile)", source, "howto/train.md") == "a script (`Makefile`)"
    assert build_docs.with_links("[`Makefile`](../../Makefile)", source, "howto/train.md") == "`Makefile`"
    assert build_docs.with_links("[x](../cameras.md#pace)", source, "howto/train.md") == "[x](../cameras.md#pace)"
    assert build_docs.with_links("[x](docs/cameras.md)", ROOT / "README.md", "a/b.md") == "[x](../cameras.md)"
    assert build_docs.with_links("[x](../../examples/mobile)", source, "howto/t.md") == "[x](../examples/mobile.md)"
    assert build_docs.with_links("[x](https://a.b/c)", source, "howto/t.md") == "[x](https://a.b/c)"
    fenced = "```text\n[x](nowhere.md)\n```\n"
    assert build_docs.with_links(fenced, source, "howto/t.md") == fenced
    with pytest.raises(ValueError, match=r"docs/howto/train\.md links to \.\./\.\./gone\.txt"):
        build_docs.with_links("[x](../../gone.txt)", source, "howto/t.md")


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_of_pages_in_the_root(name: str) -> None:
    source = ROOT / name
    for _, _, address in re.findall(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)", source.read_text()):
        if "://" not in address:
            assert (ROOT / address.partition("#")[0]).exists(), address
