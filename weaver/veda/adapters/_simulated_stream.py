"""Streams of the simulated exchange: read from its store, so that any process may listen."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import contextmanager

from weaver.broker import StreamDown, StreamUp, TradeUpdate
from weaver.errors import Unavailable
from weaver.veda.adapters._simulated_reports import message_from
from weaver.veda.simulation import Message

POLL_SECONDS = 0.2
"""How long a change made by another process may go unseen."""


class Bell:
    """Wakes the streams of one account in this process when something was written there."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ears: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def ring(self) -> None:
        """Wake all listeners; may be called from any thread."""
        with self._lock:
            ears = list(self._ears)
        for loop, event in ears:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    @contextmanager
    def listening(self) -> Generator[asyncio.Event]:
        ear = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            self._ears.append(ear)
        try:
            yield ear[1]
        finally:
            with self._lock:
                self._ears.remove(ear)


_BELLS: dict[str, Bell] = {}
_BELLS_LOCK = threading.Lock()


def bell_of(account: str) -> Bell:
    """Return the bell that all exchanges of this process share for an account."""
    with _BELLS_LOCK:
        return _BELLS.setdefault(account, Bell())


async def pause(event: asyncio.Event, seconds: float) -> None:
    """Wait until the event is set or the time is over, and clear it."""
    try:
        async with asyncio.timeout(max(seconds, 0.001)):
            await event.wait()
    except TimeoutError:
        pass
    event.clear()


async def follow_messages(
    bell: Bell,
    is_connected: Callable[[], bool],
    newest: Callable[[], Awaitable[int]],
    after: Callable[[int], Awaitable[tuple[list[Message], float]]],
) -> AsyncIterator[TradeUpdate | StreamUp | StreamDown]:
    """Yield what is written from now on. `after` returns the messages behind a sequence and the seconds until more may come."""
    with bell.listening() as rung:
        sequence = await newest()
        yield StreamUp()
        while is_connected():
            try:
                messages, seconds = await after(sequence)
            except Unavailable as problem:
                yield StreamDown(str(problem))
                await pause(rung, POLL_SECONDS)
                sequence = await _again(rung, is_connected, newest, sequence)
                yield StreamUp()
                continue
            for message in messages:
                sequence = message.sequence
                parsed = message_from(message.message)
                yield parsed
                if isinstance(parsed, StreamDown):
                    yield StreamUp()
            if not messages and is_connected():
                await pause(rung, min(seconds, POLL_SECONDS))


async def _again(rung: asyncio.Event, is_connected: Callable[[], bool], newest: Callable[[], Awaitable[int]], sequence: int) -> int:
    """Wait until the store answers, and return the newest sequence: what was written meanwhile is not replayed."""
    while is_connected():
        try:
            return await newest()
        except Unavailable:
            await pause(rung, POLL_SECONDS)
    return sequence
