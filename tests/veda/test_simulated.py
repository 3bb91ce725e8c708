import asyncio
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.builders import bars_of
from tests.veda.conftest import NOON, Simulated
from tests.veda.contract import listening, updates
from weaver.broker import MarketBar, OrderReport, StreamDown, StreamUp, TradeUpdate
from weaver.errors import BadValue, NotFound, Refused, TermsDiffer, Unavailable, Unknown
from weaver.market import Bars, Timeframe
from weaver.orders import OrderRequest, OrderStatus, OrderType, Side, TimeInForce
from weaver.veda.adapters.simulated import (
    Disconnect,
    Duplicate,
    LateFill,
    Outage,
    PartialFill,
    Refuse,
    Reorder,
    SimulatedExchange,
    TimeOutAfter,
    TimeOutBefore,
)
from weaver.walle.database import Database
from weaver.walle.simulated import Simulations
from weaver.walle.simulated_tables import SimulatedAccountRow, SimulatedMessageRow

FIVE, MINUTE, DAILY = Timeframe("5s"), Timeframe("1m"), Timeframe("1d")
SYMBOL = "SIM/USD"


def order(name: str = "w-1", side: Side = Side.BUY, quantity: str = "10", symbol: str = SYMBOL, **terms: Any) -> OrderRequest:
    given = {"order_type": OrderType.MARKET} | terms
    return OrderRequest(client_order_id=name, symbol=symbol, side=side, quantity=Decimal(quantity), **given)


def limit(price: str, name: str = "w-1", side: Side = Side.BUY, **terms: Any) -> OrderRequest:
    return order(name, side, order_type=OrderType.LIMIT, limit_price=Decimal(price), **terms)


async def on(place: Simulated, frame: Timeframe = FIVE, symbol: str = SYMBOL, **environment: str) -> SimulatedExchange:
    """A connected exchange on which the symbol's orders meet bars of `frame`."""
    exchange = await place.connected(**environment)
    await exchange.latest_bar(symbol, frame)
    return exchange


async def progress(exchange: SimulatedExchange, place: Simulated, frame: Timeframe = FIVE, symbol: str = SYMBOL) -> MarketBar:
    """The bar in progress as it will be, asked for by one who sees the future."""
    future = place.clock.time + timedelta(seconds=frame.seconds)
    seer = Simulated(place.store, account=f"{place.account}-seer")
    seer.clock.time = future
    bar = await (await seer.connected()).latest_bar(symbol, frame)
    assert bar is not None
    return bar


# Matching


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


# State


async def test_another_exchange_goes_on_with_the_account(simulated: Simulated) -> None:
    first = await on(simulated)
    await first.submit(order("w-1"))
    placed = await first.submit(limit("1", "w-2"))
    second = simulated.exchange(cash="5")  # too late: the account has its money
    await second.connect()
    assert await second.account() == await first.account()
    assert await second.positions() == await first.positions()
    assert await second.open_orders() == [placed]
    await second.cancel(placed.exchange_order_id)
    assert await first.open_orders() == []


async def test_exchanges_that_submit_at_once_lose_nothing(simulated: Simulated) -> None:
    exchanges = [await on(simulated) for _ in range(4)]
    await asyncio.gather(*(exchanges[n % 4].submit(order(f"w-{n}", quantity="1")) for n in range(40)))
    (held,) = await exchanges[0].positions()
    fills = await exchanges[0].fills_since(NOON)
    assert held.quantity == 40
    assert len({fill.execution_id for fill in fills}) == 40
    assert (await exchanges[0].account()).cash == 100_000 - sum(fill.price for fill in fills)


async def test_the_same_order_sent_by_several_at_once_exists_once(simulated: Simulated) -> None:
    exchanges = [await on(simulated) for _ in range(4)]
    reports = await asyncio.gather(*(exchange.submit(order()) for exchange in exchanges))
    assert len({report.exchange_order_id for report in reports}) == 1
    assert len(await exchanges[0].fills_since(NOON)) == 1


async def test_what_is_over_does_not_stay_in_the_state(simulated: Simulated, simulated_database: Database) -> None:
    exchange = await on(simulated)

    def size() -> int:
        with simulated_database.read() as session:
            return session.scalar(select(func.length(SimulatedAccountRow.state)).where(SimulatedAccountRow.id == simulated.account)) or 0

    sizes: list[int] = []
    for n in range(30):
        await exchange.submit(order(f"w-{n}", Side.SELL if n % 2 else Side.BUY))
        sizes.append(size())
    assert max(sizes) < 500
    assert abs(sizes[-1] - sizes[1]) < 40  # digits of a number


