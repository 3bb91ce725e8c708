"""US equities and crypto at Alpaca, for paper and for live money."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar

from weaver.broker import (
    Fill,
    Funds,
    Holding,
    MarketBar,
    MarketClock,
    OrderReport,
    Quote,
    StreamDown,
    StreamUp,
    TradeUpdate,
    TradingDay,
)
from weaver.errors import BadValue, NotConnected
from weaver.market import Timeframe
from weaver.orders import OrderRequest
from weaver.veda.alpaca_parts.bars import bar_of
from weaver.veda.alpaca_parts.feed import Feed, Listener
from weaver.veda.alpaca_parts.rows import Garbled, row_of, text
from weaver.veda.alpaca_parts.settings import Settings, Timing, settings_of
from weaver.veda.alpaca_parts.symbols import is_crypto
from weaver.veda.alpaca_parts.updates import update_of
from weaver.veda.exchange import AdapterMeta, Context, Exchange

if TYPE_CHECKING:
    from weaver.veda.alpaca_parts.line import Line
    from weaver.veda.alpaca_parts.market import Market
    from weaver.veda.alpaca_parts.trading import Desk

log = logging.getLogger(__name__)

META = AdapterMeta(
    id="alpaca",
    name="Alpaca",
    version="1.0.0",
    description="US equities and crypto. Its bars are adjusted for splits; equities come from the feed in ALPACA_DATA_FEED (iex, sip).",
    features=("equity_brackets", "crypto_data_without_keys", "crypto_fee_in_kind", "exits_hold_positions"),
    modes=("paper", "live"),
    credentials=("ALPACA_{MODE}_API_KEY", "ALPACA_{MODE}_API_SECRET"),
    options=(
        "ALPACA_{MODE}_BASE_URL",
        "ALPACA_{MODE}_STREAM_URL",
        "ALPACA_DATA_BASE_URL",
        "ALPACA_DATA_STREAM_URL",
        "ALPACA_DATA_FEED",
    ),
)

STREAMED = Timeframe("1m")


@dataclass(frozen=True, slots=True)
class _Connected:
    line: "Line"
    desk: "Desk"
    market: "Market"
    trades: Feed
    stocks: Feed
    crypto: Feed


def _open(settings: Settings, timing: Timing) -> _Connected:
    """Load the SDK and make what talks to the venue; nothing is sent yet."""
    # Here and not above: the SDK takes half a second to load (it brings pandas), and adapters are listed much more often than used.
    from weaver.veda.alpaca_parts.line import Line
    from weaver.veda.alpaca_parts.market import Market
    from weaver.veda.alpaca_parts.streams import CryptoConnection, StockConnection, TradeConnection
    from weaver.veda.alpaca_parts.trading import Desk

    line = Line(settings, timing)
    return _Connected(
        line=line,
        desk=Desk(line),
        market=Market(line, settings),
        trades=Feed("trades", lambda feed: TradeConnection(settings, timing, feed)),
        stocks=Feed("stocks", lambda feed: StockConnection(settings, timing, feed)),
        crypto=Feed("crypto", lambda feed: CryptoConnection(settings, timing, feed)),
    )


class Alpaca(Exchange):
    """One account at Alpaca. `timing` is for tests."""

    meta: ClassVar[AdapterMeta] = META

    def __init__(self, context: Context, timing: Timing | None = None) -> None:
        super().__init__(context)
        self._timing = timing or Timing()
        self._connected: _Connected | None = None
        self._may_trade = False
        self._connecting = asyncio.Lock()

    def __repr__(self) -> str:
        return f"Alpaca({self.context!r})"

    async def connect(self, *, trading: bool = True) -> None:
        async with self._connecting:
            if self._connected is not None and (self._may_trade or not trading):
                return
            settings = settings_of(self.context)
            if trading:
                settings.require_keys()
            connected = self._connected or await asyncio.to_thread(_open, settings, self._timing)
            try:
                if trading:
                    await connected.desk.verify()
                    self._may_trade = True
                self._connected = connected
            finally:
                if self._connected is None:
                    connected.line.close()

    async def disconnect(self) -> None:
        async with self._connecting:
            connected, self._connected, self._may_trade = self._connected, None, False
            if connected is not None:
                await asyncio.gather(connected.trades.close(), connected.stocks.close(), connected.crypto.close())
                connected.line.close()

    async def account(self) -> Funds:
        return await self._desk().funds()

    async def positions(self) -> list[Holding]:
        return await self._desk().holdings()

    async def submit(self, order: OrderRequest) -> OrderReport:
        return await self._desk().submit(order)

    async def cancel(self, exchange_order_id: str) -> None:
        await self._desk().cancel(exchange_order_id)

    async def order(self, exchange_order_id: str) -> OrderReport:
        return await self._desk().order(exchange_order_id)

    async def find(self, client_order_id: str) -> OrderReport | None:
        return await self._desk().find(client_order_id)

    async def open_orders(self) -> list[OrderReport]:
        return await self._desk().open_orders()

    async def orders_since(self, time: datetime) -> list[OrderReport]:
        return await self._desk().orders_since(time)

    async def fills_since(self, time: datetime) -> list[Fill]:
        return await self._desk().fills_since(time)

    async def bars(self, symbols: Sequence[str], timeframe: Timeframe, start: datetime, end: datetime) -> dict[str, list[MarketBar]]:
        return await self._here().market.bars(symbols, timeframe, start, end, await self.context.clock.now())

    async def latest_bar(self, symbol: str, timeframe: Timeframe) -> MarketBar | None:
        return await self._here().market.latest_bar(symbol, timeframe, await self.context.clock.now())

    async def quote(self, symbol: str) -> Quote:
        return await self._here().market.quote(symbol)

    async def clock(self) -> MarketClock:
        return await self._here().market.clock()

    async def calendar(self, start: date, end: date) -> list[TradingDay]:
        return await self._here().market.calendar(start, end)

    async def trade_updates(self) -> AsyncIterator[TradeUpdate | StreamUp | StreamDown]:
        self._desk()
        feed = self._here().trades
        listener = Listener()
        feed.join(listener)
        try:
            async for item in listener.items():
                if isinstance(item, StreamUp | StreamDown):
                    yield item
                    continue
                try:
                    update = update_of(row_of(item.get("data")), await self.context.clock.now())
                except Garbled as problem:
                    # Whatever it told is lost, as in a cut; who listens asks for orders and fills after each StreamUp.
                    log.warning("An update from Alpaca cannot be read: %s.", problem)
                    yield StreamDown(f"an update could not be read: {problem}")
                    yield StreamUp()
                else:
                    yield update
        finally:
            await feed.leave(listener)

    async def bar_updates(self, symbols: Sequence[str], timeframe: Timeframe) -> AsyncIterator[MarketBar | StreamUp | StreamDown]:
        connected = self._here()
        if timeframe.seconds != STREAMED.seconds:
            raise BadValue("timeframe", timeframe.text, "1m, the only one that Alpaca streams; ask for others with bars()")
        if not symbols:
            raise BadValue("symbols", list(symbols), "at least one symbol")
        settings_of(self.context).require_keys()
        first = Listener(symbol for symbol in symbols if not is_crypto(symbol))
        second = Listener(filter(is_crypto, symbols), beside=first)
        joined = [(feed, listener) for feed, listener in ((connected.stocks, first), (connected.crypto, second)) if listener.symbols]
        try:
            for feed, listener in joined:
                feed.join(listener)
            async for item in first.items():
                if isinstance(item, StreamUp | StreamDown):
                    yield item
                    continue
                try:
                    bar = bar_of(item, text(item, "S"), timeframe)
                except Garbled as problem:
                    log.warning("A bar from Alpaca cannot be read: %s.", problem)
                    yield StreamDown(f"a bar could not be read: {problem}")
                    yield StreamUp()
                else:
                    yield bar
        finally:
            for feed, listener in joined:
                await feed.leave(listener)

    def _here(self) -> _Connected:
        if self._connected is None:
            raise NotConnected("The adapter 'alpaca' is not connected.")
        return self._connected

    def _desk(self) -> "Desk":
        connected = self._here()
        if not self._may_trade:
            raise NotConnected("The adapter 'alpaca' is connected for market data only.")
        return connected.desk
