"""Closed trades and equity of a paper or live run, worked by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weaver.market import MICROSECONDS, Timeframe, to_microseconds
from weaver.orders import Side
from weaver.walle.columns import BarColumns
from weaver.walle.run_curve import ClosedLot, closed_lots, equity_curve
from weaver.walle.trading_model import FillRecord

START = datetime(2024, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def fill(number: int, side: str, quantity: str, price: str, *, minute: float, commission: str = "0", symbol: str = "A/USD") -> FillRecord:
    return FillRecord(
        id=f"e-{number}",
        number=number,
        order_id=f"o-{number}",
        run_id="run",
        account="simulated-paper",
        symbol=symbol,
        side=Side(side),
        quantity=Decimal(quantity),
        price=Decimal(price),
        commission=Decimal(commission),
        time=START + minute * MINUTE,
    )


def bars(*closes: float, first: int = 0) -> BarColumns:
    """One-minute bars with these closes, the first starting at that minute."""
    starts = to_microseconds(START) + (first + np.arange(len(closes), dtype=np.int64)) * 60 * MICROSECONDS
    column = np.array(closes, np.float64)
    return BarColumns(starts=starts, open=column, high=column, low=column, close=column, volume=column)


def curve(fills: list[FillRecord], budget: str = "1000", **series: BarColumns) -> tuple[list[float], list[float]]:
    by_symbol = {f"{name}/USD": columns for name, columns in series.items()}
    found = equity_curve(fills, by_symbol, budget=Decimal(budget), timeframe=Timeframe("1m"))
    return found.equity.tolist(), found.benchmark.tolist()


def test_lots_close_first_in_first_out_and_share_their_commissions() -> None:
    fills = [
        fill(1, "buy", "10", "100", minute=0, commission="1"),
        fill(2, "buy", "10", "110", minute=1, commission="2"),
        fill(3, "sell", "15", "120", minute=3, commission="3"),
    ]
    first, second = closed_lots(fills)
    # 10 x 20 - 1 of its own - 10/15 of 3 = 197; 5 x 10 - 5/10 of 2 - 5/15 of 3 = 48
    assert (first.quantity, first.pnl, second.quantity, second.pnl) == (Decimal(10), Decimal(197), Decimal(5), Decimal(48))
    assert (first.side, first.entry_time, first.exit_time) == ("long", START, START + 3 * MINUTE)
    assert (second.entry_price, second.exit_price) == (Decimal(110), Decimal(120))


def test_a_sale_beyond_the_position_closes_it_and_opens_a_short_one() -> None:
    fills = [fill(1, "buy", "1", "100", minute=0), fill(2, "sell", "3", "90", minute=1), fill(3, "buy", "2", "80", minute=2)]
    assert [(lot.side, lot.quantity, lot.pnl) for lot in closed_lots(fills)] == [
        ("long", Decimal(1), Decimal(-10)),
        ("short", Decimal(2), Decimal(20)),
    ]


def test_a_fee_in_kind_leaves_less_to_close() -> None:
    bought = replace(fill(1, "buy", "10", "100", minute=0), received=Decimal(8))
    (lot,) = closed_lots([bought, fill(2, "sell", "8", "100", minute=1)])
    assert (lot.quantity, lot.pnl) == (Decimal(8), Decimal(0))


def test_nothing_closed_is_no_trade() -> None:
    assert closed_lots([fill(1, "buy", "1", "100", minute=0)]) == []
    assert closed_lots([]) == []


def test_equity_follows_fills_and_closes() -> None:
    # Bought 2 at 100 within the second bar, commission 1: 1000 - 201 + 2 x close; sold 1 at 130 within the fourth.
    fills = [fill(1, "buy", "2", "100", minute=1.5, commission="1"), fill(2, "sell", "1", "130", minute=3.5)]
    equity, benchmark = curve(fills, A=bars(100, 110, 120, 125, 90))
    assert equity == [1000, 1019, 1039, 1054, 1019]
    assert benchmark == [1000, 1100, 1200, 1250, 900]


def test_a_fill_at_a_bars_end_counts_from_the_next_bar_on() -> None:
    equity, _ = curve([fill(1, "buy", "1", "100", minute=1)], A=bars(100, 110))
    assert equity == [1000, 1010]


def test_symbols_share_one_timeline_and_the_benchmark() -> None:
    equity, benchmark = curve([fill(1, "buy", "1", "50", minute=0.5, symbol="B/USD")], A=bars(100, 200, 200), B=bars(60, 90, first=1))
    # B has no bar yet at first: it counts at its fill of 50, then 60 and 90.
    assert equity == [1000, 1010, 1040]
    assert benchmark == [1000, 1500, 1750]


def test_a_run_that_saw_no_bar_has_no_curve() -> None:
    assert curve([fill(1, "buy", "1", "100", minute=0)]) == ([], [])
    assert curve([], A=bars(100, 90)) == ([1000, 1000], [1000, 900])


@given(st.lists(st.tuples(st.sampled_from(["buy", "sell"]), st.integers(1, 5), st.integers(50, 150), st.integers(0, 3)), max_size=30))
def test_all_that_was_gained_is_in_the_closed_trades_once_flat(steps: list[tuple[str, int, int, int]]) -> None:
    fills = [fill(n, side, str(size), str(price), minute=n, commission=str(fee)) for n, (side, size, price, fee) in enumerate(steps)]
    held = sum((one.side.sign * one.quantity for one in fills), Decimal(0))
    if held:
        fills.append(fill(len(fills), "sell" if held > 0 else "buy", str(abs(held)), "100", minute=len(fills)))
    gained = sum((lot.pnl for lot in closed_lots(fills)), Decimal(0))
    flows = sum((-one.side.sign * one.quantity * one.price - one.commission for one in fills), Decimal(0))
    assert float(gained) == pytest.approx(float(flows))
    equity, _ = curve(fills, A=bars(*([100.0] * (len(fills) + 1))))
    assert equity[-1] == pytest.approx(1000 + float(flows))


def test_a_closed_lot_is_a_value() -> None:
    lot = closed_lots([fill(1, "buy", "1", "100", minute=0), fill(2, "sell", "1", "110", minute=1)])[0]
    assert lot == ClosedLot(
        symbol="A/USD",
        side="long",
        quantity=Decimal(1),
        entry_time=START,
        entry_price=Decimal(100),
        exit_time=START + MINUTE,
        exit_price=Decimal(110),
        pnl=Decimal(10),
    )
