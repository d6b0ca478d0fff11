"""Search for input that breaks the frame decoder or the socket protocol: ``python scripts/fuzz.py [seconds [seed]]``.

Both targets are run under libFuzzer (atheris), which looks for input that reaches new code; the seeds are the hostile
and the odd pictures of the tests. A picture may be refused with a `PictureError` and with nothing else; a socket must
live through whatever is sent and answer in JSON. What breaks them is left in ``crash-…`` in the folder that is printed.
"""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Callable, MutableMapping
from pathlib import Path
from typing import Any, Final

import atheris
import structlog

with atheris.instrument_imports(include=["mien"]):
    from mien.core import codec
    from mien.core.errors import PictureError

ROOT: Final = Path(__file__).parent.parent
SECONDS: Final = 60
LONGEST: Final = 10
"""Seconds that one input may take before it counts as a hang."""

MEMORY: Final = 1024
"""Megabytes: what atheris and the server hold (200 at the start), and the largest frame decoded, twice over. A picture
of a hundred bytes that is given gigabytes must be found out."""

LIMITS: Final = codec.Limits(max_bytes=2**18, max_pixels=2**20, max_scans=25)
"""Tighter than the product's, so that more inputs are tried."""


CODES: Final = {"empty", "unsupported_type", "truncated", "too_large", "too_complex", "bad_encoding"}


def decode(data: bytes) -> None:
    """Decode as a picture, and as the text of one."""
    ways: tuple[Callable[[], bytes], ...] = (
        lambda: data,
        lambda: codec.from_text(data.decode("latin-1"), limits=LIMITS),
    )
    for read in ways:
        try:
            image = codec.decode(read(), limits=LIMITS)
        except PictureError as error:
            if error.code not in CODES:
                raise
        else:
            assert image.dtype.name == "uint8"
            assert image.shape[2] == 3


class Sockets:
    """The server's live socket in this process, without a network: every call of `talk` is one client's life."""

    def __init__(self) -> None:
        from mien.live.fake import FakeEngine
        from mien.live.session import Session, StreamOptions
        from mien.server.app import create_app
        from mien.server.routes.stream import Stream
        from mien.server.services import Backend
        from mien.server.settings import ServerSettings

        for place in (Stream._frame, Stream._command, Stream._configure, StreamOptions.__post_init__, Session._outcome):
            atheris.instrument_func(place)
        self.engine = FakeEngine()
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory(prefix="mien-fuzz-data-")
        settings = ServerSettings(socket_rate=0, data_dir=Path(self.folder.name))
        self.app = create_app(settings, lambda _: Backend(self.engine, {}))
        self.lifespan = self.app.router.lifespan_context(self.app)
        self.loop.run_until_complete(self._begin())

    async def _begin(self) -> None:
        await self.lifespan.__aenter__()
        await self.app.state.services.ready.wait()

    def talk(self, data: bytes) -> None:
        """Cut ``data`` into messages, send them, check the answers."""
        self.loop.run_until_complete(self._live(unpack(data)))

    async def _live(self, messages: list[dict[str, Any]]) -> None:
        waiting = iter([{"type": "websocket.connect"}, *messages])
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> dict[str, Any]:
            while self.engine.step():
                await asyncio.sleep(0)
            return next(waiting, {"type": "websocket.disconnect", "code": 1000})

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        scope = {
            "type": "websocket",
            "path": "/api/v1/stream",
            "raw_path": b"/api/v1/stream",
            "root_path": "",
            "query_string": b"",
            "scheme": "ws",
            "headers": [(b"host", b"127.0.0.1")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "subprotocols": [],
            "app": self.app,
        }
        await self.app(scope, receive, send)
        self.engine.sessions.clear()
        assert sent[0]["type"] == "websocket.accept", sent[0]
        for message in sent[1:]:
            assert message["type"] == "websocket.send", message
            assert parse(message["text"])["type"] in {"ready", "result", "error"}


def unpack(data: bytes) -> list[dict[str, Any]]:
    """Read messages: a byte that is odd for binary ones, the length in two bytes, the content."""
    messages: list[dict[str, Any]] = []
    while data and len(messages) < 8:
        binary, end = data[0] & 1, 3 + int.from_bytes(data[1:3], "little")
        content, data = data[3:end], data[end:]
        value = {"bytes": content} if binary else {"text": content.decode(errors="replace")}
        messages.append({"type": "websocket.receive", **value})
    return messages


def pack(content: bytes, binary: bool) -> bytes:
    """Write a message so that `unpack` reads it."""
    return bytes([binary]) + len(content).to_bytes(2, "little") + content


def parse(text: str) -> dict[str, Any]:
    """Parse strict JSON: no NaN."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    value = json.loads(text, parse_constant=refuse)
    assert isinstance(value, dict)
    return value


def seeds(target: str) -> list[bytes]:
    """Return what to begin with."""
    sys.path.insert(0, str(ROOT / "tests" / "server"))
    from hostile import HOSTILE, ODD

    pictures = [build() for build, _ in HOSTILE.values()] + [build() for build in ODD.values()]
    if target == "decode":
        return [picture for picture in pictures if len(picture) <= LIMITS.max_bytes]
    texts = [b'{"type":"reset"}', b'{"type":"options","min_score":0.5,"max_faces":2}', b'{"type":1}', b"[]", b"{"]
    frames = [pack(bytes(12) + picture, True) for picture in pictures if len(picture) < 2**15]
    commands = [pack(text, False) for text in texts]
    return [*commands, *frames, b"".join([*commands, *frames[:3]])]


def run(target: str, arguments: list[str]) -> None:
    """Hand over to libFuzzer, which ends the process."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    target_of: dict[str, Callable[[], Callable[[bytes], None]]] = {
        "decode": lambda: decode,
        "socket": lambda: Sockets().talk,
    }
    atheris.Setup([sys.argv[0], *arguments], target_of[target]())
    atheris.Fuzz()


def main(seconds: int = SECONDS, seed: int = 1) -> int:
    """Run every target for its share of ``seconds``; return 1 when one broke."""
    folder = Path(tempfile.mkdtemp(prefix="mien-fuzz-"))
    broken = 0
    for target in ("decode", "socket"):
        corpus = folder / target
        corpus.mkdir()
        for number, content in enumerate(seeds(target)):
            (corpus / f"seed-{number}").write_bytes(content)
        limits = [f"-max_total_time={seconds // 2}", f"-timeout={LONGEST}", f"-rss_limit_mb={MEMORY}"]
        where = [f"-artifact_prefix={folder}/", str(corpus)]
        command = [sys.executable, __file__, target, *limits, "-max_len=65536", f"-seed={seed}", *where]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        lines = done.stderr.splitlines()
        tried = next((line for line in reversed(lines) if line.startswith(("Done", "#"))), "no input was tried")
        print(f"{target}: {tried}", flush=True)
        if done.returncode != 0:
            broken = 1
            print("\n".join(lines[-60:]), f"\n{target} broke; its input is in {folder}", sep="\n", file=sys.stderr)
    return broken


if __name__ == "__main__":
    if sys.argv[1:2] in (["decode"], ["socket"]):
        run(sys.argv[1], sys.argv[2:])
    else:
        sys.exit(main(*map(int, sys.argv[1:3])))
