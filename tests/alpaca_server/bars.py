"""Bars of any timeframe: those the test gave, or of the price wave; coarser ones are made of minutes."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from .assets import Asset
from .clock import Clock
from .errors import ApiError
from .prices import knots, noise, rounded, seed_of, wave_prices
from .sessions import Sessions, Stamps
from .wire import MINUTE, NEW_YORK, datetime_of, parsed_time, stamp_of, wire_time

DAY = 24 * 60 * MINUTE
UNITS = {"Min": MINUTE, "T": MINUTE, "Hour": 60 * MINUTE, "H": 60 * MINUTE, "Day": DAY, "D": DAY}
NAMES = ("o", "h", "l", "c", "v", "n", "vw")


@dataclass(frozen=True, slots=True, kw_only=True)
class BarTable:
    """Bars as columns: `t` the start of each (nanoseconds since 1970), then open, high, low, close, volume, count, mean price."""

    t: Stamps
    columns: dict[str, NDArray[np.float64]]

    def within(self, start: int, end: int) -> "BarTable":
        """Return the bars whose start lies in `[start, end]`."""
        keep = (self.t >= start) & (self.t <= end)
        return BarTable(t=self.t[keep], columns={name: column[keep] for name, column in self.columns.items()})

    def rows(self, *, falling: bool = False, most: int | None = None) -> list[dict[str, Any]]:
        """Return bars as the API gives them, the first `most` in that direction."""
        order = slice(None, None, -1) if falling else slice(None)
        times = np.datetime_as_string(self.t[order][:most].astype("datetime64[ns]"), unit="s").tolist()
        columns = [np.round(self.columns[name][order][:most], 6).tolist() for name in NAMES]
        bars: list[dict[str, Any]] = [
            {"t": f"{t}Z", **dict(zip(NAMES, values, strict=True))} for t, *values in zip(times, *columns, strict=True)
        ]
        for bar in bars:
            bar["n"] = int(bar["n"])
            bar["v"] = int(bar["v"]) if bar["v"].is_integer() else bar["v"]
        return bars


def table_of(rows: list[dict[str, Any]]) -> BarTable:
    """Return bars in the API's form as a table in order of time; of two with one start the later given counts."""
    by_time = {parsed_time("t", row["t"]): row for row in rows}
    ordered = sorted(by_time)
    fallback = {"v": 100.0, "n": 10.0}

    def column(name: str) -> NDArray[np.float64]:
        return np.array([float(by_time[t].get(name, fallback.get(name, by_time[t]["c"]))) for t in ordered])

    return BarTable(t=np.array(ordered, dtype=np.int64), columns={name: column(name) for name in NAMES})


def parse_timeframe(text: str) -> tuple[int, str]:
    """Return count and unit (Min, Hour, Day, Week, Month) of a timeframe such as 15Min."""
    match = re.fullmatch(r"(\d+)(Min|T|Hour|H|Day|D|Week|W|Month|M)", text)
    if match is None or int(match[1]) < 1:
        raise ApiError(400, None, f"invalid timeframe: {text}")
    unit = {"T": "Min", "H": "Hour", "D": "Day", "W": "Week", "M": "Month"}.get(match[2], match[2])
    return int(match[1]), unit


