"""Composes the venue, its APIs, streams and faults behind one port of the loopback interface."""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from aiohttp import web

from .accounts import Account, AccountSpec
from .assets import Assets
from .bars import BarSource
from .clock import Clock
from .commands import COMMANDS, Commands, encoded
from .data_api import DataApi
from .data_stream import DataStream
from .executions import Executions
from .faults import Faults
from .gate import Gate, Hook
from .generator import BarGenerator
from .ledger import Entry, Ledger
from .life import Life
from .prices import Prices
from .sessions import Sessions
from .tape import Tape
from .trade_stream import TradeStream
from .trading_api import TradingApi
from .venue import Venue
from .wire import wire_time

DEFAULT_ACCOUNTS = (AccountSpec(name="paper", key="PKTEST", secret="paper-secret"),)
TICK_SECONDS = 0.1
STOCK_FEEDS = {"/v2/iex": "iex", "/v2/sip": "sip", "/v2/test": "test"}
CRYPTO_STREAM = "/v1beta3/crypto/us"


class AlpacaServer:
    """A venue on `127.0.0.1`; enter it on a running event loop. Port 0 takes a free one. What breaks inside it is raised on exit.

    `state` is a file that must not exist yet, and gets the ledger as JSON lines. `seed` decides what faults with a probability do.
    """

    def __init__(
        self, *, accounts: Sequence[AccountSpec] = DEFAULT_ACCOUNTS, port: int = 0, state: Path | str | None = None, seed: int = 0
    ) -> None:
        if len({spec.key for spec in accounts}) != len(accounts) or len({spec.name for spec in accounts}) != len(accounts):
            raise ValueError("accounts need names and keys of their own")
        self._port = port
        self._runner: web.ServerRunner | None = None
        self._ticking: asyncio.Task[None] | None = None
        clock, assets, faults = Clock(), Assets(), Faults(seed)
        sessions, prices = Sessions(clock), Prices(assets, clock)
        self.accounts = {spec.name: Account(spec, wire_time(clock.now())) for spec in accounts}
        self._ledger = Ledger(None if state is None else Path(state))
        self._trades, self._data = TradeStream(faults), DataStream(faults)
        tape = Tape(clock, self._ledger, self._trades.publish)
        life = Life(tape, self.accounts, faults, prices)
        executions = Executions(tape, life, prices, sessions)
        bars = BarSource(sessions, clock)
        data_api = DataApi(assets, bars, prices, clock)
        self._generator = BarGenerator(clock, bars, self._data)
        self.venue = Venue(assets=assets, sessions=sessions, prices=prices, tape=tape, life=life, executions=executions, faults=faults)
        self._gate = Gate(
            accounts=list(self.accounts.values()),
            trading=TradingApi(self.venue, sessions, clock, faults),
            data=data_api,
            stream=self._trades,
            faults=faults,
            clock=clock,
        )
        self.commands = Commands(
            venue=self.venue,
            accounts=self.accounts,
            clock=clock,
            gate=self._gate,
            faults=faults,
            bars=bars,
            data=data_api,
            trade_stream=self._trades,
            data_stream=self._data,
            generator=self._generator,
        )

    @property
    def port(self) -> int:
        """Return the port that is listened on."""
        return self._port

    @property
    def url(self) -> str:
        """Return the trading host for any account: the keys alone choose. Also the control API's."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def paper_url(self) -> str:
        """Return the trading host that knows paper accounts only."""
        return f"{self.url}/paper"

    @property
    def live_url(self) -> str:
        """Return the trading host that knows live accounts only."""
        return f"{self.url}/live"

    @property
    def data_url(self) -> str:
        """Return the market data host."""
        return self.url

    @property
    def stream_url(self) -> str:
        """Return the trade updates of any account; `paper_stream_url` and `live_stream_url` know only theirs."""
        return f"ws://127.0.0.1:{self._port}/stream"

    @property
    def paper_stream_url(self) -> str:
        """Return the trade updates of paper accounts."""
        return f"ws://127.0.0.1:{self._port}/paper/stream"

    @property
    def live_stream_url(self) -> str:
        """Return the trade updates of live accounts."""
        return f"ws://127.0.0.1:{self._port}/live/stream"

    @property
    def stock_stream_url(self) -> str:
        """Return the market data stream of stocks, feed iex."""
        return f"ws://127.0.0.1:{self._port}/v2/iex"

    @property
    def crypto_stream_url(self) -> str:
        """Return the market data stream of crypto."""
        return f"ws://127.0.0.1:{self._port}{CRYPTO_STREAM}"

    @property
    def urls(self) -> dict[str, str]:
        """Return all addresses by name."""
        names = [name for name in vars(type(self)) if name == "url" or name.endswith("_url")]
        return {name: getattr(self, name) for name in names}

    @property
    def ledger(self) -> list[Entry]:
        """Return what really happened so far."""
        return self._ledger.entries

    def on_request(self, hook: Hook) -> None:
        """Call `hook(stage, method, path, client_order_id)` for each request: stage "received" before it is accepted or refused, and
        "accepted" after that and before it is answered. A coroutine is awaited."""
        self._gate.hooks.append(hook)

    async def __aenter__(self) -> "AlpacaServer":
        runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.2)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self._port).start()
        self._runner = runner
        self._port = runner.addresses[0][1]
        self._ticking = asyncio.create_task(self._tick())
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        assert self._runner is not None
        assert self._ticking is not None
        self._ticking.cancel()
        self._generator.stop()
        self._trades.cut()
        self._data.cut()
        await self._runner.cleanup()
        self._ledger.close()
        if failures := self.venue.tape.failures:
            raise ExceptionGroup("the venue broke", failures)

    async def _tick(self) -> None:
        while True:
            self.venue.tape.later(0, self.venue.tick)
            await asyncio.sleep(TICK_SECONDS)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._route(request)
        except (web.HTTPException, ConnectionError):
            raise
        except Exception as error:
            self.venue.tape.failures.append(error)  # a client sees a 500; the test must see what it was
            raise

    async def _route(self, request: web.BaseRequest) -> web.StreamResponse:
        path = request.rel_url.raw_path
        if path.startswith("/_control/"):
            return await self._control(request, path.removeprefix("/_control/"))
        host = next((name for name in ("paper", "live") if path.startswith(f"/{name}/")), "")
        path = path.removeprefix(f"/{host}") if host else path
        if path == "/stream":
            return await self._trades.serve(request, lambda key, secret: self._gate.find(key, secret, host))
        if path in STOCK_FEEDS:
            return await self._data.serve(request, "stock", STOCK_FEEDS[path], self._gate.find)
        if path == CRYPTO_STREAM:
            return await self._data.serve(request, "crypto", "us", self._gate.find)
        return await self._gate.serve(request, host, path)

    async def _control(self, request: web.BaseRequest, name: str) -> web.Response:
        """Run a command: its arguments are {"args": [...], "kwargs": {...}}."""
        if name not in COMMANDS:
            return web.json_response({"error": f"no command {name}"}, status=404)
        asked = json.loads(await request.read() or b"{}")
        try:
            result = getattr(self.commands, name)(*asked.get("args", []), **asked.get("kwargs", {}))
        except (ArithmeticError, AssertionError, KeyError, TypeError, ValueError) as error:
            return web.json_response({"error": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response({"result": encoded(result)})