async def test_looking_writes_nothing(simulated: Simulated, simulated_database: Database) -> None:
    exchange = await on(simulated)
    await exchange.submit(limit("1"))

    def state() -> str | None:
        with simulated_database.read() as session:
            return session.scalar(select(SimulatedAccountRow.state).where(SimulatedAccountRow.id == simulated.account))

    before = state()
    for _ in range(3):
        await exchange.account()
        await exchange.open_orders()
        await exchange.latest_bar(SYMBOL, FIVE)
        await exchange.quote("OTHER/USD")
    assert state() == before


async def test_terms_are_compared_after_the_order_is_over(simulated: Simulated) -> None:
    exchange = await on(simulated)
    filled = await exchange.submit(order())
    assert await exchange.submit(order()) == filled
    with pytest.raises(TermsDiffer, match="quantity 10 and not 11"):
        await exchange.submit(order(quantity="11"))


@pytest.mark.parametrize(
    ("name", "value"), [("cash", "much"), ("cash", "-1"), ("cash", "nan"), ("costs", "{"), ("costs", '{"fee": 1}'), ("replay", "x")]
)
def test_options_that_cannot_be_read_are_named(simulated: Simulated, name: str, value: str) -> None:
    with pytest.raises(BadValue, match=f"WEAVER_SIMULATED_{name.upper()}"):
        simulated.exchange(**{name: value})


# Streams


async def test_a_fill_is_on_the_stream_at_once_in_the_same_process(simulated: Simulated) -> None:
    exchange, other = await on(simulated), await on(simulated)
    async with listening(other.trade_updates()) as listener:
        loop = asyncio.get_running_loop()
        report = await exchange.submit(order())
        begun = loop.time()
        await listener.until(lambda heard: len(updates(heard, report.exchange_order_id)) == 2)
        assert loop.time() - begun < 0.15  # less than the wait between two looks
    assert [one.event for one in updates(listener.heard, report.exchange_order_id)] == ["new", "fill"]


async def test_the_stream_hears_of_what_another_process_wrote(simulated: Simulated) -> None:
    exchange = await on(simulated)
    async with listening(exchange.trade_updates()) as listener:
        stranger = Simulated(simulated.store, clock=simulated.clock, account=simulated.account)
        apart = stranger.exchange()
        apart._bell = type(apart._bell)()  # another process has a bell of its own
        await apart.connect()
        report = await apart.submit(order())
        await listener.until(lambda heard: len(updates(heard, report.exchange_order_id)) == 2)


async def test_the_stream_matches_what_is_due_when_nobody_else_asks(simulated: Simulated) -> None:
    exchange = await on(simulated)
    bar = await progress(exchange, simulated)
    placed = await exchange.submit(limit(str(bar.low)))
    async with listening(exchange.trade_updates()) as listener:
        simulated.clock.move(5)
        heard = await listener.until(lambda heard: bool(updates(heard, placed.exchange_order_id)))
    assert updates(heard, placed.exchange_order_id)[0].event == "fill"


async def test_bars_come_by_stream_in_order_and_none_is_left_out(simulated: Simulated) -> None:
    exchange = await on(simulated)
    async with listening(exchange.bar_updates([SYMBOL, "B/USD"], FIVE)) as listener:
        simulated.clock.move(15)
        heard = await listener.until(lambda heard: len(heard) == 7)
    for symbol in (SYMBOL, "B/USD"):
        starts = [bar.start for bar in heard if isinstance(bar, MarketBar) and bar.symbol == symbol]
        assert starts == [NOON, NOON + timedelta(seconds=5), NOON + timedelta(seconds=10)]


# Faults


async def outcome(exchange: SimulatedExchange, request: OrderRequest) -> OrderReport | None:
    """Send an order that a fault befalls, and return what became of it."""
    with pytest.raises((Refused, Unavailable, Unknown)):
        await exchange.submit(request)
    return await exchange.find(request.client_order_id)


@pytest.mark.parametrize(
    ("fault", "problem", "placed"),
    [
        (Refuse(reason="no such luck"), Refused, False),
        (Outage(), Unavailable, False),
        (TimeOutBefore(), Unknown, False),
        (TimeOutAfter(), Unknown, True),
    ],
)
async def test_a_submit_goes_wrong_once_as_scripted(simulated: Simulated, fault: Any, problem: type[Exception], placed: bool) -> None:
    exchange = await on(simulated)
    await exchange.script([fault])
    with pytest.raises(problem):
        await exchange.submit(order())
    assert (await exchange.find("w-1") is not None) is placed
    assert (await exchange.submit(order())).status is OrderStatus.FILLED
    (held,) = await exchange.positions()
    assert held.quantity == 10


async def test_a_refusal_gives_its_reason(simulated: Simulated) -> None:
    exchange = await on(simulated)
    await exchange.script([Refuse(reason="no such luck")])
    with pytest.raises(Refused, match="no such luck"):
        await exchange.submit(order())


