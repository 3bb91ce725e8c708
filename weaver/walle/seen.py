"""A symbol's indicators over time, from what a backtest's windows wrote or a paper or live run saw."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from weaver.greta.records import SeenColumns
from weaver.market import Floats, Ints, to_microseconds
from weaver.walle.results import RunFiles
from weaver.walle.trading_queries import TradingQueries

MOST_DECISIONS = 50_000
"""Of a paper or live run's bars so many are looked through, the newest: each is a JSON text of its own."""
_NO_INDICATORS = ("close", "position")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IndicatorSeries:
    """Columns of equal length: bar ends (UTC microseconds), closes, each indicator (NaN where it had no value).

    `is_lacking` says that an older Weaver kept none of them, `is_cut` that there are earlier ones in the range.
    """

    times: Ints
    close: Floats
    indicators: dict[str, Floats]
    is_lacking: bool = False
    is_cut: bool = False


def indicators_of(files: RunFiles, windows: int, symbol: int, *, since: int | None, until: int | None) -> IndicatorSeries:
    """Return a backtest's, of the run's symbol with that number, at `since` ≤ bar end < `until` (microseconds)."""
    parts = [part for number in range(windows) for part in [_part(files, number, symbol, since, until)] if part is not None]
    names = list(dict.fromkeys(name for part in parts for name in part.indicators))
    none = np.empty(0)
    return IndicatorSeries(
        times=np.concatenate([np.empty(0, np.int64), *(part.times for part in parts)]),
        close=np.concatenate([none, *(part.close for part in parts)]),
        indicators={name: np.concatenate([none, *(part.indicators[name] for part in parts)]) for name in names},
        is_lacking=windows > 0 and files.seen_times(0) is None,
    )


def _part(files: RunFiles, number: int, symbol: int, since: int | None, until: int | None) -> SeenColumns | None:
    times = files.seen_times(number)
    if times is None or not _is_within(times, since, until).any():
        return None
    seen = files.seen(number)
    if seen is None:
        return None
    rows = np.flatnonzero((seen.symbols == symbol) & _is_within(seen.times, since, until))
    return SeenColumns(
        times=seen.times[rows],
        symbols=seen.symbols[rows],
        close=seen.close[rows],
        indicators={name: column[rows] for name, column in seen.indicators.items()},
    )


def _is_within(times: Ints, since: int | None, until: int | None) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    ends = np.iinfo(np.int64)
    return (times >= (ends.min if since is None else since)) & (times < (ends.max if until is None else until))


def indicators_seen(
    trading: TradingQueries, run_id: str, symbol: str, *, since: datetime | None, until: datetime | None, at_most: int = MOST_DECISIONS
) -> IndicatorSeries:
    """Return a paper or live run's, of the `at_most` newest bars in that range at which it decided."""
    times: list[int] = []
    rows: list[dict[str, float]] = []
    seen = trading.seen(run_id, since=since, until=until, limit=at_most + 1)
    for one in seen[-at_most:]:
        values = one.seen.get(symbol)
        if isinstance(values, dict):
            times.append(to_microseconds(one.bar_end))
            rows.append({name: float(value) for name, value in values.items() if isinstance(value, int | float)})
    names = list(dict.fromkeys(name for row in rows for name in row if name not in _NO_INDICATORS))

    def column(name: str) -> Floats:
        return np.array([row.get(name, np.nan) for row in rows], np.float64)

    return IndicatorSeries(
        times=np.array(times, np.int64),
        close=column("close"),
        indicators={name: column(name) for name in names},
        is_cut=len(seen) > at_most,
    )
