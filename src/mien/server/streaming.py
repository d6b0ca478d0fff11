"""Answers that go on for as long as somebody listens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Final, TypeVar

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from mien.live.broadcast import Inbox

T = TypeVar("T")

HEARTBEAT: Final = 15.0
"""Seconds of silence after which a sign of life is sent, so that nothing in between takes the connection for dead."""

SILENCE: Final = b": still there\n\n"
"""A server-sent event that says nothing."""


class LiveResponse(StreamingResponse):
    """A response without an end of its own; what it listens to is let go as soon as the client leaves.

    Args:
        content: the bytes to send.
        media_type: of them.
    """

    def __init__(self, content: AsyncGenerator[bytes], media_type: str) -> None:
        headers = {"x-accel-buffering": "no", "cache-control": "no-store"}
        super().__init__(content, headers=headers, media_type=media_type)
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._content.aclose()


async def heard(inbox: Inbox[T], heartbeat: float) -> AsyncGenerator[T | None]:
    """Yield what comes into ``inbox`` until nothing more will; None after every ``heartbeat`` seconds of silence."""
    while True:
        try:
            item = await asyncio.wait_for(inbox.next(), heartbeat)
        except TimeoutError:
            yield None
            continue
        if item is None:
            return
        yield item
