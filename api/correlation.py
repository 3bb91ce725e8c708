"""The id by which one request is followed: through the API's answer and log, and into the workflows and events that it caused."""

import re
from contextvars import ContextVar
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from weaver.logs import note_work

HEADER = "X-Correlation-Id"
_FITTING = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_present: ContextVar[str] = ContextVar("correlation_id")


def correlation_id() -> str:
    """Return the id of the request that is being served. Raises LookupError outside of one."""
    return _present.get()


class Correlation:
    """Gives each request the id that its caller sent, or a new one, and echoes it on the answer.

    An id that is no 1 to 128 characters of letters, digits and . _ : - is replaced, since it goes into logs and histories.
    It must be the outermost middleware, so that refusals of the others carry it too.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        own = given if _FITTING.fullmatch(given) else uuid4().hex
        # Not taken back afterwards: each request has a context of its own, and what answers for an unforeseen error runs after this.
        _present.set(own)
        note_work(corr_id=own)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = own
            await send(message)

        await self._app(scope, receive, send_with_id)
