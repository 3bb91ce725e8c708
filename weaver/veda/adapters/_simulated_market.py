"""The bars of the simulated exchange: made up, or stored ones replayed over wall-clock time."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import numpy as np

from weaver.broker import MarketBar
from weaver.errors import BadValue
from weaver.market import MICROSECONDS, Bars, Calendar, Sessions, Timeframe, from_microseconds, to_microseconds
from weaver.veda.adapters._simulated_prices import Prices
from weaver.veda.adapters._simulated_schedule import Schedule, SessionsBetween, Slot

Row = tuple[float, float, float, float, float]
"""Open, high, low, close, volume."""

_AT_ONCE = 65_536  # seconds of prices made together, so that they stay in the processor's cache
_KEPT = 4_096  # rows remembered; a bar in progress is asked for by every order


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """Bars of `stored`, from the one that starts at or after `start` on, shown one a live bar."""

    stored: str
    start: datetime
    timeframe: Timeframe


def parse_replays(text: str) -> dict[str, Replay]:
    """Read `SYMBOL=START@TIMEFRAME` or `SYMBOL=STORED@START@TIMEFRAME`, separated by commas. Raises BadValue."""
    replays: dict[str, Replay] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        symbol, _, rest = part.partition("=")
        match rest.split("@"):
            case [start, timeframe]:
                stored = symbol
            case [stored, start, timeframe]:
                pass
            case _:
                raise _not_a_replay(part)
        try:
            time = datetime.fromisoformat(start)
        except ValueError:
            raise _not_a_replay(part) from None
        if not symbol or not stored or time.tzinfo is None:
            raise _not_a_replay(part)
        replays[symbol] = Replay(stored=stored, start=time, timeframe=Timeframe(timeframe))
    return replays


def _not_a_replay(part: str) -> BadValue:
    return BadValue("WEAVER_SIMULATED_REPLAY", part, "SYMBOL=START@TIMEFRAME such as AAPL=2004-01-02T14:30:00Z@1d")


class Market:
    """Every symbol's bars. A replayed symbol trades around the clock, as one with a slash does; others in the equities' sessions."""

    def __init__(
        self, seed: str, replays: Mapping[str, Replay], sessions: SessionsBetween, stored: Callable[[str, Timeframe], Bars]
    ) -> None:
        self._seed = seed
        self._replays = replays
        self._sessions = sessions
        self._stored = stored
        self._loaded: dict[Replay, tuple[Bars, int]] = {}
        self._rows: dict[tuple[str, int, int, int], Row | None] = {}
        self._lock = threading.Lock()

    def replays(self, symbol: str) -> bool:
        return symbol in self._replays

    def schedule(self, symbol: str, timeframe: Timeframe) -> Schedule:
        always = symbol in self._replays or Calendar.of(symbol) is Calendar.ALWAYS
        return Schedule(timeframe, Calendar.ALWAYS if always else Calendar.XNYS, self._sessions)

    def rows(self, symbol: str, slots: Sequence[Slot], anchor: int) -> list[Row | None]:
        """Return the bar of each slot, in order; None where there is none. `anchor` is when a replay of the symbol began."""
        keys = [(symbol, slot.start, slot.end, anchor) for slot in slots]
        with self._lock:
            known = {key: self._rows[key] for key in keys if key in self._rows}
        missing = [(key, slot) for key, slot in zip(keys, slots, strict=True) if key not in known]
        if missing:
            replay, wanted = self._replays.get(symbol), [slot for _, slot in missing]
            made = self._made_up(symbol, wanted) if replay is None else self._replayed(replay, wanted, anchor)
            found = {key: row for (key, _), row in zip(missing, made, strict=True)}
            known |= found
            with self._lock:
                if len(self._rows) > _KEPT:
                    self._rows.clear()
                self._rows.update(found)
        return [known[key] for key in keys]

    def price(self, symbol: str, time: int) -> float | None:
        """Return the price of a made-up symbol at a time in microseconds, None for a replayed one."""
        if symbol in self._replays:
            return None
        return Prices(symbol, self._seed).at(time // MICROSECONDS) / 100

    def columns(self, symbol: str, timeframe: Timeframe, slots: Sequence[Slot], anchor: int) -> tuple[list[Slot], Bars]:
        """Return the slots that have a bar, and those bars as columns."""
        found = [(slot, row) for slot, row in zip(slots, self.rows(symbol, slots, anchor), strict=True) if row is not None]
        prices = np.array([row for _, row in found], np.float64).reshape(-1, 5)
        times = np.array([(slot.start, slot.end, slot.session, slot.opens, slot.session_end) for slot, _ in found], np.int64).reshape(-1, 5)
        equity = Calendar.of(symbol) is Calendar.XNYS and symbol not in self._replays
        calendar = Calendar.XNYS if equity else Calendar.ALWAYS
        bars = Bars(
            symbol=symbol,
            timeframe=timeframe,
            calendar=calendar,
            starts=times[:, 0],
            ends=times[:, 1],
            sessions=times[:, 2],
            open=prices[:, 0],
            high=prices[:, 1],
            low=prices[:, 2],
            close=prices[:, 3],
            volume=prices[:, 4],
            calendar_sessions=Sessions(dates=times[:, 2], opens=times[:, 3], closes=times[:, 4]) if equity else None,
        )
        return [slot for slot, _ in found], bars

    def _made_up(self, symbol: str, slots: Sequence[Slot]) -> list[Row | None]:
        prices = Prices(symbol, self._seed)
        rows: list[Row | None] = []
        for run in _contiguous(slots):
            first = run[0].opens // MICROSECONDS
            ticks = prices.seconds(first, run[-1].closes // MICROSECONDS)
            begins = np.array([slot.opens // MICROSECONDS - first for slot in run])
            ends = np.append(begins[1:], len(ticks.open)) - 1
            columns = (
                ticks.open[begins] / 100,
                np.maximum.reduceat(ticks.high, begins) / 100,
                np.minimum.reduceat(ticks.low, begins) / 100,
                ticks.close[ends] / 100,
                np.add.reduceat(ticks.volume, begins).astype(np.float64),
            )
            rows.extend(zip(*(column.tolist() for column in columns), strict=True))
        return rows

    def _replayed(self, replay: Replay, slots: Sequence[Slot], anchor: int) -> list[Row | None]:
        bars, first = self._series(replay)
        rows: list[Row | None] = []
        for slot in slots:
            length = slot.end - slot.start
            at = first + (slot.start - (anchor - (anchor - slot.start) % length)) // length
            known = 0 <= at < len(bars)
            columns = (bars.open, bars.high, bars.low, bars.close, bars.volume)
            rows.append(_row([column.item(at) for column in columns]) if known else None)
        return rows

    def _series(self, replay: Replay) -> tuple[Bars, int]:
        """Return the stored bars and the row at which the replay begins."""
        if replay not in self._loaded:
            bars = self._stored(replay.stored, replay.timeframe)
            self._loaded[replay] = bars, int(np.searchsorted(bars.starts, to_microseconds(replay.start)))
        return self._loaded[replay]


def _row(values: list[float]) -> Row:
    opened, high, low, close, volume = values
    return opened, high, low, close, volume


def _contiguous(slots: Sequence[Slot]) -> list[list[Slot]]:
    """Cut the slots where trading pauses, and where they would be too much at once."""
    runs: list[list[Slot]] = []
    for slot in slots:
        if runs and runs[-1][-1].closes == slot.opens and slot.closes - runs[-1][0].opens <= _AT_ONCE * MICROSECONDS:
            runs[-1].append(slot)
        else:
            runs.append([slot])
    return runs


def decimal(value: float) -> Decimal:
    """Return the shortest decimal that reads back as this float."""
    return Decimal(repr(value)) if not value.is_integer() else Decimal(int(value))


def market_bar(symbol: str, timeframe: Timeframe, slot: Slot, row: Row) -> MarketBar:
    opened, high, low, close, volume = map(decimal, row)
    return MarketBar(
        symbol=symbol,
        timeframe=timeframe.text,
        start=from_microseconds(slot.start),
        open=opened,
        high=high,
        low=low,
        close=close,
        volume=volume,
    )
