"""How much a request may bring, and how many an address may send."""

import math
import time
from ipaddress import IPv6Address, ip_address

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem

BODY_BYTES = 1_000_000
UPLOAD = ("POST", "/api/v1/data/import")
FORM_BYTES = 100_000
"""What a form may have beside the file in it."""
SIGN_IN = ("POST", "/api/v1/session")
SIGN_INS_PER_MINUTE = 10


class SizeLimit:
    """Refuses larger bodies with 413: at once where the length is said, else as soon as it is passed."""

    def __init__(self, app: ASGIApp, *, body_bytes: int = BODY_BYTES, upload_bytes: int) -> None:
        self._app = app
        self._body_bytes = body_bytes
        self._upload_bytes = upload_bytes + FORM_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._upload_bytes if (scope["method"], scope["path"]) == UPLOAD else self._body_bytes
        said = Headers(scope=scope).get("content-length", "")
        if said.isdecimal() and int(said) > most:
            await problem(413, "too_large", _too_large(most))(scope, receive, send)
            return
        read = 0

        async def receive_limited() -> Message:
            nonlocal read
            message = await receive()
            if message["type"] == "http.request":
                read += len(message.get("body", b""))
                if read > most:  # whoever reads the body gets it, and lets it out
                    raise HTTPException(413, _too_large(most))
            return message

        await self._app(scope, receive_limited, send)


class RateLimit:
    """Refuses what an address sends beyond so many requests a minute with 429. Each process of the API counts for itself."""

    def __init__(self, app: ASGIApp, *, per_minute: int, sign_ins_per_minute: int = SIGN_INS_PER_MINUTE) -> None:
        self._app = app
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._all = RateLimitItemPerMinute(per_minute, namespace="requests")
        self._sign_ins = RateLimitItemPerMinute(sign_ins_per_minute, namespace="sign-ins")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            wait = self._wait(scope)
            if wait:
                answer = problem(429, "too_many_requests", f"Too many requests. Go on in {wait} s.", headers={"Retry-After": str(wait)})
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _wait(self, scope: Scope) -> int:
        """Count a request; return 0, or the whole seconds until the next one is taken."""
        caller = _caller(scope)
        limits = [self._all, self._sign_ins] if (scope["method"], scope["path"]) == SIGN_IN else [self._all]
        return next((self._until(limit, caller) for limit in limits if not self._limiter.hit(limit, caller)), 0)

    def _until(self, limit: RateLimitItem, caller: str) -> int:
        return max(1, math.ceil(self._limiter.get_window_stats(limit, caller).reset_time - time.time()))


def _too_large(most: int) -> str:
    return f"The body has more than {most:,} bytes, which are the most that are taken here."


def _caller(scope: Scope) -> str:
    """Return whom a request is counted for: an address, or of IPv6 the network of one customer, who has 2^64 addresses."""
    client = scope.get("client")
    if client is None:
        return "nobody"
    try:
        address = ip_address(client[0])
    except ValueError:
        return str(client[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(int(address) >> 64)
    return str(address)
