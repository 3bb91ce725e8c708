"""Replays one window so that it can be cut short without losing what it did."""

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter

import numpy as np

from activities.prepared import Prepared
from weaver.greta.engine import Pulse, advance, open_orders
from weaver.greta.records import EquityColumns, Window
from weaver.greta.state import EngineState

_SLICE_SECONDS = 1.0
_FIRST_SLICE = 16


class _CutShort(Exception):
    """The slice under way is no longer wanted."""


def replay(prepared: Prepared, state: EngineState, *, steps: int, pulse: Pulse, is_cut: Callable[[], bool]) -> tuple[EngineState, Window]:
    """Replay up to `steps` steps; once `is_cut()`, fewer: those of the slices done until then, maybe none.

    Slices of about a second are joined, which gives what one stretch would have given.
    """
    feed, done = prepared.feed, 0
    windows: list[Window] = []
    steps = min(steps, feed.steps - state.step)
    size = _FIRST_SLICE

    def check(_: int) -> None:
        if is_cut():
            raise _CutShort

    while done < steps:
        began = perf_counter()
        wanted = min(size, steps - done)
        try:
            state, window = advance(feed, prepared.strategy, prepared.setup, state, steps=wanted, on_progress=check, pulse=pulse)
        except _CutShort:
            break
        windows.append(window)
        done += wanted
        took = perf_counter() - began
        if took < _SLICE_SECONDS / 4:
            size *= 4
        elif took > _SLICE_SECONDS:
            size = max(size // 2, 1)
    pulse.view = None  # it holds the bars, and is read until the window is stored
    return state, joined(windows)


def joined(windows: list[Window]) -> Window:
    """Return successive windows as one."""
    if len(windows) == 1:
        return windows[0]
    none = EquityColumns(times=np.empty(0, np.int64), equity=np.empty(0), benchmark=np.empty(0))
    equities = [none, *(window.equity for window in windows)]
    return Window(
        equity=EquityColumns(
            times=np.concatenate([equity.times for equity in equities]),
            equity=np.concatenate([equity.equity for equity in equities]),
            benchmark=np.concatenate([equity.benchmark for equity in equities]),
        ),
        fills=[row for window in windows for row in window.fills],
        orders=[row for window in windows for row in window.orders],
        trades=[row for window in windows for row in window.trades],
        decisions=[row for window in windows for row in window.decisions],
    )


def with_open_orders(prepared: Prepared, state: EngineState, window: Window) -> Window:
    """Return the run's last window with the orders that still work at its end; a repeat changes nothing."""
    if not state.orders:
        return window
    working = open_orders(prepared.feed, prepared.setup, state)
    ids = {order.id for order in working}
    return replace(window, orders=[*(order for order in window.orders if order.id not in ids), *working])
