"""Reads responses without an end: server-sent events and pictures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any

from serving import WAIT, Running


class Follower:
    """A response that is read piece by piece."""

    def __init__(self, response: HTTPResponse) -> None:
        self.response = response
        self.text = ""

    def event(self) -> tuple[str, dict[str, Any]]:
        """Return the next event's name and data; comments are skipped."""
        name, data = "", ""
        while True:
            line = self.response.readline().decode()
            self.text += line
            assert line, "the events ended"
            key, _, value = line.rstrip("\n").partition(": ")
            if key == "event":
                name = value
            elif key == "data":
                data = value
            elif not line.strip() and name:
                return name, json.loads(data)

    def state(self) -> dict[str, Any]:
        """Return the next state; results are skipped."""
        while True:
            name, data = self.event()
            if name == "state":
                return data

    def until(self, *states: str) -> dict[str, Any]:
        """Return the next state of these; others are skipped."""
        while True:
            state = self.state()
            if state["state"] in states:
                return state

    def result(self) -> dict[str, Any]:
        """Return the next result; states are skipped."""
        while True:
            name, data = self.event()
            if name == "result":
                return data

    def picture(self) -> bytes:
        """Return the next part of a multipart response."""
        assert self.response.readline() == b"--frame\r\n"
        assert self.response.readline() == b"Content-Type: image/jpeg\r\n"
        key, _, length = self.response.readline().decode().partition(": ")
        assert key == "Content-Length"
        assert self.response.readline() == b"\r\n"
        data = self.response.read(int(length))
        assert self.response.readline() == b"\r\n"
        return data


@contextmanager
def follow(running: Running, path: str) -> Iterator[Follower]:
    """Ask for a response without an end."""
    connection = HTTPConnection("127.0.0.1", running.port, timeout=WAIT)
    connection.request("GET", path)
    response = connection.getresponse()
    assert response.status == 200, response.read()
    try:
        yield Follower(response)
    finally:
        response.close()
        connection.close()
