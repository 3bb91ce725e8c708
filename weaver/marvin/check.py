"""Finds indicators that know the future: each is computed again from data that ends earlier, and compared."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from weaver.errors import StrategyBroken
from weaver.market import Bars, Floats, Ints, from_microseconds
from weaver.marvin.guard import user_code
from weaver.marvin.strategy import AnyStrategy

_FIRST_CUTS, _LOG_CUTS, _RANDOM_CUTS = 48, 24, 24
_RELATIVE = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a strategy may not do. `time` is the start of the first bar that shows it, `name` the
    indicator's or the attribute's; `seen` and `honest` are the two values that should be one."""

    kind: Literal["future", "memory", "error"]
    message: str
    time: datetime | None = None
    symbol: str | None = None
    timeframe: str | None = None
    name: str | None = None
    seen: float | None = None
    honest: float | None = None


def cuts(count: int) -> Ints:
    """Return lengths from 1 to `count` - 1 to cut a series of `count` bars at: the first ones, then fewer and fewer, and random ones."""
    if count < 2:
        return np.empty(0, np.int64)
    random = np.random.default_rng(count)  # seeded, so that a check says the same twice
    first = np.arange(1, min(_FIRST_CUTS, count - 1) + 1)
    spaced = np.geomspace(1, count - 1, _LOG_CUTS).astype(np.int64)
    return np.unique(np.concatenate((first, spaced, random.integers(1, count, _RANDOM_CUTS), [count - 1])))


def check_indicators(create: Callable[[], AnyStrategy], bars: Bars, *, name: str) -> list[Finding]:
    """Return, for each indicator that depends on later bars, the first bar found that shows it.

    `create` makes a fresh strategy for each computation, so that none remembers the whole series. `name` is the
    strategy's id. On data shorter than its warm-up a strategy may raise.
    """
    whole = _columns(create(), bars, name)
    needed = bars_needed(create(), name)
    first: dict[str, tuple[int, float, float]] = {}
    for cut in cuts(len(bars)).tolist():
        try:
            part = _columns(create(), bars[:cut], name)
        except StrategyBroken as problem:
            if cut < needed:
                continue
            return [_failed(problem, bars, cut)]
        for indicator, column in whole.items():
            honest = part.get(indicator, np.full(cut, np.nan))
            rows = np.flatnonzero(_differ(column[:cut], honest))
            if len(rows) and (indicator not in first or rows[0] < first[indicator][0]):
                row = int(rows[0])
                first[indicator] = (row, float(column[row]), float(honest[row]))
    return [_found(bars, indicator, *where) for indicator, where in sorted(first.items(), key=lambda item: item[1][0])]


def bars_needed(strategy: AnyStrategy, name: str) -> int:
    """Return on how many bars the strategy must work: its warm-up and two to decide on. StrategyBroken if it cannot say."""
    with user_code(name, strategy.code_files()):
        return int(strategy.warmup()) + 2


def _columns(strategy: AnyStrategy, bars: Bars, name: str) -> dict[str, Floats]:
    with user_code(name, strategy.code_files()):
        columns = {indicator: np.asarray(values, np.float64) for indicator, values in strategy.indicators(bars).items()}
        for indicator, column in columns.items():
            if column.shape != (len(bars),):
                raise ValueError(f"indicator '{indicator}' has shape {column.shape} for {len(bars)} bars")
    return columns


def _differ(one: Floats, two: Floats) -> NDArray[np.bool_]:
    finite = np.abs(one[np.isfinite(one)])
    # Next to values of this size, a difference that small is rounding in a value that should be 0.
    nothing = 1e-12 * float(finite.max()) if len(finite) else 0.0
    return ~np.isclose(one, two, rtol=_RELATIVE, atol=nothing, equal_nan=True)


def _found(bars: Bars, indicator: str, row: int, seen: float, honest: float) -> Finding:
    time = from_microseconds(int(bars.starts[row]))
    return Finding(
        kind="future",
        message=(
            f"indicator '{indicator}' of {bars.symbol} {bars.timeframe} knows later bars: at the bar of {time:%Y-%m-%d %H:%M} "
            f"it is {seen:.10g}, and {honest:.10g} when the data ends before them"
        ),
        time=time,
        symbol=bars.symbol,
        timeframe=bars.timeframe.text,
        name=indicator,
        seen=seen,
        honest=honest,
    )


def _failed(problem: StrategyBroken, bars: Bars, cut: int) -> Finding:
    time = from_microseconds(int(bars.starts[cut - 1]))
    return Finding(
        kind="error",
        message=f"indicators() fails on the first {cut} bars of {bars.symbol} {bars.timeframe}: {problem}",
        time=time,
        symbol=bars.symbol,
        timeframe=bars.timeframe.text,
    )
