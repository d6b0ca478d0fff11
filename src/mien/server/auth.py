"""The server's keys: kept as hashes, compared in constant time, exchanged for a cookie that scripts cannot read.

Each key has a role, and each role may do what the ones before it may:

read
    look: results, cameras, recordings, metrics (GET)
analyze
    have pictures and streams analysed (POST, sockets)
admin
    change what others see: delete, add cameras (PUT, PATCH, DELETE)
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias, get_args

import structlog
from starlette.requests import HTTPConnection

from mien.core.errors import SettingsError
from mien.server.errors import ApiError
from mien.server.rates import BURST, RateLimiter, too_fast

log = structlog.get_logger()

Role: TypeAlias = Literal["read", "analyze", "admin"]
ROLES: Final[tuple[Role, ...]] = get_args(Role)
COOKIE: Final = "mien_login"
LIFETIME: Final = 30 * 24 * 3600
_DIGEST: Final = re.compile(r"sha256:([0-9a-fA-F]{64})")
_ENTRY: Final = re.compile(r"([A-Za-z0-9._-]{1,64})=(\w+):(sha256:.*)")
_BY_METHOD: Final[dict[str, Role]] = {
    "GET": "read",
    "HEAD": "read",
    "OPTIONS": "read",
    "PUT": "admin",
    "PATCH": "admin",
    "DELETE": "admin",
}


@dataclass(frozen=True, slots=True)
class Key:
    """One key, of which only the hash is known.

    Attributes:
        name: what the key is called, in logs for one.
        role: what it allows.
        digest: SHA-256 of the key. Keys are random and long, so a slow hash would add nothing.
        secret: signs the key's cookies. It does not follow from the digest: who reads the hashes cannot log in.
    """

    name: str
    role: Role
    digest: bytes
    secret: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    @staticmethod
    def of(key: str, name: str = "key", role: Role = "admin") -> Key:
        """Return what is kept of ``key``: plain, or ``sha256:`` and its hex digest.

        Cookies of a plain key outlast a restart, those of a hash do not: only who knows the key could sign them again.

        Raises:
            SettingsError: begins with ``sha256:`` but is not a digest.
        """
        hashed = _DIGEST.fullmatch(key)
        if hashed:
            return Key(name, role, bytes.fromhex(hashed[1]))
        if key.startswith("sha256:"):
            raise SettingsError(f"the key {name} begins with sha256: but 64 hexadecimal digits do not follow")
        return Key(name, role, digest(key), hmac.digest(key.encode(), b"mien cookies", "sha256"))

    def allows(self, role: Role) -> bool:
        """Whether the key's role includes ``role``."""
        return ROLES.index(self.role) >= ROLES.index(role)


def digest(key: str) -> bytes:
    """Return the hash under which a key is kept."""
    return hashlib.sha256(key.encode()).digest()


def parse(entries: Iterable[str]) -> tuple[Key, ...]:
    """Read keys out of entries ``NAME=ROLE:sha256:DIGEST``; empty ones and those that begin with ``#`` are skipped.

    Raises:
        SettingsError: an entry is none, or a name is there twice.
    """
    keys: dict[str, Key] = {}
    for number, entry in enumerate(entries, 1):
        text = entry.strip()
        if not text or text.startswith("#"):
            continue
        found = _ENTRY.fullmatch(text)
        role = next((role for role in ROLES if found and found[2] == role), None)
        if found is None or role is None:  # the entry itself is not shown: it may hold a key
            form = f"NAME=ROLE:sha256:DIGEST with a role out of {', '.join(ROLES)}"
            raise SettingsError(f"API key number {number} is not of the form {form}: make one with mien keys new")
        if found[1] in keys:
            raise SettingsError(f"there are two API keys called {found[1]}: give each a name of its own")
        keys[found[1]] = Key.of(found[3], found[1], role)
    return tuple(keys.values())


