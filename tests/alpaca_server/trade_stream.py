"""The trade_updates stream: binary frames that hold JSON, or msgpack where the client asks for it."""

import json
from collections.abc import Callable
from typing import Any

import msgpack
from aiohttp import WSMsgType, web

from .accounts import Account
from .faults import Faults
from .outbox import Outbox
from .wire import packed

FindAccount = Callable[[str, str], Account | None]


class TradeStream:
    """Connections by account. What happens while an account has none is told to nobody."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._listening: dict[Outbox, str] = {}
        self._open: set[Outbox] = set()
        self._packed: set[Outbox] = set()
        self.muted = False

    @property
    def connections(self) -> int:
        """Return how many connections listen to trade updates."""
        return len(self._listening)

    def publish(self, account: str, message: dict[str, Any]) -> None:
        """Send an event to the account's connections."""
        for outbox, name in list(self._listening.items()):
            if name == account:
                outbox.put(message["data"]["event"], self._frame(outbox, message))

    async def read(self) -> None:
        """Return when every client has read what was published, or does not answer."""
        for outbox in list(self._listening):
            await outbox.read()

    def cut(self) -> int:
        """Break all connections, and return how many there were."""
        count = len(self._open)
        for outbox in list(self._open):
            outbox.cut()
        return count

    async def serve(self, request: web.BaseRequest, find: FindAccount) -> web.StreamResponse:
        """Serve one connection until it ends."""
        if self._faults.refuses_connection("trade"):
            return web.Response(status=503, text="service unavailable")
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        assert request.transport is not None
        outbox = Outbox(socket, request.transport, "trade", self._faults)
        outbox.silenced = lambda: self.muted
        if "msgpack" in request.headers.get("Content-Type", ""):
            self._packed.add(outbox)
        self._open.add(outbox)
        outbox.start()
        account: Account | None = None
        try:
            async for message in socket:
                if message.type is WSMsgType.PING:
                    await socket.pong(message.data)
                    continue
                if message.type is WSMsgType.PONG:
                    outbox.ponged(bytes(message.data))
                    continue
                if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    break
                asked = self._read(outbox, message.data)
                account = self._answer(outbox, asked, account, find)
        finally:
            self._listening.pop(outbox, None)
            self._open.discard(outbox)
            self._packed.discard(outbox)
            outbox.stop()
        return socket

    def _answer(self, outbox: Outbox, asked: dict[str, Any], account: Account | None, find: FindAccount) -> Account | None:
        data = asked.get("data") or {}
        match asked.get("action"):
            case "authenticate" | "auth":
                account = find(str(data.get("key_id", asked.get("key"))), str(data.get("secret_key", asked.get("secret"))))
                status = "unauthorized" if account is None else "authorized"
                self._reply(outbox, {"stream": "authorization", "data": {"action": "authenticate", "status": status}})
            case "listen" if account is not None:
                streams = [name for name in data.get("streams", []) if name == "trade_updates"]
                if streams:
                    self._listening[outbox] = account.name
                else:
                    self._listening.pop(outbox, None)
                self._reply(outbox, {"stream": "listening", "data": {"streams": streams}})
            case _:
                self._reply(outbox, {"stream": "authorization", "data": {"action": str(asked.get("action")), "status": "unauthorized"}})
        return account

    def _reply(self, outbox: Outbox, message: dict[str, Any]) -> None:
        outbox.put("", self._frame(outbox, message), faulty=False)

    def _frame(self, outbox: Outbox, message: dict[str, Any]) -> bytes:
        return packed(message) if outbox in self._packed else json.dumps(message).encode()

    def _read(self, outbox: Outbox, data: Any) -> dict[str, Any]:
        try:
            asked = msgpack.unpackb(data) if outbox in self._packed and isinstance(data, bytes) else json.loads(data)
        except (ValueError, msgpack.UnpackException):
            asked = {}  # answered as what it is not: an authorization
        return asked if isinstance(asked, dict) else {}
