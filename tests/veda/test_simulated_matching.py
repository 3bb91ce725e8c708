import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tests.builders import bars_of
from tests.veda.conftest import NOON, Simulated
from tests.veda.simulated_orders import DAILY, FIVE, MINUTE, SYMBOL, limit, on, order, progress
from weaver.broker import OrderReport
from weaver.errors import Refused
from weaver.market import Bars, Timeframe
from weaver.orders import OrderRequest, OrderStatus, OrderType, Side, TimeInForce
from weaver.veda.adapters.simulated import SimulatedExchange
from weaver.walle.database import Database
from weaver.walle.simulated import Simulations


async def test_a_market_order_fills_at_once_at_the_open_of_the_bar_in_progress(simulated: Simulated) -> None:
    exchange = await on(simulated)
    simulated.clock.move(3)
    report = await exchange.submit(order())
    (fill,) = await exchange.fills_since(NOON)
    bar = await progress(exchange, simulated)
    assert report.status is OrderStatus.FILLED
    assert (fill.price, fill.quantity, fill.time) == (bar.open, Decimal(10), NOON)
    assert fill.execution_id == f"{report.exchange_order_id}-1"


async def test_orders_meet_bars_of_the_length_that_was_asked_for_last(simulated: Simulated) -> None:
    exchange = await on(simulated, MINUTE)
    simulated.clock.move(30)
    bar = await progress(exchange, simulated, MINUTE)
    await exchange.submit(order("w-minute"))
    await exchange.bars([SYMBOL], FIVE, NOON, NOON)
    later = await progress(exchange, simulated, FIVE)
    await exchange.submit(order("w-five"))
    assert [fill.price for fill in await exchange.fills_since(NOON)] == [bar.open, later.open]


async def test_one_who_only_looks_at_bars_does_not_change_what_orders_meet(simulated: Simulated) -> None:
    exchange = await on(simulated, MINUTE)
    onlooker = simulated.exchange()
    await onlooker.connect(trading=False)
    await onlooker.latest_bar(SYMBOL, FIVE)
    simulated.clock.move(30)
    bar = await progress(exchange, simulated, MINUTE)
    await exchange.submit(order())
    assert [fill.price for fill in await exchange.fills_since(NOON)] == [bar.open]


async def test_a_limit_inside_the_bar_fills_when_the_bar_is_complete(simulated: Simulated) -> None:
    exchange = await on(simulated)
    simulated.clock.move(1)
    bar = await progress(exchange, simulated)
    assert bar.low < bar.open
    placed = await exchange.submit(limit(str(bar.low)))
    simulated.clock.move(3.9)
    assert (await exchange.order(placed.exchange_order_id)).status is OrderStatus.ACCEPTED
    simulated.clock.move(0.1)
    assert (await exchange.order(placed.exchange_order_id)).status is OrderStatus.FILLED
    (fill,) = await exchange.fills_since(NOON)
    assert (fill.price, fill.time) == (bar.low, NOON)


async def test_a_marketable_limit_fills_at_once_at_the_open(simulated: Simulated) -> None:
    exchange = await on(simulated)
    bar = await progress(exchange, simulated)
    report = await exchange.submit(limit(str(bar.open + 1)))
    assert (report.status, report.filled_average_price) == (OrderStatus.FILLED, bar.open)


class OneGap(Simulations):
    """A store whose bars fall from 100 to 90 between the first and the second."""

    def stored_bars(self, symbol: str, timeframe: Timeframe) -> Bars:
        return bars_of([(100, 100.5, 99.5, 100), (90, 91, 89, 90)], symbol=symbol, timeframe="5s", start=NOON)


async def stopped_through(place: Simulated, database: Database) -> tuple[SimulatedExchange, OrderReport]:
    """A stop at 95, half a second after the open at 90."""
    gap = Simulated(OneGap(database), clock=place.clock, account=place.account)
    exchange = await on(gap, replay=f"{SYMBOL}=X@{NOON.isoformat()}@5s")
    await exchange.submit(order("w-in"))
    place.clock.move(1)
    placed = await exchange.submit(order("w-stop", Side.SELL, order_type=OrderType.STOP, stop_price=Decimal(95)))
    place.clock.move(4.5)
    return exchange, placed


async def test_what_is_decided_at_a_bars_end_cancels_an_order_that_the_next_open_would_fill(
    simulated: Simulated, simulated_database: Database
) -> None:
    exchange, placed = await stopped_through(simulated, simulated_database)
    await exchange.cancel(placed.exchange_order_id)
    simulated.clock.move(10)
    assert (await exchange.order(placed.exchange_order_id)).status is OrderStatus.CANCELLED


