"""What a tick says of orders, fills, money and the run."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from temporalio.exceptions import ApplicationError

from tests.activities.tick_world import ACCOUNT, COIN, MINUTE, NOON, OTHER, World, attempt, events
from tests.walle.trading import NO_LIMITS, a_fill, a_report, funds, wanted
from weaver.broker import Fill
from weaver.glados.risk import RiskLimits
from weaver.orders import OrderStatus, Role
from weaver.walle.database import Database
from weaver.walle.leases import Leases
from weaver.walle.queries import Queries


async def test_an_equity_is_asked_for_at_its_own_ends_only(world: World) -> None:
    """Friday 2026-11-27 closes at 18:00Z; the coin's day ends at midnight."""
    world.clock.move_to(datetime(2026, 11, 27, 17, 59, 50, tzinfo=UTC))
    close = datetime(2026, 11, 27, 18, tzinfo=UTC)
    tick = await world.tick(close, symbols=["AAPL", COIN], timeframe="1d", warmup=2)

    assert list(tick.fresh) == ["AAPL"]
    assert world.recorded("AAPL", "1d") == [datetime(2026, 11, day, tzinfo=UTC) for day in (24, 25, 27)]
    assert tick.next_end == datetime(2026, 11, 28, tzinfo=UTC)
    assert [asked for asked, _, _, _ in world.exchange.asked] == [("AAPL",)]


async def test_fills_are_booked_told_and_in_the_ledger_with_one_question_for_all_runs(world: World) -> None:
    end = NOON + MINUTE
    await world.buy("w-1", "2")
    tasks = [world.task(end, run_id, symbols=[COIN]) for run_id in ("run", "run-2")]
    await world.buy("w-2", "1", symbol=OTHER, run_id="run-2")
    tick, other = await world.clock.run(asyncio.gather(*(attempt(world.ticks, task) for task in tasks)))

    assert world.exchange.listed == 1
    (fill,) = tick.ledger.fills
    assert (fill.order_id, fill.quantity) == ("w-1", Decimal(2))
    assert [position.quantity for position in tick.ledger.positions] == [Decimal(2)]
    assert tick.ledger.working == []
    assert tick.equity == Decimal(10_000) - 2 * fill.price + 2 * tick.fresh[COIN]
    assert [fill.order_id for fill in other.ledger.fills] == ["w-2"]
    assert {(change.order_id, change.event) for change in world.told} >= {("w-1", "orders.Filled"), ("w-2", "orders.Filled")}


async def test_the_exits_of_a_filled_bracket_are_in_the_ledger(world: World) -> None:
    end = NOON + MINUTE
    await world.buy("w-1", stop_loss="10", take_profit="1000")
    tick = await world.tick(end)
    assert [(fill.order_id, fill.quantity) for fill in tick.ledger.fills] == [("w-1", Decimal(2))]
    assert {(order.parent_id, order.role) for order in tick.ledger.working} == {("w-1", Role.TAKE_PROFIT), ("w-1", Role.STOP_LOSS)}

    told = len(world.told)
    again = await world.tick(end + MINUTE, first_end=end, cursor=tick.ledger.cursor)
    assert (len(world.told), again.ledger.fills, len(again.ledger.working)) == (told, [], 2)


async def test_without_working_orders_the_venue_is_not_asked_for_any(world: World) -> None:
    await world.tick(NOON + MINUTE)
    assert world.exchange.listed == 0


async def test_orders_that_cannot_be_asked_for_fail_the_tick(world: World) -> None:
    end = NOON + MINUTE
    await world.buy("w-1")
    world.exchange.away = True
    with pytest.raises(ApplicationError, match="away"):
        await world.tick(end)
    world.exchange.away = False
    assert [fill.order_id for fill in (await world.tick(end)).ledger.fills] == ["w-1"]


async def test_more_fills_than_fit_come_with_the_next_tick(world: World) -> None:
    world.orders.admit([wanted("w-1", symbol=COIN, quantity="500")], limits=NO_LIMITS, run_limits=None, at=NOON)
    fills: list[Fill] = [
        a_fill(f"e-{number}", "w-1", symbol=COIN, quantity=Decimal(1), time=NOON + timedelta(microseconds=number)) for number in range(150)
    ]
    Leases(world.database).take(ACCOUNT, [COIN], "run", NOON)
    world.orders.admit([wanted("w-2", symbol=COIN, quantity="500", run_id="run")], limits=NO_LIMITS, run_limits=None, at=NOON)
    report = replace(
        a_report("w-2", symbol=COIN, quantity=Decimal(500), status=OrderStatus.CANCELLED),
        filled_quantity=Decimal(150),
        filled_average_price=Decimal(100),
    )
    world.orders.report(ACCOUNT, report, [replace(fill, exchange_order_id="x-w-2", client_order_id="w-2") for fill in fills], at=NOON)

    first = await world.tick(NOON + MINUTE)
    rest = await world.tick(NOON + 2 * MINUTE, first_end=NOON + MINUTE, cursor=first.ledger.cursor)

    assert [len(tick.ledger.fills) for tick in (first, rest)] == [100, 50]
    assert first.ledger.cash == rest.ledger.cash == Decimal(10_000 - 150 * 100)
    assert len(first.model_dump_json()) < 100_000


async def test_a_day_s_loss_beyond_the_accounts_limit_is_a_breach(database: Database) -> None:
    world = World(database, limits=RiskLimits(max_daily_loss=Decimal(500), on_daily_loss="flatten"))
    world.accounts.snapshot(ACCOUNT, funds(equity=Decimal(100_500)), session="2026-11-22", at=NOON)
    assert (await world.tick(NOON + MINUTE)).breach is None

    world.accounts.snapshot(ACCOUNT, funds(equity=Decimal("100500.01")), session="2026-11-23", at=NOON + timedelta(days=1))
    world.clock.move_to(NOON + timedelta(days=1))
    tick = await world.tick(NOON + timedelta(days=1, minutes=1))

    assert tick.breach == "The account lost 500.01 today, more than the 500 it may."
    assert tick.flatten_on_breach
    assert events(tick)["risk.Breached"]["rule"] == "max_daily_loss"


async def test_a_tick_missed_on_an_account_that_nobody_looked_at_yet_is_just_missed(database: Database) -> None:
    world = World(database, limits=RiskLimits(max_daily_loss=Decimal(500)))
    world.clock.move_to(NOON + 10 * MINUTE)
    tick = await world.tick(NOON + MINUTE)
    assert (tick.is_missed, tick.breach) == (True, None)


async def test_progress_is_on_record_and_a_paused_run_is_told_as_such(world: World) -> None:
    tick = await world.tick(NOON + MINUTE, bars_done=41, is_paused=True)
    await world.ticks.settled()
    run = Queries(world.database).run("run")
    assert (run.bars_done, run.equity) == (42, Decimal(10_000))
    assert events(tick)["clock.Tick"]["paused"] is True
