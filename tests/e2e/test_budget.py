"""What a first visit costs: bytes and requests have a limit, what depends on the machine is told and not judged."""

from __future__ import annotations

import gzip
import os
import re
from collections.abc import Callable
from pathlib import Path

from conftest import Server, Visitor
from playwright.sync_api import Browser, expect

import mien

MOST_BYTES = 250 * 1024
"""Of all that the first page needs, compressed."""
MOST_REQUESTS = 12
STATIC = Path(os.environ.get("MIEN_STATIC", Path(mien.__file__).parent / "server" / "static"))
_FROM_PAGE = re.compile(r'(?:src|href)="/(assets/[^"]+)"')
_FROM_SCRIPT = re.compile(r'(?:from|import)\s*"\./([^"]+\.js)"')


def first_load(folder: Path) -> dict[str, int]:
    """Return the files that the first page loads, by name, with their compressed sizes in bytes.

    Those are the page, what it names, and what its scripts import at once; pages that load later (``import("…")``)
    are not among them.
    """
    page = (folder / "index.html").read_text()
    sizes = {"index.html": len(gzip.compress(page.encode()))}
    waiting = _FROM_PAGE.findall(page)
    while waiting:
        name = waiting.pop()
        if name in sizes:
            continue
        content = (folder / name).read_bytes()
        sizes[name] = len(gzip.compress(content))
        if name.endswith(".js"):
            waiting += [f"assets/{found}" for found in _FROM_SCRIPT.findall(content.decode())]
    return sizes


def test_first_load_is_small(bundle: None) -> None:
    sizes = first_load(STATIC)
    assert any(name.endswith(".css") for name in sizes)
    assert sum(name.endswith(".js") for name in sizes) >= 1
    assert sum(sizes.values()) <= MOST_BYTES, sizes


def test_pages_that_are_not_shown_are_not_loaded(bundle: None) -> None:
    later = {"CamerasPage", "VideosPage", "PhotosPage", "SessionsPage"}
    built = {path.name.split("-")[0] for path in (STATIC / "assets").glob("*Page-*.js")}
    assert later <= built
    loaded = {Path(name).name.split("-")[0] for name in first_load(STATIC)}
    assert not later & loaded


def test_static_imports_are_followed(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text('<script src="/assets/a.js"></script><link href="/assets/s.css">')
    (tmp_path / "assets" / "a.js").write_text('import{x}from"./b.js";import("./page.js")')
    (tmp_path / "assets" / "b.js").write_text('import"./a.js"')
    (tmp_path / "assets" / "s.css").write_text("")
    assert set(first_load(tmp_path)) == {"index.html", "assets/a.js", "assets/b.js", "assets/s.css"}


def test_first_visit(
    server: Server, browser: Browser, visitor: Visitor, record_property: Callable[[str, object], None]
) -> None:
    page = visitor.open(browser, "about:blank")
    page.add_init_script(
        """window.longTasks = [];
        new PerformanceObserver((list) => longTasks.push(...list.getEntries().map(({ duration }) => duration)))
            .observe({ type: "longtask", buffered: true });"""
    )
    page.goto(server.url)
    expect(page.get_by_test_id("welcome")).to_be_visible()
    page.wait_for_load_state("networkidle")
    entries = page.evaluate(
        """[...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
            .map(({ name, transferSize }) => [name, transferSize])"""
    )
    tasks = page.evaluate("longTasks")
    told = {
        "requests": len(entries),
        "transferred_bytes": sum(size for _, size in entries),
        "longest_task_ms": round(max(tasks, default=0)),
        "tasks_over_200_ms": sum(task > 200 for task in tasks),
    }
    for name, value in told.items():
        record_property(name, value)
    print("first visit:", told)
    assert told["requests"] <= MOST_REQUESTS, entries
    assert told["transferred_bytes"] > 0
    assert all(name.startswith(server.url) for name, _ in entries), "the page asks somebody else"
