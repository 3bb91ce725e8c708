"""The recorded bars of one adapter, as those who ask for new ones see them: what is lacking, and what came first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import numpy as np

from weaver.broker import MarketBar
from weaver.glados.schedule import CalendarOf, bar_start, bar_starts, stored_start
from weaver.market import Timeframe, from_microseconds, to_microseconds
from weaver.walle.live_bars import LiveBars
from weaver.walle.trading_model import LiveBar

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A symbol whose bars are wanted: all from `checked_from` on, and where those before were never seen, from `since` on."""

    symbol: str
    since: datetime
    checked_from: datetime

    def wider(self, other: "Want") -> "Want":
        """Return what both want of the symbol."""
        return Want(symbol=self.symbol, since=min(self.since, other.since), checked_from=min(self.checked_from, other.checked_from))


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What was recorded of an answer, by symbol: the end of the newest bar (start and length, UTC microseconds), and the close
    of the bar that ended, as it was first seen."""

    upto: dict[str, int]
    closes: dict[str, Decimal]


class RecordedBars:
    """Reads and writes WallE; every call blocks. Raises Unavailable when the database does not answer."""

    def __init__(self, live_bars: LiveBars, *, adapter: str, calendar_of: CalendarOf) -> None:
        self._live_bars = live_bars
        self._adapter = adapter
        self._calendar_of = calendar_of

    def last_start(self, symbol: str, timeframe: Timeframe, end: datetime) -> int:
        """Return the start of the bar that ends at `end`, in UTC microseconds."""
        return to_microseconds(bar_start(symbol, timeframe, end, calendar_of=self._calendar_of))

    def first_missing(self, want: Want, timeframe: Timeframe, end: datetime) -> tuple[int, Decimal | None]:
        """Return where the bars until `end` first lack one, and, if they lack none, the close of the last of them."""
        symbol = want.symbol
        bars = self._live_bars.load(self._adapter, symbol, timeframe.text, start=want.checked_from, end=end)
        last = self.last_start(symbol, timeframe, end)
        due = bar_starts(symbol, timeframe, want.checked_from, from_microseconds(last) + _MOMENT, calendar_of=self._calendar_of)
        missing = np.setdiff1d(due, bars.starts)
        if not len(missing):
            return last + timeframe.microseconds, _decimal(bars.close[-1])
        first = int(missing[0])
        if not len(bars) and want.since < want.checked_from:
            newest = self._live_bars.last(self._adapter, symbol, timeframe.text)
            first = to_microseconds(max(want.since, newest.start) if newest is not None else want.since)
        return first, None

    def keep(self, answer: Mapping[str, Sequence[MarketBar]], timeframe: Timeframe, start: int, end: datetime, *, at: datetime) -> Kept:
        """Record an answer in one transaction; bars that the schedule does not have are left out."""
        bars = {symbol: kept for symbol, given in answer.items() if (kept := self._scheduled(given, symbol, timeframe, start, end))}
        rows = [bar for of_symbol in bars.values() for bar in of_symbol]
        are_first = not rows or self._live_bars.save(rows, at) == len(rows)
        newest = {symbol: of_symbol[-1] for symbol, of_symbol in bars.items()}
        ended = {symbol: bar for symbol, bar in newest.items() if to_microseconds(bar.start) == self.last_start(symbol, timeframe, end)}
        return Kept(
            upto={symbol: to_microseconds(bar.start) + timeframe.microseconds for symbol, bar in newest.items()},
            closes={symbol: bar.close if are_first else self._first_seen(bar) for symbol, bar in ended.items()},
        )

    def _scheduled(self, bars: Sequence[MarketBar], symbol: str, timeframe: Timeframe, start: int, end: datetime) -> list[LiveBar]:
        due = set(bar_starts(symbol, timeframe, from_microseconds(start), end, calendar_of=self._calendar_of).tolist())
        return [
            LiveBar(
                adapter=self._adapter,
                symbol=symbol,
                timeframe=timeframe.text,
                start=begun,
                open=bar.open,
                high=bar.high,
                low=bar.low,
                close=bar.close,
                volume=bar.volume,
            )
            for bar, begun in ((bar, stored_start(timeframe, bar.start)) for bar in bars)
            if to_microseconds(begun) in due
        ]

    def _first_seen(self, bar: LiveBar) -> Decimal:
        stored = self._live_bars.load(bar.adapter, bar.symbol, bar.timeframe, start=bar.start, end=bar.start + _MOMENT)
        return _decimal(stored.close[0])


def _decimal(price: float) -> Decimal:
    """Return the shortest decimal that reads back as this float."""
    return Decimal(repr(float(price)))
