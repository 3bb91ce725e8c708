import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.walle.bar_files import files_below
from tests.walle.processes import at_once, by_itself
from weaver.errors import NotFound, Unusable
from weaver.greta.records import DecisionRow, EquityColumns, FillRow, OrderRow, SeenColumns, TradeRow, Window
from weaver.walle.results import RunFiles

FILL = FillRow(time=1, symbol="AAPL", side="buy", quantity=1.5, price=0.1 + 0.2, commission=0.0, slippage=0.0, order_id="w-1")
ORDER = OrderRow(
    id="w-1",
    symbol="BTC/USD",
    side="sell",
    order_type="limit",
    quantity=3.0,
    filled_quantity=0.0,
    filled_avg_price=None,
    limit_price=101.25,
    stop_price=None,
    trail=None,
    time_in_force="gtc",
    status="cancelled",
    role=None,
    parent_id="w-0",
    reject_reason="nö",
    created_at=1,
    closed_at=None,
)
TRADE = TradeRow(
    symbol="AAPL",
    side="long",
    quantity=1.0,
    entry_time=1,
    entry_price=2.0,
    exit_time=3,
    exit_price=4.0,
    pnl=2.0,
    return_pct=100.0,
    mae_pct=-1.0,
    mfe_pct=101.0,
    bars_held=2,
    exit_reason="close",
)
DECISION = DecisionRow(time=9, seen='{"AAPL": {"close": 1.0}}', notes='["why"]', intents="[]", orders='["w-1"]')


def a_window(number: int, steps: int = 3) -> Window:
    times = np.arange(steps, dtype=np.int64) + number * steps
    fills = [replace(FILL, time=number * steps + step) for step in range(2)]
    return Window(
        equity=EquityColumns(times=times, equity=times / 3, benchmark=times / 7),
        fills=fills,
        orders=[ORDER, replace(ORDER, parent_id=None, closed_at=5)] if number else [],
        trades=[TRADE],
        decisions=[DECISION],
    )


