"""The sending side of one streaming connection, where messages are repeated, lost, delayed, shuffled or cut off."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiohttp import web

from .faults import Faults, StreamFault

Message = dict[str, Any]


class Outbox:
    """Sends messages one after another through the stream's faults."""

    def __init__(self, socket: web.WebSocketResponse, transport: asyncio.Transport, stream: str, faults: Faults) -> None:
        self._socket = socket
        self._transport = transport
        self._stream = stream
        self._faults = faults
        self._waiting: asyncio.Queue[tuple[str, bytes | str, bool]] = asyncio.Queue()
        self._kept: list[bytes | str] = []
        self._timer: asyncio.TimerHandle | None = None
        self._muted = False
        self._pongs: dict[bytes, asyncio.Event] = {}
        self._sender: asyncio.Task[None] | None = None
        self.silenced: Callable[[], bool] = lambda: False

    def start(self) -> None:
        """Begin to send."""
        self._sender = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Send nothing more."""
        if self._sender is not None:
            self._sender.cancel()
        if self._timer is not None:
            self._timer.cancel()

    def put(self, event: str, frame: bytes | str, *, faulty: bool = True) -> None:
        """Queue a frame. Frames of the protocol itself (answers to the client) are not `faulty`, and never go wrong."""
        if faulty and (self.silenced() or self._muted):
            return
        self._waiting.put_nowait((event, frame, faulty))

    async def _run(self) -> None:
        try:
            while True:
                event, frame, faulty = await self._waiting.get()
                try:
                    await self._deliver(event, frame, faulty=faulty)
                finally:
                    self._waiting.task_done()
        except ConnectionError:
            self._transport.abort()

    async def drained(self) -> None:
        """Return when everything queued so far has been sent or lost, or the connection is gone."""
        if self._sender is None or self._sender.done():
            return
        joined = asyncio.create_task(self._waiting.join())
        await asyncio.wait({joined, self._sender}, return_when=asyncio.FIRST_COMPLETED)
        joined.cancel()

    async def read(self) -> None:
        """Return when the client has read what was sent so far, which it shows by answering a ping; or when it did not for a second."""
        await self.drained()
        mark, answered = str(len(self._pongs)).encode(), asyncio.Event()
        self._pongs[mark] = answered
        with suppress(ConnectionError, TimeoutError):
            await self._socket.ping(mark)
            async with asyncio.timeout(1):
                await answered.wait()

    def ponged(self, mark: bytes) -> None:
        """Take the answer to a ping."""
        if mark in self._pongs:
            self._pongs[mark].set()

    def cut(self) -> None:
        """Break the connection without a closing handshake."""
        self._transport.abort()

    async def _deliver(self, event: str, frame: bytes | str, *, faulty: bool) -> None:
        if not faulty:
            await self._send(frame)
            return
        if self._muted:
            return
        copies = 1
        for fault in self._faults.of_message(self._stream, event):
            match fault.kind:
                case "cut":
                    self.cut()
                    return
                case "mute":
                    self._muted = True
                    return
                case "drop":
                    return
                case "repeat":
                    copies += fault.count
                case "delay":
                    await asyncio.sleep(fault.seconds)
                case "reorder":
                    self._keep(frame, fault)
                    return
                case "refuse":
                    pass
        for _ in range(copies):
            await self._send(frame)

    def _keep(self, frame: bytes | str, fault: StreamFault) -> None:
        self._kept.append(frame)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if len(self._kept) >= fault.window:
            self._release()
        else:
            self._timer = asyncio.get_running_loop().call_later(fault.seconds, self._release)

    def _release(self) -> None:
        kept, self._kept = self._kept, []
        shuffled = kept[:]
        while len(kept) > 1 and shuffled == kept:
            self._faults.chance.shuffle(shuffled)
        for frame in shuffled:
            self._waiting.put_nowait(("", frame, False))

    async def _send(self, frame: bytes | str) -> None:
        if isinstance(frame, bytes):
            await self._socket.send_bytes(frame)
        else:
            await self._socket.send_str(frame)
