"""A backtest's bars and what became of what was wanted at them, from what its windows wrote."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.walle.test_results import FILL, ORDER
from weaver.greta.records import DecisionRow, EquityColumns, FillRow, OrderRow, SeenColumns, Window
from weaver.walle.replayed import CameOf, ReplayedBars
from weaver.walle.results import RunFiles
from weaver.walle.seen import indicators_of

SYMBOLS = ("AAPL", "MSFT")
ENTRY = replace(ORDER, id="e", symbol="AAPL", side="buy", status="filled", parent_id=None, role="entry")
STOP = replace(ORDER, id="e.s", symbol="AAPL", status="cancelled", parent_id="e", role="stop_loss")
BOUGHT = DecisionRow(time=20, seen='{"AAPL": {"close": 2.0, "position": 0.0}}', notes="[]", intents='["Buy(1)"]', orders='["e"]')


def a_window(fills: list[FillRow], orders: list[OrderRow], decisions: list[DecisionRow]) -> Window:
    none = EquityColumns(times=np.empty(0, np.int64), equity=np.empty(0), benchmark=np.empty(0))
    return Window(equity=none, fills=fills, orders=orders, decisions=decisions)


@pytest.fixture
def files(tmp_path: Path) -> RunFiles:
    """Two windows, of bars that end at 10, 20 and at 30, 40; MSFT has none at 20 and 30. What is bought at 20 is filled in the next."""
    files = RunFiles(str(tmp_path), "run")
    files.write_window(0, a_window([], [], [BOUGHT]))
    files.write_window(1, a_window([replace(FILL, time=20, order_id="e", quantity=1.5)], [ENTRY, STOP], []))
    for number, times in enumerate([[10, 20, 10], [30, 40, 40]]):
        closes = np.array([1.0, 2.0, 9.0]) + 10 * number
        means = {"mean": np.array([np.nan, 1.5, 8.0])}
        files.write_seen(number, SeenColumns(times=np.array(times), symbols=np.array([0, 0, 1]), close=closes, indicators=means))
    return files


def test_each_bar_tells_what_was_seen_of_the_symbols_that_had_one(files: RunFiles) -> None:
    bars, total = ReplayedBars(files, 2, SYMBOLS).page(since=None, until=None, newest_first=False, offset=0, limit=9)
    assert total == 4
    assert [bar.time for bar in bars] == [10, 20, 30, 40]
    assert bars[0].seen == {
        "AAPL": {"position": 0.0, "close": 1.0, "mean": None},
        "MSFT": {"position": 0.0, "close": 9.0, "mean": 8.0},
    }
    assert (bars[1].decision, bars[1].seen) == (BOUGHT, {"AAPL": {"close": 2.0, "position": 0.0}})
    assert bars[2].seen == {"AAPL": {"position": 1.5, "close": 11.0, "mean": None}}
    assert set(bars[3].seen) == {"AAPL", "MSFT"}


def test_the_newest_bars_come_first_when_asked(files: RunFiles) -> None:
    bars, total = ReplayedBars(files, 2, SYMBOLS).page(since=20, until=40, newest_first=True, offset=0, limit=1)
    assert ([bar.time for bar in bars], total) == ([30], 2)
    bars, _ = ReplayedBars(files, 2, SYMBOLS).page(since=None, until=None, newest_first=True, offset=1, limit=2)
    assert [bar.time for bar in bars] == [30, 20]


def test_an_order_and_its_legs_are_found_in_later_windows(files: RunFiles) -> None:
    came_of = CameOf.of(files, 2, [BOUGHT])
    assert list(came_of.orders["e"]) == [ENTRY, STOP]
    assert [fill.quantity for fill in came_of.fills["e"]] == [1.5]
    assert CameOf.of(files, 1, [BOUGHT]).orders == {}


def test_a_symbols_indicators_are_columns_over_all_windows(files: RunFiles) -> None:
    found = indicators_of(files, 2, 0, since=None, until=None)
    assert found.times.tolist() == [10, 20, 30, 40]
    assert found.close.tolist() == [1.0, 2.0, 11.0, 12.0]
    assert np.array_equal(found.indicators["mean"], [np.nan, 1.5, np.nan, 1.5], equal_nan=True)
    assert indicators_of(files, 2, 1, since=11, until=41).times.tolist() == [40]
    assert not found.is_lacking


def test_a_run_of_before_has_the_bars_at_which_something_was_wanted(tmp_path: Path) -> None:
    files = RunFiles(str(tmp_path), "old")
    files.write_window(0, a_window([], [], [BOUGHT]))
    bars = ReplayedBars(files, 1, SYMBOLS)
    assert bars.lack()
    assert [bar.decision for bar in bars.page(since=None, until=None, newest_first=False, offset=0, limit=9)[0]] == [BOUGHT]
    assert indicators_of(files, 1, 0, since=None, until=None).is_lacking