class Keys:
    """Knows who has a key, and what it allows.

    Args:
        key: allows everything; see `Key.of`. None when there is none.
        more: keys with roles. Without any key everybody may do everything.
        rate: requests a second with one key, from however many addresses; 0 for no limit.

    Raises:
        SettingsError: ``key`` begins with ``sha256:`` but is not a digest.
    """

    def __init__(self, key: str | None, more: Iterable[Key] = (), rate: float = 0.0) -> None:
        self.attempts = Attempts()
        self.keys = (*(() if key is None else (Key.of(key),)), *more)
        self._rate = RateLimiter(rate, rate * BURST)

    @property
    def required(self) -> bool:
        """Whether a key is needed at all."""
        return bool(self.keys)

    def find(self, candidate: str) -> Key | None:
        """Return the key that ``candidate`` is, None when it is none. Takes as long for the first as for the last."""
        shown, found = digest(candidate), None
        for key in self.keys:
            if hmac.compare_digest(shown, key.digest):
                found = key
        return found

    def cookie(self, key: Key, now: float | None = None) -> str:
        """Return a cookie's value that stands for ``key`` until it expires; it does not hold the key."""
        expires = str(int((time.time() if now is None else now) + LIFETIME))
        return f"{expires}.{_sign(key, expires)}"

    def find_cookie(self, value: str, now: float | None = None) -> Key | None:
        """Return the key whose cookie ``value`` is; None when it is nobody's or has expired."""
        expires, _, signature = value.partition(".")
        found = None
        for key in self.keys:
            if hmac.compare_digest(signature.encode(), _sign(key, expires).encode()):
                found = key
        return found if found is not None and int(expires) > (time.time() if now is None else now) else None

    def refusal(self, connection: HTTPConnection, role: Role | None = None) -> ApiError | None:
        """Return why a request or socket is refused, None when it may pass.

        The key is shown as ``Authorization: Bearer``, as ``X-API-Key`` or by the cookie.

        Args:
            connection: the request or socket.
            role: what is needed; by default what goes with the request's method.
        """
        if not self.required:
            return None
        key = self._shown(connection)
        if isinstance(key, ApiError):
            return key
        needed = role or role_of(connection)
        if not key.allows(needed):
            message = f"the key {key.name} has the role {key.role}, this needs {needed}: use another key"
            return ApiError(403, "forbidden", message)
        wait = self._rate.take(key.name)
        return too_fast(wait, f"too many requests with the key {key.name}") if wait > 0 else None

    def may(self, connection: HTTPConnection, role: Role) -> bool:
        """Whether a request that was let in may do what takes ``role``, so that a page need not offer it in vain."""
        key = self._shown(connection) if self.required else None
        return not self.required or (isinstance(key, Key) and key.allows(role))

    def _shown(self, connection: HTTPConnection) -> Key | ApiError:
        cookie = connection.cookies.get(COOKIE)
        key = None if cookie is None else self.find_cookie(cookie)
        if key is not None:
            return key
        scheme, _, shown = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            shown = connection.headers.get("x-api-key", "")
        if shown:
            return self.attempt(shown.strip(), client_of(connection))
        message = "this server needs a key: send it as X-API-Key or Authorization: Bearer, or log in at /login"
        return ApiError(401, "key_required", message, {"www-authenticate": "Bearer"})

    def attempt(self, candidate: str, client: str) -> Key | ApiError:
        """Try a key; return it, or why it is refused. After too many wrong ones a client's are not even looked at."""
        now = time.monotonic()
        wait = self.attempts.wait(client, now)
        if wait > 0:
            retry = str(int(wait) + 1)
            message = f"too many wrong keys: try again in {retry} s"
            return ApiError(429, "too_many_attempts", message, {"retry-after": retry})
        key = self.find(candidate)
        if key is not None:
            return key
        self.attempts.wrong(client, now)
        log.warning("wrong key", client=client)
        return ApiError(401, "wrong_key", "that is not the key", {"www-authenticate": "Bearer"})


def role_of(connection: HTTPConnection) -> Role:
    """Return the role that a request needs by its method; sockets are there to have something analysed."""
    return _BY_METHOD.get(connection.scope.get("method", ""), "analyze")


def _sign(key: Key, text: str) -> str:
    return hmac.new(key.secret, b"mien login " + text.encode(), hashlib.sha256).hexdigest()


class Attempts:
    """Counts wrong keys per client, so that trying them all takes for ever.

    Args:
        allowed: wrong keys within ``window`` seconds.
        window: in seconds.
    """

    def __init__(self, allowed: int = 10, window: float = 60.0) -> None:
        self.allowed, self.window = allowed, window
        self._wrong: dict[str, deque[float]] = {}

    def wait(self, client: str, now: float) -> float:
        """Return the seconds until ``client`` may try again; 0 when it may now."""
        times = self._recent(client, now)
        return times[0] + self.window - now if len(times) >= self.allowed else 0.0

    def wrong(self, client: str, now: float) -> None:
        """Note that ``client`` gave a wrong key."""
        for other in list(self._wrong):
            self._recent(other, now)
        self._wrong.setdefault(client, deque()).append(now)

    def _recent(self, client: str, now: float) -> deque[float]:
        times = self._wrong.get(client, deque())
        while times and times[0] <= now - self.window:
            times.popleft()
        if not times:
            self._wrong.pop(client, None)
        return times


def client_of(connection: HTTPConnection) -> str:
    """Return the address that a request or socket comes from."""
    return connection.client.host if connection.client else ""