async def test_an_order_that_waited_meets_the_open_a_quarter_into_the_bar(simulated: Simulated, simulated_database: Database) -> None:
    exchange, placed = await stopped_through(simulated, simulated_database)
    assert (await exchange.order(placed.exchange_order_id)).status is OrderStatus.ACCEPTED
    simulated.clock.move(0.75)
    report = await exchange.order(placed.exchange_order_id)
    assert (report.status, report.filled_average_price) == (OrderStatus.FILLED, 90)


async def test_an_order_whose_fill_the_rest_of_the_bar_decides_waits_for_it(simulated: Simulated, simulated_database: Database) -> None:
    """A backtest fills the limit of 101, reached later in the bar, before it comes to the market order: nothing is left to sell."""

    class Rising(Simulations):
        def stored_bars(self, symbol: str, timeframe: Timeframe) -> Bars:
            return bars_of([(100, 100.5, 99.5, 100), (100, 102, 99.5, 101)], symbol=symbol, timeframe="5s", start=NOON)

    place = Simulated(Rising(simulated_database), clock=simulated.clock, account=simulated.account)
    exchange = await on(place, replay=f"{SYMBOL}=X@{NOON.isoformat()}@5s")
    await exchange.submit(order("w-in"))
    await exchange.submit(limit("101", "w-limit", Side.SELL))
    simulated.clock.move(5)
    waiting = await exchange.submit(order("w-close", Side.SELL, reduce_only=True))
    assert waiting.status is OrderStatus.ACCEPTED
    simulated.clock.move(5)
    assert (await exchange.order(waiting.exchange_order_id)).status is OrderStatus.CANCELLED
    assert [(fill.client_order_id, fill.price) for fill in await exchange.fills_since(NOON)] == [("w-in", 100), ("w-limit", 101)]


async def test_an_order_between_sessions_waits_for_the_next_open(simulated: Simulated) -> None:
    simulated.clock.time = datetime(2026, 3, 6, 22, tzinfo=UTC)  # Friday evening
    exchange = await on(simulated, DAILY, "AAPL")
    placed = await exchange.submit(order(symbol="AAPL"))
    assert placed.status is OrderStatus.ACCEPTED
    simulated.clock.time = datetime(2026, 3, 9, 13, 29, 59, tzinfo=UTC)  # summer time has begun: the session opens at 13:30
    assert (await exchange.order(placed.exchange_order_id)).status is OrderStatus.ACCEPTED
    simulated.clock.time = datetime(2026, 3, 9, 13, 30, 10, tzinfo=UTC)
    report = await exchange.order(placed.exchange_order_id)
    assert report.status is OrderStatus.FILLED
    (first,) = (
        await exchange.bars(
            ["AAPL"], Timeframe("1s"), datetime(2026, 3, 9, 13, 30, tzinfo=UTC), simulated.clock.time - timedelta(seconds=9)
        )
    )["AAPL"]
    assert report.filled_average_price == first.open


async def test_a_day_order_expires_with_its_session_even_a_short_one(simulated: Simulated) -> None:
    simulated.clock.time = datetime(2025, 11, 28, 17, 58, tzinfo=UTC)  # the day after Thanksgiving closes at 18:00Z
    exchange = await on(simulated, MINUTE, "AAPL")
    placed = await exchange.submit(limit("1", symbol="AAPL", time_in_force=TimeInForce.DAY))
    lasting = await exchange.submit(limit("1", "w-2", symbol="AAPL"))
    simulated.clock.time = datetime(2025, 11, 28, 18, tzinfo=UTC)
    assert (await exchange.order(placed.exchange_order_id)).status is OrderStatus.EXPIRED
    assert (await exchange.order(lasting.exchange_order_id)).status is OrderStatus.ACCEPTED


async def test_a_purchase_beyond_the_cash_is_rejected_with_the_reason(simulated: Simulated) -> None:
    exchange = await on(simulated, cash="100")
    report = await exchange.submit(order(quantity="10"))
    assert report.status is OrderStatus.REJECTED
    assert report.reject_reason is not None
    assert "100.00 of cash" in report.reject_reason
    assert (await exchange.account()).cash == 100


async def test_nothing_is_sold_that_is_not_held(simulated: Simulated) -> None:
    exchange = await on(simulated)
    report = await exchange.submit(order(side=Side.SELL))
    assert report.status is OrderStatus.REJECTED
    assert "short selling" in (report.reject_reason or "")


