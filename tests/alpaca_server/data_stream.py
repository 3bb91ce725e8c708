"""The market data streams: arrays of messages, JSON text or, where the client asks for it, msgpack with Timestamp extensions."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import msgpack
from aiohttp import WSMsgType, web

from .accounts import Account
from .faults import Faults
from .outbox import Outbox
from .trade_stream import FindAccount
from .wire import SECOND, packed, parsed_time

Kind = Literal["stock", "crypto"]
CHANNELS = {"t": "trades", "q": "quotes", "b": "bars", "u": "updatedBars", "d": "dailyBars", "s": "statuses", "o": "orderbooks"}
ERRORS = {
    400: "invalid syntax",
    401: "not authenticated",
    402: "auth failed",
    403: "already authenticated",
    404: "auth timeout",
    405: "symbol limit exceeded",
    406: "connection limit exceeded",
    409: "insufficient subscription",
}
AUTH_SECONDS = 10
BASIC_CHANNELS = 30  # trades and quotes together, without a paid plan


@dataclass(eq=False, slots=True, kw_only=True)
class Connection:
    """One client of a data stream."""

    kind: Kind
    feed: str
    outbox: Outbox
    packed: bool
    account: Account | None = None
    wanted: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in CHANNELS.values()})

    def send(self, messages: list[dict[str, Any]], *, faulty: bool = False) -> None:
        """Send messages in one frame."""
        frame = packed_messages(messages) if self.packed else json.dumps(messages)
        self.outbox.put(messages[0].get("T", ""), frame, faulty=faulty)

    def fail(self, code: int) -> None:
        """Send one of the protocol's errors."""
        self.send([{"T": "error", "code": code, "msg": ERRORS[code]}])

    def wants(self, message: dict[str, Any]) -> bool:
        """Tell whether it subscribed to a message."""
        symbols = self.wanted.get(CHANNELS.get(message["T"], ""), set())
        return message["S"] in symbols or "*" in symbols


def packed_messages(messages: list[dict[str, Any]]) -> bytes:
    """Return messages in msgpack, their times `t` as Timestamp extensions."""
    rows = [
        {**message, "t": msgpack.Timestamp.from_unix_nano(parsed_time("t", message["t"]))} if "t" in message else message
        for message in messages
    ]
    return packed(rows)


class DataStream:
    """Connections to both data hosts: one for each account and kind."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._connections: set[Connection] = set()
        self.muted = False
        self.auth_seconds: float = AUTH_SECONDS

    @property
    def subscriptions(self) -> dict[str, list[str]]:
        """Return what anybody wants, by channel."""
        return {name: sorted({symbol for c in self._connections for symbol in c.wanted[name]}) for name in CHANNELS.values()}

    def publish(self, kind: Kind, messages: list[dict[str, Any]]) -> None:
        """Send each message to those who subscribed to it, in one frame for each connection."""
        for connection in list(self._connections):
            mine = [message for message in messages if connection.kind == kind and connection.wants(message)]
            if mine:
                connection.send(mine, faulty=True)

    def cut(self) -> int:
        """Break all connections, and return how many there were."""
        count = len(self._connections)
        for connection in list(self._connections):
            connection.outbox.cut()
        return count

    async def serve(self, request: web.BaseRequest, kind: Kind, feed: str, find: FindAccount) -> web.StreamResponse:
        """Serve one connection until it ends."""
        if self._faults.refuses_connection("data"):
            return web.Response(status=503, text="service unavailable")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        assert request.transport is not None
        outbox = Outbox(socket, request.transport, "data", self._faults)
        outbox.silenced = lambda: self.muted
        is_packed = "msgpack" in request.headers.get("Content-Type", "")
        connection = Connection(kind=kind, feed=feed, outbox=outbox, packed=is_packed)
        self._connections.add(connection)
        outbox.start()
        late = asyncio.get_running_loop().call_later(self.auth_seconds, self._too_late, connection)
        connection.send([{"T": "success", "msg": "connected"}])
        try:
            async for message in socket:
                if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    break
                if not self._answer(connection, message.data, find):
                    await outbox.drained()
                    break
        finally:
            late.cancel()
            self._connections.discard(connection)
            outbox.stop()
        return socket

    def _too_late(self, connection: Connection) -> None:
        if connection.account is None:
            connection.fail(404)

    def _answer(self, connection: Connection, data: Any, find: FindAccount) -> bool:
        """Answer one message; False when the connection is over."""
        try:
            asked = msgpack.unpackb(data) if connection.packed and isinstance(data, bytes) else json.loads(data)
            action = asked["action"]
        except (ValueError, KeyError, TypeError, msgpack.UnpackException):
            connection.fail(400)
            return True
        if action == "auth":
            return self._authenticate(connection, find(str(asked.get("key")), str(asked.get("secret"))))
        if connection.account is None:
            connection.fail(401)
        elif action in ("subscribe", "unsubscribe"):
            self._subscribe(connection, asked, set.union if action == "subscribe" else set.difference)
        else:
            connection.fail(400)
        return True

    def _authenticate(self, connection: Connection, account: Account | None) -> bool:
        if connection.account is not None:
            connection.fail(403)
            return True
        if account is None:
            connection.fail(402)
            return False
        if connection.feed == "sip" and not account.spec.sip:
            connection.fail(409)
            return False
        if any(c.account is account and c.kind == connection.kind for c in self._connections):
            connection.fail(406)
            return False
        connection.account = account
        connection.send([{"T": "success", "msg": "authenticated"}])
        return True

    def _subscribe(self, connection: Connection, asked: dict[str, Any], change: Callable[[set[str], set[str]], set[str]]) -> None:
        wanted = {name: change(symbols, set(asked.get(name) or [])) for name, symbols in connection.wanted.items()}
        assert connection.account is not None
        if (
            not connection.account.spec.sip
            and connection.kind == "stock"
            and len(wanted["trades"]) + len(wanted["quotes"]) > BASIC_CHANNELS
        ):
            connection.fail(405)
            return
        connection.wanted = wanted
        connection.send([{"T": "subscription", **{name: sorted(symbols) for name, symbols in wanted.items()}}])


def next_edge(now: int, seconds: float) -> int:
    """Return the next multiple of `seconds` after `now`, in nanoseconds."""
    step = int(seconds * SECOND)
    return (now // step + 1) * step
