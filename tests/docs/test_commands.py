"""Every command of the documentation is run; ``docs/writing-docs.md`` tells by which rules."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import blocks
import numpy as np
import pytest
import samples
import typer
from numpy.typing import NDArray
from typer.main import get_command

from mien.cli.main import build

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "examples" / "mobile" / "README.md",
    *sorted((ROOT / "docs").rglob("*.md")),
)
RUNNABLE: Final = [page for page in PAGES if re.search(rf"(?m)^```({'|'.join(blocks.RUN)})$", page.read_text())]
WAIT: Final = 600.0
"""Seconds for a block, and for a server to get ready; only a command that hangs takes so long."""

CLIENT: Final = """#!{python} -IS
import sys
sys.path.insert(0, {here!r})
import host
sys.exit(host.client({address!r}, {name!r}, {python!r}, sys.argv[1:]))
"""
REFUSED: Final = ("apt", "apt-get", "docker", "kubectl", "make", "npm", "pip", "sudo", "systemctl")
"""What no test may do; its block needs a reason why it is not run."""
REFUSAL: Final = "#!/bin/sh\necho 'a test must not do this: mark the block as not run' >&2\nexit 1\n"
CURL: Final = "fail-with-body\nshow-error\nmax-time = 120\n"


@dataclass
class Page:
    """The folder in which a page's blocks run, and the server that they talk to."""

    folder: Path
    programs: Path
    port: int
    server: subprocess.Popen[bytes] | None = None
    logs: list[Path] = field(default_factory=list)

    def run(self, block: blocks.Block) -> None:
        """Run a block; a server that it starts goes on until the next one or `close`."""
        if block.language == "python":
            program = self.folder / f"block{block.line}.py"
            program.write_text(self.here(block.text))
            self.need_server(block.text)
            self.shell(f"python {program.name} photo.jpg")
            return
        for lines in re.split(r"(?m)^((?:\w+=\S+ )*mien serve\b.*)$\n?", block.script):
            if re.match(r"(\w+=\S+ )*mien serve\b", lines):
                self.serve(lines)
            elif lines.strip():
                self.need_server(lines)
                self.shell(self.here(lines))

    def here(self, text: str) -> str:
        """Return ``text`` with this page's port, and with trainings and measurements cut short."""
        text = re.sub(r"(127\.0\.0\.1|localhost):8000", rf"\1:{self.port}", text)
        text = re.sub(r"(mien train .*?)--minutes \S+", r"\1--epochs 1 --batch 32", text)
        return re.sub(r"mien bench\b", "mien bench --seconds 0.5", text)

    def shell(self, script: str) -> None:
        """Run a script, which fails with the first command that does."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=WAIT,
            check=False,
        )
        if done.returncode != 0:
            told = done.stdout.decode(errors="replace")[-4000:]
            raise AssertionError(f"exit status {done.returncode} of\n{script}\n{told}\n{self.log()}")

    def environment(self) -> dict[str, str]:
        """Return the environment of this page's commands: nothing of ours, a folder of their own for data."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MIEN_")}
        path = f"{self.programs}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
        return {**kept, "PATH": path, "MIEN_DATA_DIR": str(self.folder / "data"), "CURL_HOME": str(self.programs)}

    def need_server(self, script: str) -> None:
        """Start a server if ``script`` asks one and none is there."""
        if self.server is None and re.search(r"(127\.0\.0\.1|localhost):8000", script):
            self.serve("mien serve")

    def serve(self, line: str) -> None:
        """Start the server of ``line`` in place of the one that is there, and wait until it is ready."""
        self.close()
        line = re.sub(r"\s+#.*$", "", line)
        line = re.sub(r"--port \d+", "", line)
        log = self.folder / f"server{len(self.logs)}.log"
        self.logs.append(log)
        command = ["bash", "-c", re.sub(r"\bmien serve\b", f"exec mien serve --port {self.port}", line)]
        with log.open("wb") as file:
            self.server = subprocess.Popen(
                command, cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL, stdout=file, stderr=file
            )
        until = time.monotonic() + WAIT
        while not self.ready():
            assert self.server.poll() is None, f"the server ended: {line}\n{self.log()}"
            assert time.monotonic() < until, f"the server did not get ready: {line}\n{self.log()}"
            time.sleep(0.05)

    def ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5):
                return True
        except urllib.error.HTTPError as answer:  # not ready yet
            answer.close()
            return False
        except OSError:
            return False

    def log(self) -> str:
        return self.logs[-1].read_text(errors="replace")[-4000:] if self.logs else ""

    def close(self) -> None:
        """Stop the server, if there is one."""
        if self.server is not None:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait(WAIT)
            self.server = None


