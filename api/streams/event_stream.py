"""The answer that goes on: frames as they come, until the client goes or there are no more."""

import asyncio
import logging
from collections.abc import AsyncGenerator

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from weaver.errors import WeaverError

logger = logging.getLogger(__name__)

STALL_SECONDS = 60.0
"""A client that takes nothing for so long is let go: what is kept for it in this process is bounded, its connection would not be."""


class EventStream(Response):
    """Server-sent events. It ends when the client disconnects, which an idle stream notices at once."""

    media_type = "text/event-stream"

    def __init__(self, frames: AsyncGenerator[bytes], *, stall_seconds: float = STALL_SECONDS) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["Content-Length"]
        self._frames = frames
        self._stall_seconds = stall_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            await asyncio.wait((sending, leaving))
        for task in (sending, leaving):
            problem = None if task.cancelled() else task.exception()
            if isinstance(problem, (WeaverError, TimeoutError)):  # too late for another answer: the client connects again
                logger.warning("an event stream ends: %s", str(problem) or f"its client took nothing for {self._stall_seconds:g} s")
            elif problem is not None:
                raise problem

    async def _send(self, send: Send) -> None:
        try:
            await self._pass(send, {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async for frames in self._frames:
                await self._pass(send, {"type": "http.response.body", "body": frames, "more_body": True})
            await self._pass(send, {"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            await self._frames.aclose()

    async def _pass(self, send: Send, message: Message) -> None:
        async with asyncio.timeout(self._stall_seconds):
            await send(message)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
