"""Bars and timeframes, from Alpaca's words to Weaver's and back."""

from weaver.broker import MarketBar
from weaver.errors import BadValue
from weaver.market import Timeframe
from weaver.veda.alpaca_parts.rows import Row, number, time

_LONGEST = {"m": 59, "h": 23, "d": 1, "w": 1}
_UNITS = {"m": "Min", "h": "Hour", "d": "Day", "w": "Week"}


def timeframe_of(timeframe: Timeframe) -> str:
    """Return Alpaca's name of a timeframe. Raises BadValue for one that Alpaca does not have."""
    count, unit = int(timeframe.text[:-1]), timeframe.text[-1]
    if count > _LONGEST.get(unit, 0):
        raise BadValue("timeframe", timeframe.text, "one that Alpaca has: 1m to 59m, 1h to 23h, 1d or 1w")
    return f"{count}{_UNITS[unit]}"


def bar_of(row: Row, symbol: str, timeframe: Timeframe) -> MarketBar:
    """Return a bar; its start is Alpaca's own, which for a day is midnight in New York. Raises Garbled."""
    return MarketBar(
        symbol=symbol,
        timeframe=timeframe.text,
        start=time(row, "t"),
        open=number(row, "o"),
        high=number(row, "h"),
        low=number(row, "l"),
        close=number(row, "c"),
        volume=number(row, "v"),
    )
