"""Lets in who knows the token: programs by a header, browsers by the cookie of a session."""

import hashlib
import hmac
from collections.abc import Collection
from enum import Enum
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.guards.origins import SAFE_METHODS, is_forged
from api.guards.sessions import COOKIE, Sessions
from api.problems import problem
from weaver.exposure import token_of
from weaver.settings import Settings

API_KEY = "X-API-Key"
PUBLIC: dict[str, Collection[str]] = {
    "/health": ("GET", "HEAD"),
    "/api/v1/health": ("GET", "HEAD"),
    "/api/v1/session": ("POST", "DELETE"),
}
"""What answers everybody, by path and methods: it tells nothing, or asks for the token itself."""

SECURITY_SCHEMES: dict[str, dict[str, Any]] = {
    "token": {"type": "http", "scheme": "bearer", "description": "WEAVER_API_TOKEN of the server; only asked for where it has one."},
    "key": {"type": "apiKey", "in": "header", "name": API_KEY, "description": "The same token, for programs that cannot send the other."},
    "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "A browser's session, of POST /session."},
}
SECURITY: list[dict[str, list[str]]] = [{}, {"token": []}, {"key": []}, {"session": []}]
"""Any one of them; none where the server has no token."""


class Verdict(Enum):
    """What a request's credentials are worth."""

    PROGRAM = "the token, in a header"
    BROWSER = "a session's cookie"
    MISSING = "This server asks for its token: Authorization: Bearer <token>. A browser opens a session by POST /api/v1/session."
    WRONG = "The token is wrong."
    OVER = "The session is over, or was never one. Open another by POST /api/v1/session."

    @property
    def is_good(self) -> bool:
        return self in (Verdict.PROGRAM, Verdict.BROWSER)


class Gate:
    """Judges credentials against the token, in a time that does not depend on what was given."""

    def __init__(self, token: str, sessions: Sessions) -> None:
        self.sessions = sessions
        self._digest = _digest(token)

    @staticmethod
    def of(settings: Settings) -> "Gate | None":
        """Return the gate of a server's settings; None where no token is asked for."""
        token = token_of(settings)
        return Gate(token, Sessions(token, seconds=round(settings.api_session_hours * 3600))) if token else None

    def knows(self, token: str) -> bool:
        """Tell whether it is the token."""
        return hmac.compare_digest(_digest(token), self._digest)

    def judge(self, headers: Headers) -> Verdict:
        """Say what the credentials of a request are worth. A token that is given counts, and a cookie beside it does not."""
        given = [*_bearers(headers), *headers.getlist(API_KEY)]
        if given:
            return Verdict.PROGRAM if all(self.knows(token) for token in given) else Verdict.WRONG
        cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        if cookie is None:
            return Verdict.MISSING
        return Verdict.BROWSER if self.sessions.holds(cookie) else Verdict.OVER


class Authentication:
    """Refuses who is not let in with 401, and writes that a foreign page had a browser send with 403.

    The latter holds without a token as well: a server on this machine is reached by every page that its browser shows.
    """

    def __init__(self, app: ASGIApp, *, gate: Gate | None, allowed_origins: Collection[str] = ()) -> None:
        self._app = app
        self._gate = gate
        self._allowed_origins = frozenset(allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # nothing here is one
            return
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        verdict = self._gate.judge(headers) if self._gate else None
        is_public = scope["method"] in PUBLIC.get(scope["path"], ())
        if verdict and not verdict.is_good and not is_public:
            return unauthorized(verdict)
        if scope["method"] in SAFE_METHODS or verdict is Verdict.PROGRAM:
            return None
        if is_forged(headers, allowed_origins=self._allowed_origins, from_browser=verdict is Verdict.BROWSER):
            return problem(
                403,
                "cross_origin",
                "This write does not come from a page of this server. Programs send the token as Authorization: Bearer <token>; "
                "pages of other origins must be named in WEAVER_API_CORS_ORIGINS.",
            )
        return None


def unauthorized(verdict: Verdict) -> Response:
    """Return the refusal of who is not let in."""
    challenge = 'Bearer realm="weaver"' + ("" if verdict is Verdict.MISSING else ', error="invalid_token"')
    return problem(401, "unauthorized", verdict.value, headers={"WWW-Authenticate": challenge})


def _bearers(headers: Headers) -> list[str]:
    parted = [value.partition(" ") for value in headers.getlist("authorization")]
    return [token.strip() for scheme, _, token in parted if scheme.lower() == "bearer"]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