class BarSource:
    """Gives bars up to the venue's time; the last may still be growing."""

    def __init__(self, sessions: Sessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self.preset: dict[str, dict[str, BarTable]] = {}

    def give(self, symbol: str, timeframe: str, rows: list[dict[str, Any]]) -> None:
        """Add bars in the API's form; from now on `symbol` has only bars that were given. No rows: a symbol without bars."""
        known = self.preset.setdefault(symbol, {})
        table = known.get(timeframe)
        before = [] if table is None else table.rows()
        known[timeframe] = table_of(before + rows)

    def bars(self, asset: Asset, timeframe: str, start: int, end: int) -> BarTable:
        """Return the bars that start in `[start, end]`."""
        count, unit = parse_timeframe(timeframe)
        given = self.preset.get(asset.symbol)
        if given is not None:
            if timeframe in given:
                return given[timeframe].within(start, end)
            if (count, unit) == (1, "Min") or "1Min" not in given:
                return table_of([])
        reach = {"Week": 7 * DAY, "Month": 31 * DAY}.get(unit, UNITS.get(unit, 0)) * count
        minutes = self._minutes(asset, start - reach, end + reach)
        if (count, unit) != (1, "Min") and len(minutes.t):
            minutes = merged(minutes, self._labels(asset, minutes.t, count, unit))
        return minutes.within(start, end)

    def latest(self, asset: Asset) -> dict[str, Any] | None:
        """Return the last minute bar that has ended, looking ten days back; None without one."""
        now = self._clock.now()
        rows = self.bars(asset, "1Min", now - 10 * DAY, now - MINUTE).rows(falling=True, most=1)
        return rows[0] if rows else None

    def between(self, asset: Asset, start: int, end: int) -> dict[str, Any]:
        """Return the bar of the price wave over `[start, end)`, of any length."""
        o, c = (float(value) for value in wave_prices(asset, np.array([start, end], dtype=np.int64)))
        spread = 0.0002 * o
        h, low = (float(v) for v in rounded(asset, np.array([max(o, c) + spread, min(o, c) - spread])))
        return {"t": wire_time(start), "o": o, "h": h, "l": low, "c": c, "v": 1000, "n": 20, "vw": round((h + low + c) / 3, 6)}

    def _minutes(self, asset: Asset, start: int, end: int) -> BarTable:
        given = self.preset.get(asset.symbol)
        if given is not None:
            return given["1Min"].within(start, end)
        now = self._clock.now()
        start, end = max(0, start), min(end, now)
        if asset.crypto:
            starts = np.arange(-(-start // MINUTE) * MINUTE, end + 1, MINUTE, dtype=np.int64)
        else:
            starts = self._sessions.minutes(start, end + 1)
        minutes, seed = starts // MINUTE, seed_of(asset.symbol)
        opens, closes = knots(asset, minutes), knots(asset, minutes + 1)
        closes = opens + (closes - opens) * np.clip((now - starts) / MINUTE, 0, 1)  # the minute that is still going on
        wiggle = 0.0004 * opens * np.abs(noise(seed ^ 1, minutes))
        busy = (noise(seed ^ 2, minutes) + 1) / 2
        high, low = np.maximum(opens, closes) + wiggle, np.minimum(opens, closes) - wiggle
        columns = {name: rounded(asset, values) for name, values in (("o", opens), ("h", high), ("l", low), ("c", closes))}
        columns["v"] = np.round(busy * 2, 6) if asset.crypto else np.floor(1000 + 9000 * busy)
        columns["n"] = np.floor(10 + 190 * busy)
        columns["vw"] = np.round((high + low + closes) / 3, 6)
        return BarTable(t=starts, columns=columns)

    def _labels(self, asset: Asset, starts: Stamps, count: int, unit: str) -> Stamps:
        """Return the start of the bar that each minute belongs to; days begin at midnight, in New York for equities."""
        days = starts // DAY * DAY if asset.crypto else self._sessions.midnights(starts)
        if unit in ("Min", "Hour"):
            length = UNITS[unit] * count
            return days + (starts - days) // length * length
        if unit == "Day":
            return days
        zone = ZoneInfo("UTC") if asset.crypto else NEW_YORK
        unique, places = np.unique(days, return_inverse=True)
        return np.array([period_start(int(day), unit, zone) for day in unique], dtype=np.int64)[places]


def period_start(day: int, unit: str, zone: ZoneInfo) -> int:
    """Return the midnight of the Monday, or of the first of the month, of a day."""
    date = datetime_of(day).astimezone(zone).date()
    date = date - timedelta(days=date.weekday()) if unit == "Week" else date.replace(day=1)
    return stamp_of(datetime.combine(date, datetime.min.time(), zone))


def merged(table: BarTable, labels: Stamps) -> BarTable:
    """Return one bar for each label; labels are in order."""
    starts = np.flatnonzero(np.concatenate(([True], labels[1:] != labels[:-1])))
    ends = np.concatenate((starts[1:], [len(labels)])) - 1
    columns = table.columns
    volume = np.add.reduceat(columns["v"], starts)
    traded = np.add.reduceat(columns["v"] * columns["vw"], starts)
    return BarTable(
        t=labels[starts],
        columns={
            "o": columns["o"][starts],
            "h": np.maximum.reduceat(columns["h"], starts),
            "l": np.minimum.reduceat(columns["l"], starts),
            "c": columns["c"][ends],
            "v": volume,
            "n": np.add.reduceat(columns["n"], starts),
            "vw": np.divide(traded, volume, out=columns["c"][ends].copy(), where=volume > 0),
        },
    )