@pytest.fixture(params=["folder", "object store"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return str(tmp_path / "results") if request.param == "folder" else f"memory://{tmp_path.name}/results"


@pytest.fixture
def files(location: str) -> RunFiles:
    return RunFiles(location, "run:1")


def test_windows_come_back_as_they_were_written(files: RunFiles) -> None:
    written = [a_window(number) for number in range(2)]
    for number, window in enumerate(written):
        files.write_window(number, window)
    read = files.read_windows(2)
    for window, again in zip(written, read, strict=True):
        assert (again.fills, again.orders, again.trades, again.decisions) == (window.fills, window.orders, window.trades, window.decisions)
        for name in ("times", "equity", "benchmark"):
            assert np.array_equal(getattr(again.equity, name), getattr(window.equity, name))
            assert getattr(again.equity, name).dtype == getattr(window.equity, name).dtype


def test_tables_are_read_over_the_windows_that_count_in_order(files: RunFiles) -> None:
    for number in (2, 0, 1):
        files.write_window(number, a_window(number))
    assert [fill.time for fill in files.fills(3)] == [0, 1, 3, 4, 6, 7]
    assert [fill.time for fill in files.fills(1)] == [0, 1]
    assert files.equity(2).times.tolist() == [0, 1, 2, 3, 4, 5]
    assert len(files.orders(3)) == 4
    assert files.trades(2) == [TRADE, TRADE]
    assert files.decisions(1) == [DECISION]


def test_a_run_without_windows_has_empty_tables(files: RunFiles) -> None:
    assert files.fills(0) == []
    assert len(files.equity(0).times) == 0
    files.write_window(0, Window(equity=EquityColumns(times=np.empty(0, np.int64), equity=np.empty(0), benchmark=np.empty(0))))
    assert files.fills(1) == []
    assert len(files.equity(1).times) == 0
    assert files.equity(1).times.dtype == np.int64


def test_a_window_that_was_never_written_is_not_found(files: RunFiles) -> None:
    files.write_window(0, a_window(0))
    with pytest.raises(NotFound):
        files.fills(2)
    with pytest.raises(NotFound):
        files.equity(2)


def test_a_text_is_named_by_what_it_says(files: RunFiles) -> None:
    reference = files.write_text("state", '{"cash": "é"}')
    assert reference.startswith("state-")
    assert files.write_text("state", '{"cash": "é"}') == reference
    assert files.write_text("state", "{}") != reference
    assert files.read_text(reference) == '{"cash": "é"}'
    with pytest.raises(NotFound):
        files.read_text("state-0")


def test_deleting_a_run_leaves_the_others(files: RunFiles, location: str) -> None:
    other = RunFiles(location, "run:2")
    for run in (files, other):
        run.write_window(0, a_window(0))
    files.delete()
    files.delete()
    with pytest.raises(NotFound):
        files.fills(1)
    assert len(other.fills(1)) == 2


def test_a_run_id_cannot_leave_its_folder(tmp_path: Path) -> None:
    RunFiles(str(tmp_path / "results"), "a/../../b").write_text("plan", "{}")
    assert [path.name for path in tmp_path.iterdir()] == ["results"]


def test_a_place_that_cannot_be_written_is_unusable(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(Unusable, match="taken"):
        RunFiles(str(tmp_path / "taken"), "run-1").write_window(0, a_window(0))


def test_two_processes_that_write_one_window_at_once_leave_the_bytes_of_one(tmp_path: Path) -> None:
    at_once(_write_ten_times, [(str(tmp_path / "both"),), (str(tmp_path / "both"),)])
    _write_ten_times(str(tmp_path / "one"))
    assert files_below(tmp_path / "both") == files_below(tmp_path / "one")


def _write_ten_times(location: str) -> None:
    for _ in range(10):
        RunFiles(location, "run-1").write_window(0, a_window(0, steps=50_000))
        RunFiles(location, "run-1").write_text("state", "{}")


def test_windows_are_written_and_read_without_pandas(tmp_path: Path) -> None:
    by_itself(_write_and_read, str(tmp_path))


def _write_and_read(location: str) -> None:
    RunFiles(location, "run-1").write_window(0, a_window(0))
    RunFiles(location, "run-1").read_windows(1)
    assert "pandas" not in sys.modules  # it takes longer to import than most windows take to read


def test_rows_come_page_by_page_across_windows(files: RunFiles) -> None:
    for number in range(3):
        files.write_window(number, a_window(number))  # fills at 0 1, 3 4, 6 7
    every = files.fills(3)

    assert files.page(FillRow, 3, limit=100) == (every, 6)
    assert files.page(FillRow, 3, offset=1, limit=3) == (every[1:4], 6)
    assert files.page(FillRow, 3, offset=5, limit=3) == (every[5:], 6)
    assert files.page(FillRow, 3, offset=6, limit=3) == ([], 6)
    assert files.page(FillRow, 0, limit=3) == ([], 0)


def test_rows_of_a_time_range_are_counted_and_paged_alone(files: RunFiles) -> None:
    for number in range(3):
        files.write_window(number, a_window(number))
    every = files.fills(3)

    assert files.page(FillRow, 3, since=1, until=7, limit=100) == (every[1:5], 4)
    assert files.page(FillRow, 3, since=1, until=7, offset=2, limit=1) == ([every[3]], 4)
    assert files.page(OrderRow, 3, since=2, limit=9) == ([], 0)
    assert files.page(TradeRow, 3, since=3, until=4, limit=2) == ([TRADE, TRADE], 3)
    assert files.page(DecisionRow, 1, until=9, limit=2) == ([], 0)


def test_pages_begin_with_the_newest_when_asked_and_have_only_what_fits(files: RunFiles) -> None:
    for number in range(3):
        files.write_window(number, a_window(number))
    rows, total = files.page(FillRow, 3, newest_first=True, offset=1, limit=3)
    assert ([row.time for row in rows], total) == ([6, 4, 3], 6)
    rows, total = files.page(FillRow, 3, since=1, until=7, newest_first=True, limit=2)
    assert ([row.time for row in rows], total) == ([6, 4], 4)
    assert files.page(FillRow, 3, where={"symbol": "MSFT".__eq__}, limit=9) == ([], 0)
    assert files.rows_of(OrderRow, 3, "parent_id", ["w-0"]) == [ORDER, ORDER]
    assert files.rows_of(OrderRow, 3, "id", []) == []


def test_what_could_be_seen_comes_back_whatever_its_indicators_are_called(files: RunFiles) -> None:
    columns = {name: np.array([1.5, np.nan]) for name in ("times", "a.b", "50 %", "close")}
    seen = SeenColumns(times=np.array([1, 2]), symbols=np.array([0, 0]), close=np.array([3.0, 4.0]), indicators=columns)
    files.write_seen(0, seen)
    again = files.seen(0)
    assert again is not None
    assert list(again.indicators) == list(columns)
    assert (again.times.tolist(), again.symbols.tolist(), again.close.tolist()) == ([1, 2], [0, 0], [3.0, 4.0])
    assert np.array_equal(again.indicators["a.b"], columns["a.b"], equal_nan=True)


def test_a_run_of_before_that_was_kept_has_nothing_to_see(files: RunFiles) -> None:
    files.write_window(0, a_window(0))
    assert files.seen(0) is None
    assert files.seen_times(0) is None
