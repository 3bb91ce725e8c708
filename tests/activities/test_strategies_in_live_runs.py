"""What strategies answer, break and see in a live run."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from tests.activities.decision_home import ACCOUNT, BARS, PLUGINS, RUN, Home, a_task, asked, decided, end_of, error_of
from tests.builders import MONDAY
from weaver.orders import OrderStatus, OrderType, Side
from weaver.walle.trading_model import LiveBar, OrderRecord
from workflows.trading_inputs import Ledger


def a_working_order(order_id: str, **terms: Any) -> OrderRecord:
    known: dict[str, Any] = {"symbol": BARS.symbol, "side": Side.BUY, "order_type": OrderType.MARKET, "quantity": Decimal(10)}
    rest = {"id": order_id, "run_id": RUN, "account": ACCOUNT, "status": OrderStatus.ACCEPTED, "created_at": end_of(39)}
    return OrderRecord(**(known | rest | terms))


def test_a_target_weight_takes_back_what_an_earlier_one_ordered(home: Home) -> None:
    home.record(BARS)
    pinned = home.pinned(asked("weights"))
    steps = home.steps()
    first = decided(steps, a_task(pinned, 40, strategy="weights"))
    assert first.state == '{"asked":1}'
    assert first.weighted == [one.request.client_order_id for one in first.orders]
    other = a_working_order("w-by-hand-1")
    ledger = Ledger(cash=Decimal(100_000), working=[a_working_order(first.weighted[0]), other])
    task = a_task(pinned, 41, strategy="weights", ledger=ledger, state=first.state, weighted=first.weighted)
    second = decided(steps, task)
    assert second.cancels == first.weighted
    assert second.weighted == [one.request.client_order_id for one in second.orders]
    assert second.state == '{"asked":2}'


@pytest.mark.parametrize(("strategy", "message", "line"), [("leaves", "SystemExit: 3", None), ("divides", "ZeroDivisionError", 9)])
def test_a_strategy_that_breaks_is_named_with_its_line(home: Home, strategy: str, message: str, line: int | None) -> None:
    home.record(BARS)
    pinned = home.pinned(asked(strategy))
    with pytest.raises(ApplicationError, match=message) as failure:
        decided(home.steps(), a_task(pinned, 40, strategy=strategy))
    assert failure.value.type == "StrategyBroken"
    assert failure.value.non_retryable
    assert error_of(failure.value).line == line


def test_a_strategy_cannot_change_the_bars_of_others(home: Home) -> None:
    home.record(BARS)
    pinned = home.pinned(asked("scribbles"))
    with pytest.raises(ApplicationError, match="read-only"):
        decided(home.steps(), a_task(pinned, 40, strategy="scribbles"))


def test_daily_bars_of_equities_end_at_the_close_and_make_weeks(home: Home) -> None:
    """The venue's bars start at New York's midnight: 05:00Z in winter. Juneteenth (Wednesday 2024-06-19) has no session."""
    (home.folder / "plugins" / "weekly.py").write_text(
        PLUGINS["leaves"]
        .replace('id="leaves"', 'id="weekly"')
        .replace("raise SystemExit(3)", "week = view.timeframe('1w'); view.note(f'{view.only.row} {week.known} {week.fresh}'); return ()")
    )
    days = [datetime(2024, 6, day, 4, tzinfo=UTC) for day in (10, 11, 12, 13, 14, 17, 18, 20)]
    price = {name: Decimal(100) for name in ("open", "high", "low", "close", "volume")}
    bars = [LiveBar(adapter="simulated", symbol="AAPL", timeframe="1d", start=day, **price) for day in days]
    pinned = home.pinned(asked("weekly", ["AAPL"]).model_copy(update={"timeframe": "1d"}))
    steps, notes = home.steps(), list[str]()
    for bar in bars:
        home.live_bars.save([bar], MONDAY)
        end, first_end = bar.start.replace(hour=20), days[0].replace(hour=20)
        task = a_task(pinned, 0, strategy="weekly", fresh=["AAPL"], end=end, first_end=first_end)
        decision = decided(steps, task)
        assert decision == decided(home.steps(), task)
        notes += decision.notes
    weeks = ["False False"] * 4 + ["True True"] + ["True False"] * 3
    assert notes == [f"{row} {week}" for row, week in enumerate(weeks)]
