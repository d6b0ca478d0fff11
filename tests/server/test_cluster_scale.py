"""The server on a Ray, in processes of its own: replicas follow the load, record into one PostgreSQL, are lost.

One Ray serves all tests here: to start it takes seconds on a quiet machine, minutes on one that is not.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import httpx2
import postgresql
import pytest
from clustering import HEADERS, LONG, Cluster, cluster_serve, finds_processes, hear, look, needs_ray, stream, wait
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from mien.core.types import Image
from mien.store.database import Database
from mien.store.repository import Repository

NEW = {"type": "record", "purpose": "self", "consent": True, "pictures": False}
SCALE = ("--replicas", "1", "--max-replicas", "2", "--streams", "1", "--scale-up-after", "1", "--scale-down-after", "2")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of an empty database."""
    with postgresql.running() as server:
        yield server.url


@pytest.fixture(scope="module")
def cluster(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster_serve(tmp_path_factory.mktemp("cluster"), *SCALE, MIEN_DATABASE_URL=address) as made:
        yield made


def record(ws: ClientConnection, message: dict[str, Any]) -> dict[str, Any]:
    ws.send(json.dumps(message))
    told = hear(ws, "recording")
    assert told["state"] == "recording", told
    return told


def until_saved(ws: ClientConnection) -> None:
    while hear(ws, "recording")["saved"] <= 0:
        pass


def sessions(cluster: Cluster) -> dict[str, str]:
    """Return the names of all recordings with their states."""
    answer = httpx2.get(f"{cluster.http}/api/v1/sessions", headers=HEADERS, timeout=LONG)
    assert answer.status_code == 200, answer.text
    return {one["name"]: one["state"] for one in answer.json()["sessions"]}


def goes_on(ws: ClientConnection, jpeg: bytes, seq: int) -> bool:
    """Whether a stream still answers; when its replica was killed it was closed as any socket may be."""
    try:
        look(ws, seq, jpeg)
    except ConnectionClosed:
        assert ws.close_code in (1000, 1001, 1006, 1011, 1012)
        return False
    return True


def _work(pid: int, ws: ClientConnection, jpeg: bytes, numbers: Iterator[int]) -> int:
    """Return how much a process works while a stream has twenty frames analysed, in ticks of its clock."""

    def ticks() -> int:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    for _ in range(20):
        look(ws, next(numbers), jpeg)
    return ticks() - before


def until_stopped(ws: ClientConnection) -> None:
    ws.send(json.dumps({"type": "record", "stop": True}))
    while hear(ws, "recording")["state"] != "stopped":
        pass


@needs_ray
@finds_processes
def test_pictures_and_refusals(cluster: Cluster, portrait: Image) -> None:
    jpeg = bytes(cv2.imencode(".jpg", portrait)[1])
    assert httpx2.post(f"{cluster.http}/api/v1/analyze", content=jpeg, timeout=LONG).status_code == 401
    answer = httpx2.post(f"{cluster.http}/api/v1/analyze", content=jpeg, headers=HEADERS, timeout=LONG)
    (face,) = answer.json()["faces"]
    assert face["emotion"]["label"] == "happiness"
    gone = httpx2.get(f"{cluster.http}/api/v1/cameras", headers=HEADERS, timeout=LONG)
    assert (gone.status_code, gone.json()["error"]["code"]) == (501, "not_in_cluster")
    elsewhere = {**HEADERS, "origin": "https://elsewhere.example"}
    assert httpx2.post(f"{cluster.http}/api/v1/analyze", headers=elsewhere, timeout=LONG).status_code == 403


@needs_ray
@finds_processes
def test_replicas_follow_the_load_record_into_one_database_and_may_be_lost(
    cluster: Cluster, address: str, portrait: Image
) -> None:
    jpeg = bytes(cv2.imencode(".jpg", portrait)[1])
    (first,) = cluster.replicas
    with contextlib.ExitStack() as open_streams:
        began = [open_streams.enter_context(stream(cluster.port)) for _ in range(3)]
        numbers = itertools.count()

        def grown() -> bool:
            # Who was there before keeps replica and identity all the while.
            assert look(began[0][0], next(numbers), jpeg)["faces"][0]["track"] == 1
            return len(cluster.replicas) == 2

        wait(grown, "no replica was added under load")
        (second,) = set(cluster.replicas) - {first}

        # Once the new replica is ready, new streams go to it, as it has fewer.
        usual = _work(first, began[0][0], jpeg, numbers)
        for _ in range(200):
            with contextlib.ExitStack() as trying:
                began.append(trying.enter_context(stream(cluster.port)))
                if _work(first, began[-1][0], jpeg, numbers) < usual / 3:
                    open_streams.push(trying.pop_all())
                    break
                began.pop()
        opened = [ws for ws, _ in began]
        assert len(opened) == 4, "no stream went to the new replica"
        told = [record(ws, {**NEW, "name": f"stream {place}"}) for place, ws in enumerate(opened)]
        for ws in opened:
            look(ws, next(numbers), jpeg)
            look(ws, next(numbers), jpeg)
        for ws in opened:
            until_saved(ws)
        assert sessions(cluster) == {f"stream {place}": "recording" for place in range(4)}

        # A replica is lost: its streams end, those of the other one notice nothing.
        os.kill(second, signal.SIGKILL)
        assert [goes_on(ws, jpeg, next(numbers)) for ws in opened] == [True, True, True, False]
        # Who comes back is somebody new, on a stream of its own; the recording goes on.
        with stream(cluster.port) as (ws, ready):
            assert ready["stream"] not in {earlier["stream"] for _, earlier in began}
            before = told[3]
            record(ws, {"type": "record", "resume": before["session"], "token": before["token"]})
            assert look(ws, 20, jpeg)["faces"][0]["track"] == 1
            until_stopped(ws)
        until_stopped(opened[0])
        wait(lambda: len(set(cluster.replicas) - {second}) == 2, "the lost replica was not replaced")

    # The load is gone, and a replica with it; what all recorded stays.
    wait(lambda: len(cluster.replicas) == 1, "no replica was taken away when the load was gone")
    states = sessions(cluster)
    assert (states["stream 3"], states["stream 0"]) == ("stopped", "stopped")
    repository = Repository(Database(address))
    resumed = repository.get(told[3]["session"])
    assert resumed.frames >= 2
    assert [person.person for person in repository.people(resumed.id)] == [1, 2]
    repository.close()