@pytest.mark.parametrize(
    ("fault", "cancelled"), [(Outage(on="cancel"), False), (TimeOutBefore(on="cancel"), False), (TimeOutAfter(on="cancel"), True)]
)
async def test_a_cancel_goes_wrong_once_as_scripted(simulated: Simulated, fault: Any, cancelled: bool) -> None:
    exchange = await on(simulated)
    await exchange.script([fault])
    placed = await exchange.submit(limit("1"))
    with pytest.raises((Unavailable, Unknown)):
        await exchange.cancel(placed.exchange_order_id)
    assert ((await exchange.order(placed.exchange_order_id)).status is OrderStatus.CANCELLED) is cancelled
    await exchange.cancel(placed.exchange_order_id)
    assert (await exchange.order(placed.exchange_order_id)).status is OrderStatus.CANCELLED


async def test_faults_come_in_the_order_of_the_script_whoever_wrote_it(simulated: Simulated) -> None:
    exchange, other = await on(simulated), await on(simulated)
    await other.script([Refuse(), Outage()])
    await other.script([TimeOutBefore()])
    for problem in (Refused, Unavailable, Unknown):
        with pytest.raises(problem):
            await exchange.submit(order())
    assert (await exchange.submit(order())).status is OrderStatus.FILLED


async def test_a_partial_fill_is_completed_in_the_next_bar(simulated: Simulated) -> None:
    exchange = await on(simulated)
    await exchange.script([PartialFill(fraction=0.3)])
    report = await exchange.submit(order())
    assert (report.status, report.filled_quantity) == (OrderStatus.PARTIAL, 3)
    simulated.clock.move(5)
    assert (await exchange.order(report.exchange_order_id)).filled_quantity == 3  # the next bar is in progress
    simulated.clock.move(5)
    assert (await exchange.order(report.exchange_order_id)).status is OrderStatus.FILLED
    assert [(fill.quantity, fill.time) for fill in await exchange.fills_since(NOON)] == [(3, NOON), (7, NOON + timedelta(seconds=5))]


async def test_a_late_fill_comes_some_bars_later(simulated: Simulated) -> None:
    exchange = await on(simulated)
    await exchange.script([LateFill(bars=3)])
    report = await exchange.submit(order())
    simulated.clock.move(14)
    assert (await exchange.order(report.exchange_order_id)).status is OrderStatus.ACCEPTED
    simulated.clock.move(6)
    (fill,) = await exchange.fills_since(NOON)
    assert fill.time == NOON + timedelta(seconds=15)


async def test_updates_come_twice_and_out_of_order_as_scripted(simulated: Simulated) -> None:
    exchange = await on(simulated)
    await exchange.script([Reorder(), Duplicate()])
    async with listening(exchange.trade_updates()) as listener:
        await exchange.submit(order())
        await exchange.submit(limit("1", "w-2"))
        heard = await listener.until(lambda heard: len(heard) == 5)
    told = [(one.order.client_order_id, one.event) for one in heard if isinstance(one, TradeUpdate)]
    assert told == [("w-1", "fill"), ("w-1", "fill"), ("w-1", "new"), ("w-2", "new")]


async def test_a_cut_stream_loses_an_update_and_comes_back(simulated: Simulated) -> None:
    exchange = await on(simulated)
    placed = await exchange.submit(limit("1"))
    await exchange.script([Disconnect()])
    async with listening(exchange.trade_updates()) as listener:
        await exchange.cancel(placed.exchange_order_id)
        await listener.until(lambda heard: len(heard) == 3)
        report = await exchange.submit(order("w-2"))
        heard = await listener.until(lambda heard: len(heard) == 5)
    assert [type(one) for one in heard] == [StreamUp, StreamDown, StreamUp, TradeUpdate, TradeUpdate]
    assert updates(heard, placed.exchange_order_id) == []
    assert len(updates(heard, report.exchange_order_id)) == 2


async def test_a_message_is_stored_once_however_many_listen(simulated: Simulated, simulated_database: Database) -> None:
    exchange, other = await on(simulated), await on(simulated)
    async with listening(exchange.trade_updates()) as first, listening(other.trade_updates()) as second:
        await exchange.submit(order())
        for listener in (first, second):
            await listener.until(lambda heard: len(heard) == 3)
    with simulated_database.read() as session:
        count = session.scalar(select(func.count()).where(SimulatedMessageRow.account == simulated.account))
    assert count == 2


async def test_an_order_that_nobody_placed_is_not_found(simulated: Simulated) -> None:
    exchange = await on(simulated)
    for name in ("sim-nothing", "sim-nothing-tp"):
        with pytest.raises(NotFound):
            await exchange.order(name)
