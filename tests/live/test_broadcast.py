from __future__ import annotations

import asyncio

from mien.live.broadcast import MOST_WAITING, Broadcast, Inbox


async def settle() -> None:
    """Let what other threads (or this one) handed to the loop arrive."""
    await asyncio.sleep(0)


async def drain(inbox: Inbox[int]) -> list[int]:
    """Take all that waits, up to the end."""
    taken = []
    while (item := await inbox.next()) is not None:
        taken.append(item)
    return taken


def test_everybody_gets_what_is_sent_from_a_thread() -> None:
    async def scenario() -> list[int | None]:
        broadcast: Broadcast[int] = Broadcast()
        with broadcast.listen() as one, broadcast.listen() as two:
            await asyncio.to_thread(broadcast.send, 7)
            return [await one.next(), await two.next()]

    assert asyncio.run(scenario()) == [7, 7]


def test_who_takes_slowly_gets_the_newest_alone() -> None:
    async def scenario() -> tuple[list[int], int]:
        broadcast: Broadcast[int] = Broadcast()
        with broadcast.listen() as inbox:
            for item in range(100):
                broadcast.send(item)
            broadcast.end()
            return await drain(inbox), inbox.skipped

    assert asyncio.run(scenario()) == ([99], 99)


def test_items_that_do_not_pass_are_all_kept_in_order() -> None:
    """Even numbers pass: of them only the newest waits."""

    async def scenario() -> list[int]:
        broadcast: Broadcast[int] = Broadcast(passing=lambda item: item % 2 == 0)
        with broadcast.listen() as inbox:
            for item in (1, 2, 3, 4, 5):
                broadcast.send(item)
            broadcast.end()
            return await drain(inbox)

    assert asyncio.run(scenario()) == [1, 3, 4, 5]


def test_what_waits_is_bounded() -> None:
    async def scenario() -> list[int]:
        broadcast: Broadcast[int] = Broadcast(passing=lambda item: False)
        with broadcast.listen() as inbox:
            for item in range(MOST_WAITING + 10):
                broadcast.send(item)
            broadcast.end()
            return await drain(inbox)

    assert asyncio.run(scenario()) == list(range(10, MOST_WAITING + 10))


def test_listeners_are_counted_and_let_go() -> None:
    async def scenario() -> list[int]:
        broadcast: Broadcast[int] = Broadcast()
        counts = [broadcast.listeners]
        with broadcast.listen():
            counts.append(broadcast.listeners)
        return [*counts, broadcast.listeners]

    assert asyncio.run(scenario()) == [0, 1, 0]


def test_the_end_comes_after_what_waits_and_to_later_comers() -> None:
    async def scenario() -> list[list[int]]:
        broadcast: Broadcast[int] = Broadcast()
        with broadcast.listen() as early:
            broadcast.send(1)
            broadcast.end()
            with broadcast.listen() as late:
                return [await drain(early), await drain(late)]

    assert asyncio.run(scenario()) == [[1], []]


def test_a_loop_that_is_gone_holds_nobody_up() -> None:
    broadcast: Broadcast[int] = Broadcast()
    listening = broadcast.listen()

    async def listen() -> None:
        listening.__enter__()

    asyncio.run(listen())
    broadcast.send(1)
    assert broadcast.listeners == 1
    listening.__exit__(None, None, None)


def test_waiting_ends_when_something_comes() -> None:
    async def scenario() -> int | None:
        broadcast: Broadcast[int] = Broadcast()
        with broadcast.listen() as inbox:
            waiting = asyncio.create_task(inbox.next())
            await settle()
            assert not waiting.done()
            broadcast.send(3)
            return await waiting

    assert asyncio.run(scenario()) == 3
