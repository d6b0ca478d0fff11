"""Every hostile picture, sent in every way; the server goes on as if nothing had been."""

from __future__ import annotations

import json
import struct

import pytest
from hostile import HOSTILE, ODD
from serving import WAIT, MakeClient, Running
from starlette.testclient import TestClient
from websockets.sync.client import connect

from mien.server.errors import STATUS

ANALYZE = "/api/v1/analyze"


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_uploads_are_refused_by_name(client: TestClient, case: str) -> None:
    build, code = HOSTILE[case]
    answer = client.post(ANALYZE, content=build())
    assert (answer.status_code, answer.json()["error"]["code"]) == (STATUS.get(code, 422), code), answer.text


@pytest.mark.parametrize("case", ODD)
def test_odd_uploads_are_accepted(client: TestClient, case: str) -> None:
    answer = client.post(ANALYZE, files={"file": ("odd", ODD[case]())})
    assert answer.status_code == 200, answer.text
    assert (answer.json()["width"], answer.json()["height"]) == (64, 48)


def test_one_socket_survives_all_of_them(server: Running) -> None:
    with connect(server.ws, open_timeout=WAIT) as socket:
        assert json.loads(socket.recv(timeout=WAIT))["type"] == "ready"
        session = server.engine.sessions[-1]
        for seq, (name, build) in enumerate([*((n, b) for n, (b, _) in HOSTILE.items()), *ODD.items()]):
            socket.send(struct.pack("<Id", seq, seq * 40.0) + build())
            server.engine.wait_until(lambda seq=seq: session.received == seq + 1)  # type: ignore[misc]
            assert server.engine.step()
            answer = json.loads(socket.recv(timeout=WAIT))
            assert answer["seq"] == seq
            if name in HOSTILE:
                assert (answer["type"], answer["code"]) == ("error", HOSTILE[name][1]), name
            else:
                assert answer["type"] == "result", name
    assert (session.failed, session.analysed) == (len(HOSTILE), len(ODD))


def test_file_names_do_no_harm(make_client: MakeClient, jpeg: bytes) -> None:
    client = make_client()
    for name in ("../../etc/passwd", "a\x00b.jpg", "x" * 1000, "<script>.jpg", "=cmd|' /C calc'!A0", "\u202egpj.exe"):
        answer = client.post(ANALYZE, files={"file": (name, jpeg)})
        assert answer.status_code == 200, (name, answer.text)
        assert len(answer.json()["source"]) <= 255
