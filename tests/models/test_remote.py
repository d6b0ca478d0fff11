"""Networks on a model server: what they compute, and what is told when the server is not there or not the right one."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
from model_serving import model_server

from mien.core.errors import ModelServerError, SettingsError
from mien.core.settings import AnalyzerSettings
from mien.core.types import Frame, Image
from mien.live.session import Analysed, Failed, Outcome, Packet, Session
from mien.models import oip, remote, zoo
from mien.models.remote import ModelServer
from mien.pipeline import Analyzer

KEY = "a key that is long enough"
EMOTION = {
    "versions": ["1"],
    "inputs": [{"name": "image", "datatype": "FP32", "shape": [-1, 1, 48, 48]}],
    "outputs": [{"name": name, "datatype": "FP32", "shape": [-1, n]} for name, n in (("emotion", 8), ("fer2013", 7))],
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(remote.KEY, raising=False)
        with model_server() as address:
            yield address


def test_a_picture_is_read_as_with_the_networks_here(address: str, portrait: Image) -> None:
    here = Analyzer(AnalyzerSettings(landmarks=True)).analyze(portrait).faces
    there = Analyzer(AnalyzerSettings(landmarks=True, models=address)).analyze(portrait).faces
    assert len(here) == 1
    assert np.array_equal(here.boxes, there.boxes)
    for column in ("emotion", "landmarks"):
        assert np.allclose(getattr(here, column), getattr(there, column), atol=1e-5)


def test_many_faces_go_in_one_request(address: str) -> None:
    model = ModelServer(address).load("emotion")
    faces = np.random.default_rng(1).normal(0, 0.5, (40, 1, 48, 48)).astype(np.float32)
    assert model.batch == 64
    assert np.allclose(model.run(faces, ["emotion"])["emotion"], zoo.load("emotion").run(faces)["emotion"], atol=1e-5)


def test_a_stream_goes_on_when_the_server_comes_back(portrait: Image) -> None:
    outcomes: list[Outcome] = []
    with model_server() as address:
        session = Session(Analyzer(AnalyzerSettings(models=address)).stream(), outcomes.append, lambda _: None)
        _look(session, 0, portrait)
    _look(session, 1, portrait)
    with model_server(port=int(address.rpartition(":")[2])):
        _look(session, 2, portrait)
    first, gone, back = outcomes
    assert isinstance(first, Analysed)
    assert isinstance(gone, Failed)
    assert (gone.code, "is it running" in gone.message) == ("models_unavailable", True)
    assert isinstance(back, Analysed)
    assert back.result.faces.tracks == pytest.approx(first.result.faces.tracks)


def _look(session: Session, seq: int, picture: Image) -> None:
    session.put(Packet(seq, seq * 100.0, picture, 0.0, timed=True))
    session.run()


def test_the_key_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with model_server(api_key=KEY) as address:
        with pytest.raises(ModelServerError, match=rf"401.*set {remote.KEY}"):
            ModelServer(address).load("emotion")
        monkeypatch.setenv(remote.KEY, KEY)
        assert ModelServer(address).load("emotion").precision == "int8"


@pytest.mark.parametrize("address", ["", "127.0.0.1:8500", "ftp://a", "http://", "http://a:99999", "http://a?b=c"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(SettingsError, match="--models"):
        ModelServer(address)


def test_a_password_does_not_belong_into_the_address() -> None:
    with pytest.raises(SettingsError, match=remote.KEY) as refused:
        ModelServer("http://user:secret@127.0.0.1:8500")
    assert "secret" not in str(refused.value)


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(ModelServerError, match=rf"127.0.0.1:{port} cannot be reached \(.*refused.*is it running"):
        Analyzer(AnalyzerSettings(models=f"http://127.0.0.1:{port}"))


@contextmanager
def standing_in(answer: Callable[[str, bytes, int], tuple[int, dict[str, str], bytes]]) -> Iterator[str]:
    """Serve what ``answer`` makes of path, body and the length of the body's JSON."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, headers, content = answer(self.path, body, int(self.headers.get(oip.HEADER, 0)))
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


class Foreign:
    """Another maker's server with our file, which knows neither our hash nor our versions."""

    def __init__(self) -> None:
        self.version = "1"
        self.off = 0.0
        self._model = zoo.load("emotion", "fp32")

    def __call__(self, path: str, body: bytes, length: int) -> tuple[int, dict[str, str], bytes]:
        if not path.endswith("/infer"):
            return 200, {}, json.dumps(EMOTION).encode()
        head, rest = oip.split(body, str(length))
        results = self._model.run(oip.tensors(head["inputs"], rest, 10**6)["image"])
        asked = [out["name"] for out in head["outputs"]]
        data = [(results[name] + np.float32(self.off)).ravel().tolist() for name in asked]
        outputs = [oip.describe(name, results[name].shape, data=d) for name, d in zip(asked, data, strict=True)]
        return 200, {}, json.dumps({"model_version": self.version, "outputs": outputs}).encode()


def test_another_makers_server_is_taken_when_it_computes_the_golden_sample() -> None:
    foreign = Foreign()
    with standing_in(foreign) as address:
        model = ModelServer(address).load("emotion")
        zeros = np.zeros((2, 1, 48, 48), np.float32)
        assert model.run(zeros, ["emotion"])["emotion"].shape == (2, 8)
        foreign.version = "2"
        with pytest.raises(ModelServerError, match="now version 2, it was 1"):
            model.run(zeros, ["emotion"])
        foreign.off = 5.0
        with pytest.raises(ModelServerError, match="computes another emotion"):
            ModelServer(address).load("emotion")


@pytest.mark.parametrize(
    ("status", "content", "said"),
    [
        (200, {**EMOTION, "parameters": {"sha256": "0" * 64}}, "another emotion than this Mien"),
        (200, {"inputs": [], "outputs": []}, "describes emotion"),
        (200, [], "does not speak the protocol"),
        (200, EMOTION, "does not speak the protocol"),
        (404, {"error": "no such model"}, "404: no such model"),
        (503, {"error": {"code": "loading", "message": "later"}}, "503: later"),
        (500, "oops", "500"),
    ],
)
def test_servers_that_are_something_else(status: int, content: Any, said: str) -> None:
    answer = json.dumps(content).encode()
    with standing_in(lambda *_: (status, {}, answer)) as address, pytest.raises(ModelServerError, match=said):
        ModelServer(address).load("emotion")


def test_a_server_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "READ", 0.2)
    ended = threading.Event()

    def wait(*_: object) -> tuple[int, dict[str, str], bytes]:
        ended.wait(20)
        return 200, {}, b"{}"

    with standing_in(wait) as address:
        with pytest.raises(ModelServerError, match=r"no answer within 0\.2 s"):
            ModelServer(address).load("emotion")
        ended.set()


def test_a_picture_whose_server_went_away_is_an_error_of_its_own(portrait: Image) -> None:
    with model_server() as address:
        analyzer = Analyzer(AnalyzerSettings(models=address))
        assert len(analyzer.analyze(Frame(portrait)).faces) == 1
    with pytest.raises(ModelServerError, match="is it running"):
        analyzer.analyze(Frame(portrait))
