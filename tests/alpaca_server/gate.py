"""Takes each request from the socket to its answer, through keys, limits, hooks and faults.

The order is fixed: keys, rate limit, hook "received", faults before acceptance, the handler (which accepts or refuses, at once and
whole), hook "accepted", faults after acceptance, the answer.
"""

import asyncio
import inspect
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from .accounts import Account
from .answers import Answer, Call, query_of
from .clock import Clock
from .data_api import DataApi
from .errors import ApiError, forbidden, unauthorized
from .faults import Fault, Faults
from .limits import RateLimits
from .trade_stream import TradeStream
from .trading_api import TradingApi
from .wire import wire_time

Hook = Callable[[str, str, str, str | None], Awaitable[None] | None]

HTML = "<html>\r\n<head><title>{0}</title></head>\r\n<body><center><h1>{0}</h1></center><hr><center>nginx</center></body>\r\n</html>\r\n"
TITLES = {500: "500 Internal Server Error", 502: "502 Bad Gateway", 503: "503 Service Unavailable", 504: "504 Gateway Time-out"}


class Gone(Exception):
    """The connection was ended instead of being answered."""


@dataclass(kw_only=True)
class Served:
    """A request in the log: what was sent, and what the client was told."""

    time: str
    method: str
    path: str
    account: str | None
    client_order_id: str | None
    outcome: str = "pending"
    faults: str = ""

    def body(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


class Gate:
    """Answers the requests of one server."""

    def __init__(
        self, *, accounts: list[Account], trading: TradingApi, data: DataApi, stream: TradeStream, faults: Faults, clock: Clock
    ) -> None:
        self._accounts = accounts
        self._trading = trading
        self._data = data
        self._stream = stream
        self._faults = faults
        self._clock = clock
        self.trading_limits = RateLimits(200)
        self.data_limits = RateLimits(200)
        self.hooks: list[Hook] = []
        self.log: list[Served] = []
        self._released = asyncio.Event()

    def find(self, key: str, secret: str, host: str = "") -> Account | None:
        """Return the account of these keys, where `host` (paper, live, or any) takes them."""
        for account in self._accounts:
            if account.spec.key == key and account.spec.secret == secret:
                return account if host in ("", "paper" if account.spec.paper else "live") else None
        return None

    def release(self) -> None:
        """Let the requests go on that hang."""
        self._released.set()
        self._released = asyncio.Event()

    async def serve(self, request: web.BaseRequest, host: str, path: str) -> web.StreamResponse:
        """Answer a request for `path` on the given host."""
        key, secret = (request.headers.get(f"APCA-API-{name}", "") for name in ("KEY-ID", "SECRET-KEY"))
        account = self.find(key, secret, host) if key or secret else None
        raw = request.rel_url.raw_query_string
        call = Call(
            method=request.method,
            path=unquote_except_slash(path),
            raw_path=f"{path}?{raw}" if raw else path,
            query=query_of(raw),
            body=await request.read(),
            account=account,
        )
        name = None if account is None else account.name
        served = Served(
            time=wire_time(self._clock.now()), method=call.method, path=call.raw_path, account=name, client_order_id=call.client_order_id
        )
        self.log.append(served)
        is_data = self._data.handles(path)
        limits = self.data_limits if is_data else self.trading_limits
        within, headers = limits.count(name or key or "anonymous")
        try:
            if account is None and (key or secret or not is_data):
                raise forbidden() if is_data else unauthorized()
            if not within:
                raise ApiError(429, 42910000, "rate limit exceeded")
            return await self._pass(request, call, served, headers)
        except ApiError as refusal:
            return self._response(served, Answer(status=refusal.status, body=refusal.body(), headers=headers))
        except Gone:
            return web.Response(status=500)  # never written: the connection is gone

    async def _pass(self, request: web.BaseRequest, call: Call, served: Served, headers: dict[str, str]) -> web.StreamResponse:
        name = "" if call.account is None else call.account.name
        faults = self._faults.of_request(call.method, call.raw_path, call.client_order_id, name)
        served.faults = ", ".join(f"{fault.kind} {fault.when}" for fault in faults)
        await self._hook("received", call)
        before = await self._befall(request, served, [fault for fault in faults if fault.when == "before"], None, headers)
        if before is not None:
            return before
        answer = self._answer(call, headers)
        await self._hook("accepted", call)
        after = [fault for fault in faults if fault.when == "after"]
        for fault in after:
            if fault.kind == "fill_first":
                await self._until_filled(call, answer, fault.seconds)
        return await self._befall(request, served, after, answer, headers) or self._response(served, answer)

    def _answer(self, call: Call, headers: dict[str, str]) -> Answer:
        try:
            if self._data.handles(call.path):
                answer = self._data.answer(call)
            else:
                assert call.account is not None
                answer = self._trading.answer(call.account, call)
        except ApiError as refusal:
            answer = Answer(status=refusal.status, body=refusal.body())
        return Answer(status=answer.status, body=answer.body, headers={**headers, **answer.headers})

    async def _hook(self, stage: str, call: Call) -> None:
        for hook in self.hooks:
            result = hook(stage, call.method, call.raw_path, call.client_order_id)
            if inspect.isawaitable(result):
                await result

    async def _befall(
        self, request: web.BaseRequest, served: Served, faults: list[Fault], answer: Answer | None, headers: dict[str, str]
    ) -> web.StreamResponse | None:
        """Let faults happen; None when the request goes on. `answer` is there once the request was accepted or refused."""
        for fault in faults:
            match fault.kind:
                case "delay":
                    await asyncio.sleep(fault.seconds)
                case "kill":
                    os.kill(fault.pid, fault.signal)
                case "hang":
                    served.outcome = "hanging"
                    await self._released.wait()
                case "reset" | "close":
                    served.outcome = fault.kind
                    break_off(request, reset=fault.kind == "reset")
                    raise Gone
                case "cut" | "half_json" if answer is not None:
                    served.outcome = f"{fault.kind} of {answer.status}"
                    return await self._half(request, answer, whole_length=fault.kind == "cut")
                case "error":
                    return self._error(served, fault, headers)
                case _:
                    pass
        return None

    def _error(self, served: Served, fault: Fault, headers: dict[str, str]) -> web.Response:
        if fault.status == 429:
            headers = {**headers, "X-RateLimit-Remaining": "0"}
        if not fault.html:
            body = {"message": fault.message} if fault.code is None else {"code": fault.code, "message": fault.message}
            return self._response(served, Answer(status=fault.status, body=body, headers={**headers, **fault.headers}))
        served.outcome = f"{fault.status} html"
        page = HTML.format(TITLES.get(fault.status, str(fault.status)))
        return web.Response(status=fault.status, text=page, content_type="text/html", headers={**headers, **fault.headers})

    async def _half(self, request: web.BaseRequest, answer: Answer, *, whole_length: bool) -> web.StreamResponse:
        body = answer.encoded()
        if not body and whole_length:  # nothing to halve: lose it all
            break_off(request, reset=True)
            raise Gone
        half = body[: len(body) // 2]
        if not whole_length:
            return web.Response(status=answer.status, body=half, content_type="application/json", headers=answer.headers)
        response = web.StreamResponse(status=answer.status, headers={**answer.headers, "Content-Length": str(len(body))})
        response.content_type = "application/json"
        await response.prepare(request)
        await response.write(half)
        break_off(request, reset=False)
        raise Gone

    async def _until_filled(self, call: Call, answer: Answer, seconds: float) -> None:
        """Return when the order of this answer has filled and the streams were read, or after `seconds`."""
        order_id = answer.body.get("id") if isinstance(answer.body, dict) else None
        order = None if call.account is None else call.account.orders.get(str(order_id))
        deadline = asyncio.get_running_loop().time() + seconds
        while order is not None and order.status != "filled" and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.001)
        await self._stream.read()

    def _response(self, served: Served, answer: Answer) -> web.Response:
        served.outcome = str(answer.status)
        if answer.status == 204:
            return web.Response(status=204, headers=answer.headers)
        return web.Response(status=answer.status, body=answer.encoded(), content_type="application/json", headers=answer.headers)


def break_off(request: web.BaseRequest, *, reset: bool) -> None:
    """End the connection under a request: with RST, or orderly after what was written."""
    transport = request.transport
    if transport is None:
        return
    if not reset:
        transport.close()
        return
    connection = transport.get_extra_info("socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def unquote_except_slash(path: str) -> str:
    """Return a raw path with its escapes undone, but for %2F: an escaped slash does not separate."""
    return "%2F".join(unquote(piece) for piece in path.replace("%2f", "%2F").split("%2F"))