@pytest.mark.parametrize(
    "wrong",
    [
        order(quantity="0"),
        order(quantity="-1"),
        order(quantity="0.000000001"),
        order(limit_price=Decimal(1)),
        order(order_type=OrderType.LIMIT),
        order(order_type=OrderType.STOP),
        order(order_type=OrderType.TRAILING_STOP),
        order(order_type=OrderType.TRAILING_STOP, trail=Decimal(1), trail_percent=Decimal(1)),
        limit("-1"),
    ],
)
async def test_terms_that_make_no_sense_are_refused_and_leave_nothing(simulated: Simulated, wrong: OrderRequest) -> None:
    exchange = await on(simulated)
    with pytest.raises(Refused):
        await exchange.submit(wrong)
    assert await exchange.find("w-1") is None


async def test_costs_are_paid(simulated: Simulated) -> None:
    exchange = await on(simulated, costs=json.dumps({"commission_per_order": "1.5", "slippage_bps": 100}))
    bar = await progress(exchange, simulated)
    await exchange.submit(order())
    (fill,) = await exchange.fills_since(NOON)
    assert fill.commission == Decimal("1.5")
    assert fill.price == pytest.approx(bar.open * Decimal("1.01"))
    assert (await exchange.account()).cash == pytest.approx(100_000 - 10 * fill.price - Decimal("1.5"))


async def test_the_holding_knows_its_average_price_and_what_is_not_on_sale(simulated: Simulated) -> None:
    exchange = await on(simulated)
    prices: list[Decimal] = []
    for name in ("w-1", "w-2"):
        report = await exchange.submit(order(name))
        prices.append(report.filled_average_price or Decimal(0))
        simulated.clock.move(60)
    await exchange.submit(limit("1000", "w-3", Side.SELL))
    (held,) = await exchange.positions()
    assert (held.quantity, held.available) == (20, 10)
    assert held.average_entry_price == pytest.approx(sum(prices) / 2)


async def test_a_bracket_sells_once(simulated: Simulated) -> None:
    exchange = await on(simulated)
    bar = await progress(exchange, simulated)
    near = Decimal("0.03")
    placed = await exchange.submit(order(take_profit=bar.open + near, stop_loss=bar.open - near))
    simulated.clock.move(600)
    profit, loss = (await exchange.order(placed.exchange_order_id)).legs
    assert {profit.status, loss.status} == {OrderStatus.FILLED, OrderStatus.CANCELLED}
    assert await exchange.positions() == []
    assert await exchange.find(f"{placed.client_order_id}.tp") == profit
    assert await exchange.order(f"{placed.exchange_order_id}-sl") == loss


async def test_the_legs_of_an_entry_that_waits_are_held_and_end_with_it(simulated: Simulated) -> None:
    exchange = await on(simulated)
    placed = await exchange.submit(limit("1", take_profit=Decimal(2), stop_loss=Decimal("0.5")))
    assert [leg.venue_status for leg in placed.legs] == ["held", "held"]
    await exchange.cancel(placed.exchange_order_id)
    report = await exchange.order(placed.exchange_order_id)
    assert [leg.status for leg in report.legs] == [OrderStatus.CANCELLED] * 2


async def test_a_held_leg_may_be_cancelled_alone(simulated: Simulated) -> None:
    exchange = await on(simulated)
    placed = await exchange.submit(limit("1", take_profit=Decimal(2), stop_loss=Decimal("0.5")))
    await exchange.cancel(placed.legs[0].exchange_order_id)
    profit, loss = (await exchange.order(placed.exchange_order_id)).legs
    assert (profit.status, loss.status) == (OrderStatus.CANCELLED, OrderStatus.ACCEPTED)


async def test_long_after_everything_is_matched_bar_by_bar(simulated: Simulated) -> None:
    exchange = await on(simulated)
    bar = await progress(exchange, simulated)
    await exchange.submit(order("w-in"))
    await exchange.submit(order("w-out", Side.SELL, order_type=OrderType.TRAILING_STOP, trail=Decimal("0.2")))
    near = await exchange.submit(limit(str(bar.open * Decimal("0.98")), "w-low", quantity="1"))
    simulated.clock.move(86_400)
    fills = await exchange.fills_since(NOON)
    assert [fill.client_order_id for fill in fills[:2]] == ["w-in", "w-out"]
    assert fills[1].time < NOON + timedelta(minutes=10)
    assert (await exchange.order(near.exchange_order_id)).status in {OrderStatus.FILLED, OrderStatus.ACCEPTED}
