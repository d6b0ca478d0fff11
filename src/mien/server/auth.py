"""The server's key: kept as a hash, compared in constant time, exchanged for a cookie that scripts cannot read."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections import deque
from typing import Final

import structlog
from starlette.requests import HTTPConnection

from mien.core.errors import SettingsError
from mien.server.errors import ApiError

log = structlog.get_logger()

COOKIE: Final = "mien_login"
LIFETIME: Final = 30 * 24 * 3600
_HASHED: Final = re.compile(r"sha256:([0-9a-fA-F]{64})")


class Keys:
    """Knows who has the key.

    Args:
        key: plain, or ``sha256:`` and its hex digest, so that it need not lie in a configuration; None when no key is
            needed.

    Raises:
        SettingsError: begins with ``sha256:`` but is not a digest.
    """

    def __init__(self, key: str | None) -> None:
        self.attempts = Attempts()
        self._digest: bytes | None = None
        if key is None:
            return
        hashed = _HASHED.fullmatch(key)
        if hashed:
            self._digest = bytes.fromhex(hashed[1])
        elif key.startswith("sha256:"):
            raise SettingsError("the key begins with sha256: but 64 hexadecimal digits do not follow")
        else:
            self._digest = hashlib.sha256(key.encode()).digest()

    @property
    def required(self) -> bool:
        """Whether a key is needed at all."""
        return self._digest is not None

    def verify(self, candidate: str) -> bool:
        """Whether ``candidate`` is the key."""
        if self._digest is None:
            return True
        return hmac.compare_digest(hashlib.sha256(candidate.encode()).digest(), self._digest)

    def cookie(self, now: float | None = None) -> str:
        """Return a cookie's value that admits until it expires, also after a restart; it does not hold the key."""
        expires = str(int((time.time() if now is None else now) + LIFETIME))
        return f"{expires}.{self._sign(expires)}"

    def verify_cookie(self, value: str, now: float | None = None) -> bool:
        """Whether ``value`` was made by `cookie` for this key and has not expired."""
        expires, _, signature = value.partition(".")
        genuine = hmac.compare_digest(signature.encode(), self._sign(expires).encode())
        return genuine and int(expires) > (time.time() if now is None else now)

    def refusal(self, connection: HTTPConnection) -> ApiError | None:
        """Return why a request or socket is refused, None when it may pass.

        The key is shown as ``Authorization: Bearer``, as ``X-API-Key`` or by the cookie.
        """
        cookie = connection.cookies.get(COOKIE)
        if not self.required or (cookie is not None and self.verify_cookie(cookie)):
            return None
        scheme, _, shown = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            shown = connection.headers.get("x-api-key", "")
        if shown:
            return self.attempt(shown.strip(), client_of(connection))
        message = "this server needs a key: send it as X-API-Key or Authorization: Bearer, or log in at /login"
        return ApiError(401, "key_required", message, {"www-authenticate": "Bearer"})

    def attempt(self, candidate: str, client: str) -> ApiError | None:
        """Try a key; return why it is refused. After too many wrong ones a client's are not even looked at."""
        now = time.monotonic()
        wait = self.attempts.wait(client, now)
        if wait > 0:
            retry = str(int(wait) + 1)
            message = f"too many wrong keys: try again in {retry} s"
            return ApiError(429, "too_many_attempts", message, {"retry-after": retry})
        if self.verify(candidate):
            return None
        self.attempts.wrong(client, now)
        log.warning("wrong key", client=client)
        return ApiError(401, "wrong_key", "that is not the key", {"www-authenticate": "Bearer"})

    def _sign(self, text: str) -> str:
        return hmac.new(self._digest or b"", b"mien login " + text.encode(), hashlib.sha256).hexdigest()


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
