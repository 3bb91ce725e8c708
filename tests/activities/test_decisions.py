"""A live run's strategy answers from the task and the recorded bars alone."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from temporalio.exceptions import ApplicationError

from tests.activities.decision_home import ACCOUNT, BARS, CROSS, PLUGINS, RUN, WARMUP, Home, a_task, asked, decided, end_of
from tests.builders import Replayed, bars_of, replay, walk
from weaver.market import from_microseconds
from weaver.marvin.loader import Library, build
from weaver.orders import Side, client_order_id
from weaver.walle.results import RunFiles
from weaver.walle.trading_model import FillRecord, LedgerPosition
from weaver.walle.trading_queries import TradingQueries
from workflows.trading_inputs import Ledger


def backtested(warmup: int) -> Replayed:
    """The run as a backtest that starts with the first bar acted on."""
    loaded = build(Library.open(()).source("sma-cross"))
    return replay(BARS[WARMUP - warmup :], loaded.create(loaded.parse_params(CROSS)), start=from_microseconds(int(BARS.starts[WARMUP])))


def ledger_before(result: Replayed, row: int) -> Ledger:
    """What the run had when the bar at `row` ended: the fills until then, booked."""
    fills = [fill for fill in result.fills if fill.time < BARS.ends[row]]
    cash, held, price = Decimal(100_000), Decimal(0), Decimal(0)
    for fill in fills:
        quantity, price = Decimal(repr(fill.quantity)), Decimal(repr(fill.price))
        signed = quantity if fill.side == "buy" else -quantity
        cash, held = cash - signed * price, held + signed
    positions = [LedgerPosition(symbol=BARS.symbol, quantity=held, average_price=price if held else None)]
    records = [
        FillRecord(
            id=str(number),
            number=number,
            order_id=client_order_id(RUN, fill.order_id),
            run_id=RUN,
            account=ACCOUNT,
            symbol=fill.symbol,
            side=Side(fill.side),
            quantity=Decimal(repr(fill.quantity)),
            price=Decimal(repr(fill.price)),
            time=from_microseconds(fill.time),
        )
        for number, fill in enumerate(fills)
    ]
    return Ledger(cash=cash, positions=positions, fills=records[-1:])


def test_every_decision_is_the_backtests(home: Home) -> None:
    home.record(BARS, slice(0, WARMUP))
    pinned = home.pinned(asked(**CROSS))
    result = backtested(pinned.warmup)
    steps = home.steps()
    live: list[tuple[str, str, Decimal]] = []
    for row in range(WARMUP, len(BARS)):
        home.record(BARS, slice(row, row + 1))
        decision = decided(steps, a_task(pinned, row, ledger=ledger_before(result, row)))
        live += [(one.request.client_order_id, one.request.side.value, one.request.quantity) for one in decision.orders]
    expected = [(client_order_id(RUN, one.id), one.side, Decimal(repr(one.quantity))) for one in result.orders]
    assert live == expected
    assert len(live) > 4


def test_a_repeat_in_another_process_answers_the_same(home: Home) -> None:
    home.record(BARS)
    pinned = home.pinned(asked(**CROSS))
    task = a_task(pinned, 50)
    old = home.steps()
    decided(old, a_task(pinned, 79))
    assert decided(old, task) == decided(home.steps(), task) == decided(old, task)


def test_series_that_had_to_leave_memory_give_the_same(home: Home) -> None:
    symbols = ("A/USD", "B/USD", "C/USD")
    request = asked("weights", symbols)
    for number, symbol in enumerate(symbols):
        home.record(replace(bars_of(walk(60, seed=number)), symbol=symbol))
    pinned = home.pinned(request)
    tasks = [a_task(pinned, row, strategy="weights", fresh=list(symbols)) for row in (40, 50, 59, 45)]
    roomy = [decided(home.steps(), task) for task in tasks]
    for memory in ({"memory_bytes": 1}, {"memory_bytes": 200_000}, {"memory_bytes": 1, "disk_bytes": 1}):
        tight = home.steps(**memory)
        assert [decided(tight, task) for task in tasks] == roomy


def test_bars_that_no_file_can_take_are_read_again(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.record(BARS)
    pinned = home.pinned(asked(**CROSS))
    nowhere = home.steps(folder=str(home.folder / "nowhere"), memory_bytes=1)
    assert [decided(nowhere, a_task(pinned, 40)) for _ in range(2)] == [decided(home.steps(), a_task(pinned, 40))] * 2
    assert "could not be kept in a file: No such file or directory" in caplog.text


def test_bars_that_were_stored_late_are_seen(home: Home) -> None:
    pinned = home.pinned(asked(**CROSS))
    home.record(BARS, slice(0, 36))
    home.record(BARS, slice(37, 45))
    steps = home.steps()
    with_gap = decided(steps, a_task(pinned, 38))
    home.record(BARS)
    assert decided(steps, a_task(pinned, 38)) == decided(home.steps(), a_task(pinned, 38)) != with_gap


def test_a_run_with_a_longer_warm_up_sees_the_bars_stored_for_it(home: Home) -> None:
    pinned = home.pinned(asked(**CROSS))
    home.record(BARS, slice(20, None))
    steps = home.steps()
    short = decided(steps, a_task(pinned, 40, first_end=end_of(20)))
    home.record(BARS)
    long = decided(steps, a_task(pinned, 40, first_end=end_of(0)))
    assert long == decided(home.steps(), a_task(pinned, 40, first_end=end_of(0)))
    assert decided(steps, a_task(pinned, 40, first_end=end_of(20))) == short


def test_what_was_seen_is_told_and_on_record(home: Home) -> None:
    home.record(BARS)
    pinned = home.pinned(asked(**CROSS))
    decision = decided(home.steps(), a_task(pinned, 40))
    (event,) = decision.events
    seen = decision.seen[BARS.symbol]
    assert seen["close"] == BARS.close[40]
    assert seen["fast"] == pytest.approx(np.mean(BARS.close[39:41]))
    assert seen["position"] == 0
    assert event.type == "strategy.DecisionMade"
    assert event.payload["bar_end"] == "2024-01-01T00:41:00Z"
    assert event.payload["seen"] == decision.seen
    assert event.corr_id == f"{RUN}:2024-01-01T00:41:00Z"
    (record,) = TradingQueries(home.database).decisions(RUN)
    assert record.seen == decision.seen
    assert list(record.orders) == [one.request.client_order_id for one in decision.orders]


def test_an_indicator_without_a_value_is_none(home: Home) -> None:
    home.record(BARS)
    pinned = home.pinned(asked(fast=10, slow=60))
    assert decided(home.steps(), a_task(pinned, 35)).seen[BARS.symbol]["slow"] is None


def test_only_the_bars_from_the_first_warm_up_bar_on_count(home: Home) -> None:
    pinned = home.pinned(asked(**CROSS))
    home.record(BARS)
    shown = decided(home.steps(), a_task(pinned, 40)).seen
    plan = RunFiles(str(home.folder / "results"), RUN).read_text(pinned.plan)
    assert f'"warmup":{pinned.warmup}' in plan
    (home.folder / "fewer").mkdir()
    fewer = Home(home.folder / "fewer")
    fewer.record(BARS, slice(WARMUP - pinned.warmup, None))
    assert decided(fewer.steps(), a_task(fewer.pinned(asked(**CROSS)), 40)).seen == shown
    fewer.close()


def test_a_symbol_whose_bar_came_after_the_tick_is_not_seen_fresh(home: Home) -> None:
    symbols = ("A/USD", "B/USD")
    for symbol in symbols:
        home.record(replace(bars_of(walk(60)), symbol=symbol))
    pinned = home.pinned(asked("weights", symbols))
    decision = decided(home.steps(), a_task(pinned, 40, strategy="weights", fresh=["A/USD"]))
    prices = bars_of(walk(60)).close
    assert (decision.seen["A/USD"]["close"], decision.seen["B/USD"]["close"]) == (prices[40], prices[39])


def test_a_fresh_bar_that_is_not_stored_is_asked_for_again(home: Home) -> None:
    home.record(BARS, slice(0, 40))
    pinned = home.pinned(asked(**CROSS))
    with pytest.raises(ApplicationError, match="is not in WallE") as failure:
        decided(home.steps(), a_task(pinned, 40))
    assert not failure.value.non_retryable


def test_many_symbols_are_told_within_a_payload_and_the_held_ones_first(home: Home) -> None:
    symbols = [f"S{number:03}/USD" for number in range(500)]
    for symbol in (symbols[0], symbols[499]):
        home.record(replace(bars_of(walk(60)), symbol=symbol))
    pinned = home.pinned(asked("weights", symbols))
    position = LedgerPosition(symbol=symbols[499], quantity=Decimal(7), average_price=Decimal(100))
    ledger = Ledger(cash=Decimal(100_000), positions=[position])
    decision = decided(home.steps(), a_task(pinned, 40, strategy="weights", fresh=[symbols[0], symbols[499]], ledger=ledger))
    payload = decision.events[0].payload
    assert decision.seen[symbols[499]]["position"] == 7
    assert 100 < len(decision.seen) == 500 - payload["left_out"]["seen"]
    assert len(decision.notes[0]) == 1_000
    assert len(decision.model_dump_json()) < 100_000
    (record,) = TradingQueries(home.database).decisions(RUN)
    assert len(record.seen) == 500


def test_a_decision_long_after_its_first_bar_still_begins_at_it(home: Home) -> None:
    """`view.row` counts from the first warm-up bar, however much was recorded before."""
    (home.folder / "plugins" / "rows.py").write_text(
        PLUGINS["leaves"]
        .replace('id="leaves"', 'id="rows"')
        .replace("raise SystemExit(3)", "view.note(str(view.only.row)); return ()")
        .replace("    def decide", "    def warmup(self):\n        return 7\n\n    def decide")
    )
    home.record(BARS)
    pinned = home.pinned(asked("rows"))
    assert pinned.warmup == 7
    steps = home.steps()
    assert [decided(steps, a_task(pinned, row, strategy="rows")).notes for row in (WARMUP, 79)] == [["7"], ["56"]]
    assert decided(steps, a_task(pinned, 40, strategy="rows", first_end=end_of(0) - timedelta(minutes=1))).notes == ["40"]