@pytest.fixture(scope="session")
def programs() -> Iterator[Path]:
    """A folder with what stands for ``mien`` and ``python`` on the path, and the process that they call."""
    here = Path(__file__).parent
    folder = Path(tempfile.mkdtemp(prefix="mien-docs-"))  # short: the address of a socket may have some hundred letters
    address = str(folder / "host")
    texts = dict.fromkeys(REFUSED, REFUSAL)
    for name in ("mien", "python"):
        texts[name] = CLIENT.format(python=sys.executable, here=str(here), address=address, name=name)
    for name, text in texts.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    (folder / ".curlrc").write_text(CURL)
    host = subprocess.Popen([sys.executable, str(here / "host.py"), address], stdin=subprocess.DEVNULL)
    try:
        until = time.monotonic() + WAIT
        while not Path(address).exists():
            assert host.poll() is None, "the host ended"
            assert time.monotonic() < until, "the host did not get ready"
            time.sleep(0.02)
        yield folder
    finally:
        host.kill()
        host.wait()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def sample_folder(tmp_path_factory: pytest.TempPathFactory, portrait: NDArray[np.uint8]) -> Path:
    return samples.make(tmp_path_factory.mktemp("samples"), portrait)


@pytest.fixture
def page(tmp_path: Path, programs: Path, sample_folder: Path) -> Iterator[Page]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    opened = Page(samples.copy(sample_folder, tmp_path / "page"), programs, port)
    try:
        yield opened
    finally:
        opened.close()


@pytest.mark.parametrize("path", RUNNABLE, ids=[str(path.relative_to(ROOT)) for path in RUNNABLE])
def test_commands_of_a_page(path: Path, page: Page) -> None:
    for block in blocks.read(path):
        if block.language in blocks.RUN and not block.not_run:
            try:
                page.run(block)
            except AssertionError as error:
                error.add_note(f"in {path.relative_to(ROOT)}:{block.line}, see docs/writing-docs.md")
                raise


@pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_blocks_of_a_page_are_of_a_known_language(path: Path) -> None:
    blocks.read(path)


def test_a_command_that_fails_fails_its_page(page: Page) -> None:
    def fail(language: str, text: str) -> str:
        with pytest.raises(AssertionError) as caught:
            page.run(blocks.Block(1, language, text, ""))
        return str(caught.value)

    told = fail("sh", "mien analyze nowhere.jpg\necho further")
    assert "nowhere.jpg does not exist" in told
    assert "further" not in told.rpartition("check the path")[2], "a script ends with the first command that fails"
    assert "exit status 3" in fail("python", "raise SystemExit(3)")
    assert "ZeroDivisionError" in fail("python", "1 / 0")
    assert "404" in fail("sh", "curl -s http://127.0.0.1:8000/api/v1/nothing")
    assert "mark the block as not run" in fail("sh", "pip install mien")
    assert "No such option" in fail("console", "$ mien serve --nonsense\nserving")


def test_blocks_and_reasons_are_read(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(
        "<!-- not run: needs a camera -->\n```sh\na\n```\n\n```console\n$ b\nc\n$ d\n```\n```json\n{}\n```\n"
    )
    first, second, third = blocks.read(path)
    assert (first.script, first.not_run, first.line) == ("a", "needs a camera", 3)
    assert (second.script, second.not_run) == ("b\nd", "")
    assert third.language not in blocks.RUN
    for fence in ("```", "```bahs"):
        path.write_text(f"{fence}\nx\n```\n")
        with pytest.raises(ValueError, match=r"page\.md:1: a block in"):
            blocks.read(path)


@pytest.mark.parametrize("path", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_that_are_only_named_exist(path: Path) -> None:
    """Also those in running text and in blocks that are not run: the command is there, and so are its options."""
    root = get_command(build())
    for line in re.findall(r"(?:`|^|\$ |&& |\| )(?:\w+=\S+ )*mien ([a-z][a-z-]*\b[^`\n&|;]*)", path.read_text(), re.M):
        words = re.sub(r"\s#.*$", "", line).split()
        command, context = root, typer.Context(root)
        while words and isinstance(command, typer.core.TyperGroup):
            found = command.get_command(context, words.pop(0))
            assert found is not None, f"there is no command mien {line}"
            command = found
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        unknown = {word.partition("=")[0] for word in words if word.startswith("--")} - known - {"--help", "--debug"}
        assert not unknown, f"mien {line}: there is no {', '.join(sorted(unknown))}"
