from __future__ import annotations

import asyncio

import pytest

from mien.server.errors import ApiError
from mien.server.gate import Gate, deadline


def test_so_many_and_no_more() -> None:
    gate = Gate(2)
    with gate.enter(), gate.enter():
        with pytest.raises(ApiError) as refused, gate.enter():
            pass
        assert (refused.value.status_code, refused.value.code) == (429, "busy")
        assert gate.inside == 2
    assert gate.inside == 0


def test_a_place_is_given_back_after_an_error() -> None:
    gate = Gate(1)
    for _ in range(3):
        with pytest.raises(ValueError, match="no"), gate.enter():
            raise ValueError("no")
    assert gate.inside == 0


def test_one_client_cannot_keep_everybody_out() -> None:
    gate = Gate(4)
    with gate.enter("slow"), gate.enter("slow"):
        with pytest.raises(ApiError, match="from this address") as refused, gate.enter("slow"):
            pass
        assert (refused.value.status_code, refused.value.code) == (429, "busy")
        with gate.enter("other"), gate.enter():
            assert gate.inside == 4
    with gate.enter("slow"):
        pass
    assert not gate._held


def test_deadline() -> None:
    async def wait() -> None:
        async with deadline(0.001, 503, "too slow"):
            await asyncio.Event().wait()

    with pytest.raises(ApiError, match="too slow") as given_up:
        asyncio.run(wait())
    assert (given_up.value.status_code, given_up.value.code) == (503, "timeout")
