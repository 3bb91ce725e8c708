"""Asks for prices, for whether symbols exist, and for the market's hours."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from weaver.broker import MarketBar, MarketClock, Quote, TradingDay
from weaver.errors import NotFound, Refused, Unavailable, UnknownName
from weaver.market import Timeframe
from weaver.veda.alpaca_parts import rows
from weaver.veda.alpaca_parts.bars import bar_of, timeframe_of
from weaver.veda.alpaca_parts.line import Door, Line, Request
from weaver.veda.alpaca_parts.rows import Garbled, Row, row_of, rows_of
from weaver.veda.alpaca_parts.settings import Settings
from weaver.veda.alpaca_parts.symbols import is_crypto, without_slash

NEW_YORK = ZoneInfo("America/New_York")
BARS_PAGE = 10_000
SYMBOLS_AT_ONCE = 100
LOOK_BACK = timedelta(days=10)
"""How far back the newest bar may be: further than the longest time that a market was closed by plan."""


class Market:
    """The market data of one line. Prices are adjusted for splits: a series must not jump where nothing was won or lost."""

    def __init__(self, line: Line, settings: Settings) -> None:
        self._line = line
        self._settings = settings
        self._exist: set[str] = set()
        self._closes: dict[tuple[date, date], datetime | None] = {}

    async def bars(
        self, symbols: Sequence[str], timeframe: Timeframe, start: datetime, end: datetime, now: datetime
    ) -> dict[str, list[MarketBar]]:
        """Return the bars that are complete at `now`; see the port. Raises UnknownName."""
        name = timeframe_of(timeframe)
        found: dict[str, list[MarketBar]] = {}
        for crypto in (False, True):
            wanted = [symbol for symbol in dict.fromkeys(symbols) if is_crypto(symbol) is crypto]
            for first in range(0, len(wanted), SYMBOLS_AT_ONCE):
                fields: dict[str, object] = {"timeframe": name, "start": _wire(start), "end": _wire(end), "limit": BARS_PAGE}
                found |= await self._pages(wanted[first : first + SYMBOLS_AT_ONCE], fields, timeframe)
        complete: dict[str, list[MarketBar]] = {}
        for symbol in dict.fromkeys(symbols):
            inside = [bar for bar in found.get(symbol, []) if start <= bar.start < end]
            bars = await self._completed(inside, timeframe, now)
            if bars:
                complete[symbol] = bars
            elif symbol not in found:
                await self._require(symbol)
        return complete

    async def latest_bar(self, symbol: str, timeframe: Timeframe, now: datetime) -> MarketBar | None:
        """Return the newest bar that is complete at `now`, None when there is none within ten days or twenty bars."""
        name = timeframe_of(timeframe)
        start = now - max(LOOK_BACK, timedelta(seconds=20 * timeframe.seconds))
        fields: dict[str, object] = {"timeframe": name, "start": _wire(start), "end": _wire(now), "limit": 10, "sort": "desc"}
        found = await self._page([symbol], fields, timeframe)
        bars = await self._completed(sorted(found[0].get(symbol, []), key=lambda bar: bar.start), timeframe, now)
        if not bars:
            await self._require(symbol)
        return bars[-1] if bars else None

    async def quote(self, symbol: str) -> Quote:
        """Return the newest bid and ask. Raises UnknownName, Unavailable when there is none."""
        crypto = is_crypto(symbol)
        fields: dict[str, object] = {"symbols": symbol} if crypto else {"symbols": symbol, "feed": self._settings.feed}
        path = "/crypto/us/latest/quotes" if crypto else "/stocks/quotes/latest"
        request = Request(door=Door.CRYPTO if crypto else Door.STOCKS, path=path, fields=fields)
        try:
            quotes = await self._line.read(request, lambda body: row_of(row_of(body).get("quotes") or {}))
        except Refused as refusal:
            raise _unknown(refusal, [symbol]) from None
        found = quotes.get(symbol)
        if found is None:
            await self._require(symbol)
            raise Unavailable(f"Alpaca has no quote of {symbol}.")
        try:
            row = row_of(found)
            quote = Quote(symbol=symbol, bid=rows.number(row, "bp"), ask=rows.number(row, "ap"), time=rows.time(row, "t"))
        except Garbled as problem:
            raise Unavailable(f"Alpaca's quote of {symbol} cannot be read: {problem}.") from problem
        if quote.bid <= 0 or quote.ask <= 0:
            raise Unavailable(f"Alpaca's quote of {symbol} has one side only.")
        return quote

    async def clock(self) -> MarketClock:
        """Return the venue's time and its regular session."""
        return await self._line.read(Request(door=Door.TRADING, path="/clock"), lambda body: _clock(row_of(body)))

    async def calendar(self, start: date, end: date) -> list[TradingDay]:
        """Return the sessions, both days included. Alpaca says New York's hours without a zone."""
        request = Request(door=Door.TRADING, path="/calendar", fields={"start": start.isoformat(), "end": end.isoformat()})
        days = await self._line.read(request, lambda body: [_day(row) for row in rows_of(body)])
        return [day for day in days if start <= day.day <= end]

    async def _pages(self, symbols: list[str], fields: dict[str, object], timeframe: Timeframe) -> dict[str, list[MarketBar]]:
        found: dict[str, list[MarketBar]] = {}
        token: str | None = None
        while True:
            page, token = await self._page(symbols, fields if token is None else {**fields, "page_token": token}, timeframe)
            for symbol, bars in page.items():
                found.setdefault(symbol, []).extend(bars)
            if token is None:
                return found

    async def _page(
        self, symbols: list[str], fields: dict[str, object], timeframe: Timeframe
    ) -> tuple[dict[str, list[MarketBar]], str | None]:
        crypto = is_crypto(symbols[0])
        named = {"symbols": ",".join(symbols), **fields}
        if not crypto:
            named |= {"feed": self._settings.feed, "adjustment": "split"}
        path, door = ("/crypto/us/bars", Door.CRYPTO) if crypto else ("/stocks/bars", Door.STOCKS)
        try:
            return await self._line.read(Request(door=door, path=path, fields=named), lambda body: _bars(row_of(body), timeframe))
        except Refused as refusal:
            raise _unknown(refusal, symbols) from None

    async def _completed(self, bars: list[MarketBar], timeframe: Timeframe, now: datetime) -> list[MarketBar]:
        """Leave out the bars that are still being made: an equity's day or week is over with its last session's close."""
        complete = [bar for bar in bars if bar.start + timedelta(seconds=timeframe.seconds) <= now]
        if not timeframe.is_daily_or_longer or not bars or is_crypto(bars[0].symbol):
            return complete
        for bar in bars[len(complete) :]:
            first = bar.start.astimezone(NEW_YORK).date()
            close = await self._last_close(first, first + timedelta(days=timeframe.seconds // 86_400 - 1))
            if close is not None and close <= now:
                complete.append(bar)
        return complete

    async def _last_close(self, first: date, last: date) -> datetime | None:
        if (first, last) not in self._closes:
            days = await self.calendar(first, last)
            self._closes[first, last] = days[-1].close if days else None
        return self._closes[first, last]

    async def _require(self, symbol: str) -> None:
        """Raise UnknownName when there is no such symbol. Without credentials this cannot be asked."""
        if symbol in self._exist or not self._settings.has_keys:
            return
        if not re.fullmatch(r"[A-Za-z0-9./]{1,32}", symbol):
            raise UnknownName("symbol", symbol, ())
        try:
            await self._line.send(Request(door=Door.TRADING, path=f"/assets/{without_slash(symbol)}"))
        except NotFound:
            raise UnknownName("symbol", symbol, ()) from None
        self._exist.add(symbol)


def _unknown(refusal: Refused, symbols: Sequence[str]) -> Exception:
    """Return UnknownName where a refusal says that a symbol is invalid, else the refusal."""
    if "invalid symbol" not in refusal.reason:
        return refusal
    named = [symbol for symbol in symbols if symbol in refusal.reason]
    return UnknownName("symbol", (named or list(symbols))[0], ())


def _bars(body: Row, timeframe: Timeframe) -> tuple[dict[str, list[MarketBar]], str | None]:
    by_symbol = row_of(body.get("bars") or {})
    found = {symbol: [bar_of(row, symbol, timeframe) for row in rows_of(listed)] for symbol, listed in by_symbol.items()}
    return found, rows.text_or_none(body, "next_page_token")


def _clock(row: Row) -> MarketClock:
    return MarketClock(
        time=rows.time(row, "timestamp"),
        is_open=rows.flag(row, "is_open"),
        next_open=rows.time(row, "next_open"),
        next_close=rows.time(row, "next_close"),
    )


def _day(row: Row) -> TradingDay:
    try:
        day = date.fromisoformat(rows.text(row, "date"))
        opens, closes = (time.fromisoformat(rows.text(row, name)) for name in ("open", "close"))
    except ValueError as problem:
        raise Garbled(str(problem)) from None
    at = [datetime.combine(day, moment, NEW_YORK).astimezone(UTC) for moment in (opens, closes)]
    return TradingDay(day=day, open=at[0], close=at[1])


def _wire(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
