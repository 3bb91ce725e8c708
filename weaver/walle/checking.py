"""Decides whether bars may be stored: in order, one a time, possible. Refuses by row number, or repairs when told to."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from weaver.errors import BadData, BadValue
from weaver.glados.clock import bar_columns
from weaver.market import DAY, MICROSECONDS, Calendar, Floats, Ints, Timeframe, to_microseconds
from weaver.walle.columns import PRICES, BarColumns, Mask, differing
from weaver.walle.reading import RawBars

_ROUNDING = 1e-9
"""Vendors' adjusted prices stand outside [low, high] by a last digit; relative to the price."""

_FIRST, _END = (to_microseconds(datetime(year, 1, 1, tzinfo=UTC)) for year in (1900, 2100))

_NAMED = 10  # rows that a refusal's message names


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckedBars:
    """Bars fit to be stored, the file's row of each, and what had to be done to them."""

    bars: BarColumns
    rows: Ints
    sorted: bool = False
    same_dropped: int = 0
    duplicates_dropped: int = 0
    impossible_dropped: int = 0


def checked(raw: RawBars, timeframe: Timeframe, calendar: Calendar, *, adjust: bool = False, fix: bool = False) -> CheckedBars:
    """Return the bars of a file, daily ones at 00:00Z of their date, with the adjustment applied.

    Rows out of order, two rows of one time that differ, and impossible bars (a price that is no number above 0, a
    negative volume, high < low, open or close outside [low, high]) raise BadData with their row numbers. With
    `fix` rows are sorted, the last of several is kept, and the impossible are dropped. Adjusting multiplies all
    four prices by adjusted close / close and divides the volume by it; without such a column it raises BadValue.
    """
    far = (raw.bars.starts < _FIRST) | (raw.bars.starts >= _END)
    if far.any():
        raise BadData(
            "Refused: times before 1900 or after 2099: " + _named(raw.rows[far]) + ". Nothing was stored.", rows=raw.rows[far].tolist()
        )
    _check_spacing(raw.bars.starts, timeframe)
    starts = _normalised(raw.bars.starts, timeframe, calendar)
    bars = BarColumns(starts=starts, **{name: raw.bars.column(name) for name in (*PRICES, "volume")})
    rows = raw.rows
    factors = _factors(raw) if adjust else None

    impossible = _impossible(bars)
    if factors is not None:
        impossible |= ~(np.isfinite(factors) & (factors > 0))
    dropped = int(impossible.sum())
    if dropped:
        if not fix:
            raise _refused(
                "impossible bars (a price not above 0 or missing, high < low, open or close outside [low, high])", rows[impossible]
            )
        bars, rows = bars.take(~impossible), rows[~impossible]
        factors = None if factors is None else factors[~impossible]
    if not len(bars):
        raise BadData("No possible bar is left.")

    unordered = np.flatnonzero(np.diff(bars.starts) < 0) + 1
    if len(unordered):
        if not fix:
            raise _refused("rows that are not in time order", rows[unordered])
        order = np.argsort(bars.starts, kind="stable")
        bars, rows = bars.take(order), rows[order]
        factors = None if factors is None else factors[order]

    if factors is not None:
        adjusted: dict[str, Floats] = {name: bars.column(name) * factors for name in PRICES}
        bars = BarColumns(starts=bars.starts, volume=bars.volume / factors, **adjusted)

    again = np.flatnonzero(np.diff(bars.starts) == 0)
    conflicting = 0
    if len(again):
        differs = differing(bars.take(again), bars.take(again + 1))
        conflicting = int(differs.sum())
        if conflicting and not fix:
            raise _refused("several rows of one time with different values", rows[again[differs] + 1])
        kept = np.ones(len(bars), bool)
        kept[again] = False  # the last of them stays
        bars, rows = bars.take(kept), rows[kept]
    return CheckedBars(
        bars=bars,
        rows=rows,
        sorted=bool(len(unordered)),
        same_dropped=len(again) - conflicting,
        duplicates_dropped=conflicting,
        impossible_dropped=dropped,
    )


def _normalised(starts: Ints, timeframe: Timeframe, calendar: Calendar) -> Ints:
    if not timeframe.is_daily_or_longer:
        return starts
    # Vendors stamp a day's bar at midnight of the exchange (04:00Z or 05:00Z), at its open or at its close: all on that UTC date.
    return bar_columns(starts // DAY * DAY, timeframe, calendar).starts


def _factors(raw: RawBars) -> Floats:
    if raw.adjusted_close is None:
        raise BadValue("adjust", True, f"a column 'Adj Close' in {raw.source or 'the file'}, which has none")
    with np.errstate(divide="ignore", invalid="ignore"):
        return raw.adjusted_close / raw.bars.close


def _impossible(bars: BarColumns) -> Mask:
    wrong = ~(np.isfinite(bars.volume) & (bars.volume >= 0))
    for name in PRICES:
        prices = bars.column(name)
        wrong |= ~(np.isfinite(prices) & (prices > 0))
    room = np.abs(bars.high) * _ROUNDING
    wrong |= bars.high < bars.low - room
    for prices in (bars.open, bars.close):
        wrong |= (prices > bars.high + room) | (prices < bars.low - room)
    return wrong


def _check_spacing(starts: Ints, timeframe: Timeframe) -> None:
    """Refuse a file whose bars mostly overlap: it is of a finer timeframe than was said."""
    distances = np.diff(np.unique(starts))
    if len(distances) < 2:
        return
    usual = int(np.median(distances))
    if usual < 0.9 * timeframe.microseconds:  # a day is 23 hours long when the clocks change
        seconds = usual / MICROSECONDS
        raise BadValue("timeframe", timeframe.text, f"the distance between the file's bars, which mostly are {seconds:g} s apart")


def _refused(what: str, rows: Ints) -> BadData:
    text = f"Refused: {what}: {_named(rows)}. Nothing was stored. --fix sorts, keeps the last duplicate, drops the impossible."
    return BadData(text, rows=rows.tolist())


def _named(rows: Ints) -> str:
    more = "" if len(rows) <= _NAMED else f" and {len(rows) - _NAMED} more"
    return ("row " if len(rows) == 1 else "rows ") + ", ".join(str(row) for row in rows[:_NAMED]) + more
