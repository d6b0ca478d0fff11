from __future__ import annotations

from itertools import count

from mien.server.compat.clients import Clients


def made() -> Clients[int]:
    numbers = count()
    return Clients(lambda: next(numbers), most=3, idle=10.0)


def test_who_keeps_cookies_is_known_by_them_from_any_address() -> None:
    clients = made()
    memory, cookie = clients.find(None, "home", 0)
    assert clients.find(cookie, "home", 1) == (memory, cookie)
    assert clients.find(cookie, "away", 2) == (memory, cookie)


def test_who_keeps_none_is_known_by_address() -> None:
    clients = made()
    memory, cookie = clients.find(None, "home", 0)
    assert clients.find(None, "home", 1) == (memory, cookie)
    assert clients.find(None, "away", 2)[0] != memory


def test_a_newcomer_at_the_address_of_somebody_with_a_cookie_starts_afresh() -> None:
    clients = made()
    first, cookie = clients.find(None, "home", 0)
    clients.find(cookie, "home", 1)
    second, other = clients.find(None, "home", 2)
    assert (second != first, other != cookie) == (True, True)
    assert clients.find(cookie, "home", 3)[0] == first
    assert clients.find(None, "home", 4)[0] == second


def test_a_cookie_that_is_not_known_is_replaced() -> None:
    clients = made()
    memory, cookie = clients.find("forged", "home", 0)
    assert cookie != "forged"
    assert clients.find(cookie, "home", 1) == (memory, cookie)


def test_those_not_heard_of_longest_are_forgotten() -> None:
    clients = made()
    found = [clients.find(None, f"place {i}", 0)[0] for i in range(3)]
    assert clients.find(None, "place 0", 1)[0] == found[0]
    clients.find(None, "place 3", 2)
    assert len(clients) == 3
    assert clients.find(None, "place 0", 3)[0] == found[0]
    assert clients.find(None, "place 1", 4)[0] not in found, "place 1 was to be forgotten"


def test_idle_clients_are_forgotten() -> None:
    clients = made()
    memory, cookie = clients.find(None, "home", 0)
    assert clients.find(None, "home", 9)[0] == memory
    assert clients.find(cookie, "home", 20)[0] != memory
