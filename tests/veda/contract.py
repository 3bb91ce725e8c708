"""What every exchange adapter must do, as tests: an adapter that passes them can be traded through.

For your own adapter, derive a class from `ExchangeContract` in a test file, and override its fixture:

    class TestMine(ExchangeContract):
        @pytest.fixture
        async def exchange_under_test(self):
            world = MyWorld(...)                       # a server or a fake of the venue that your test can move
            exchange = MyExchange(Context(...))
            await exchange.connect()
            yield UnderTest(exchange=exchange, another=lambda: MyExchange(Context(...)), world=world)
            await exchange.disconnect()

`World` says what the tests need to know of the venue and to do with it. Each test begins with an account that holds nothing, has no
orders and enough money. Asynchronous tests need pytest-asyncio with `asyncio_mode = auto`.
"""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any, Protocol

import pytest

from weaver.broker import Fill, MarketBar, OrderReport, StreamDown, StreamUp, TradeUpdate
from weaver.errors import NotConnected, NotFound, Refused, TermsDiffer, UnknownName
from weaver.market import Timeframe
from weaver.orders import OrderRequest, OrderStatus, OrderType, Role, Side, TimeInForce
from weaver.veda.exchange import Exchange

SECONDS = 20
"""How long a test waits for what must come."""

Heard = TradeUpdate | MarketBar | StreamUp | StreamDown


class World(Protocol):
    """What the tests know of the venue and can do with it. `symbol` trades now, in `quantity`; bars of `timeframe` exist before
    `now`. `unknown_symbol` does not exist there, None when every symbol does."""

    symbol: str
    unknown_symbol: str | None
    quantity: Decimal
    timeframe: Timeframe

    async def now(self) -> datetime:
        """Return the venue's time."""
        ...

    async def price(self) -> Decimal:
        """Return about what the symbol costs now."""
        ...

    async def settle(self) -> None:
        """Let the venue do all that is due, such as to fill market orders."""
        ...

    async def meet(self, order: OrderReport) -> None:
        """Move time or prices until the venue has filled the order, whose limit is within a cent of the price."""
        ...

    async def next_bar(self) -> None:
        """Let the bar in progress be completed."""
        ...


@dataclass(frozen=True)
class UnderTest:
    """A connected exchange; `another()` makes an unconnected one of the same account."""

    exchange: Exchange
    another: Callable[[], Exchange]
    world: World

    async def order(self, name: str, side: Side = Side.BUY, **terms: Any) -> OrderRequest:
        """An order of the world's symbol and quantity, a market order unless `terms` say otherwise."""
        given = {"order_type": OrderType.MARKET, "quantity": self.world.quantity, "time_in_force": TimeInForce.GTC} | terms
        return OrderRequest(client_order_id=f"w-contract-{name}", symbol=self.world.symbol, side=side, **given)

    async def far_limit(self, name: str) -> OrderRequest:
        """A buy far below the market."""
        return await self.order(name, order_type=OrderType.LIMIT, limit_price=cents(await self.world.price() * Decimal("0.7")))

    async def filled(self, name: str, side: Side = Side.BUY) -> OrderReport:
        """Place a market order and wait until it is filled."""
        placed = await self.exchange.submit(await self.order(name, side))
        return await self.until(placed.exchange_order_id, OrderStatus.FILLED)

    async def until(self, exchange_order_id: str, status: OrderStatus) -> OrderReport:
        """Wait until an order has a status."""
        async with asyncio.timeout(SECONDS):
            while (report := await self.exchange.order(exchange_order_id)).status is not status:
                assert not report.status.is_final, report
                await self.world.settle()
                await asyncio.sleep(0.01)
        return report


class Listener:
    """Collects what a stream yields."""

    def __init__(self, stream: AsyncIterator[Any]) -> None:
        self.heard: list[Any] = []
        self._changed = asyncio.Event()
        self._task = asyncio.create_task(self._listen(stream))

    async def until(self, wanted: Callable[[list[Any]], bool]) -> list[Any]:
        """Wait until what was heard is as wanted, and return it."""
        async with asyncio.timeout(SECONDS):
            while not wanted(self.heard):
                if self._task.done():
                    self._task.result()
                    raise AssertionError(f"the stream ended after {self.heard}")
                self._changed.clear()
                await self._changed.wait()
        return self.heard

    async def ended(self) -> None:
        """Wait until the stream ends by itself."""
        async with asyncio.timeout(SECONDS):
            await self._task

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _listen(self, stream: AsyncIterator[Any]) -> None:
        try:
            async for message in stream:
                self.heard.append(message)
                self._changed.set()
        finally:
            self._changed.set()


@asynccontextmanager
async def listening(stream: AsyncIterator[Any]) -> AsyncIterator[Listener]:
    """Listen to a stream from its StreamUp on."""
    listener = Listener(stream)
    try:
        await listener.until(bool)
        assert isinstance(listener.heard[0], StreamUp)
        yield listener
    finally:
        await listener.stop()


def cents(price: Decimal) -> Decimal:
    return price.quantize(Decimal("0.01"))


def updates(heard: list[Any], exchange_order_id: str) -> list[TradeUpdate]:
    """Those updates that tell of an order."""
    return [one for one in heard if isinstance(one, TradeUpdate) and one.order.exchange_order_id == exchange_order_id]


def assert_exact(value: Any, place: str = "") -> None:
    """No number is a float, no time is naive or of another zone than UTC."""
    place = place or type(value).__name__
    assert not isinstance(value, float), place
    if isinstance(value, datetime):
        assert value.utcoffset() == timedelta(0), f"{place}: {value!r}"
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            assert_exact(getattr(value, field.name), f"{place}.{field.name}")
    if isinstance(value, tuple | list):
        for item in value:
            assert_exact(item, place)


class ExchangeContract:
    """The promises of `weaver.veda.exchange.Exchange`."""

    @pytest.fixture
    async def exchange_under_test(self) -> UnderTest:
        raise NotImplementedError("override this fixture")

    # Connecting

    async def test_connecting_twice_does_no_harm(self, exchange_under_test: UnderTest) -> None:
        await exchange_under_test.exchange.connect()
        assert (await exchange_under_test.exchange.account()).is_active

    async def test_nothing_is_answered_before_connecting(self, exchange_under_test: UnderTest) -> None:
        await _refuses_everything(exchange_under_test.another(), await exchange_under_test.order("early"))

    async def test_nothing_is_answered_after_disconnecting_which_may_be_repeated(self, exchange_under_test: UnderTest) -> None:
        other = exchange_under_test.another()
        await other.connect()
        await other.account()
        await other.disconnect()
        await other.disconnect()
        await _refuses_everything(other, await exchange_under_test.order("late"))

    async def test_it_may_be_connected_again(self, exchange_under_test: UnderTest) -> None:
        other = exchange_under_test.another()
        for _ in range(2):
            await other.connect()
            assert (await other.account()).is_active
            await other.disconnect()

    async def test_it_knows_what_it_is_and_what_it_can_do(self, exchange_under_test: UnderTest) -> None:
        exchange = exchange_under_test.exchange
        assert exchange.context.mode in exchange.meta.modes
        assert all(exchange.supports(feature) for feature in exchange.meta.features)
        assert not exchange.supports("no such feature")

    # Orders

    async def test_a_market_order_fills(self, exchange_under_test: UnderTest) -> None:
        report = await exchange_under_test.filled("market")
        assert report.filled_quantity == exchange_under_test.world.quantity
        assert report.filled_average_price is not None
        assert report.filled_average_price > 0
        assert (report.client_order_id, report.symbol, report.side) == (
            "w-contract-market",
            exchange_under_test.world.symbol,
            Side.BUY,
        )
        assert_exact(report)

    async def test_a_limit_away_from_the_market_stays_accepted(self, exchange_under_test: UnderTest) -> None:
        request = await exchange_under_test.far_limit("limit")
        placed = await exchange_under_test.exchange.submit(request)
        await exchange_under_test.world.settle()
        report = await exchange_under_test.exchange.order(placed.exchange_order_id)
        assert report.status is OrderStatus.ACCEPTED
        assert report.filled_quantity == 0
        assert report.limit_price == request.limit_price
        assert report.quantity == request.quantity
        assert_exact(report)

    async def test_a_limit_that_the_market_comes_to_fills_at_it_or_better(self, exchange_under_test: UnderTest) -> None:
        limit = cents(await exchange_under_test.world.price()) - Decimal("0.01")
        request = await exchange_under_test.order("met", order_type=OrderType.LIMIT, limit_price=limit)
        placed = await exchange_under_test.exchange.submit(request)
        await exchange_under_test.world.meet(placed)
        report = await exchange_under_test.until(placed.exchange_order_id, OrderStatus.FILLED)
        assert report.filled_average_price is not None
        assert report.filled_average_price <= limit

    async def test_an_order_is_the_same_however_it_is_asked_for(self, exchange_under_test: UnderTest) -> None:
        exchange = exchange_under_test.exchange
        placed = await exchange.submit(await exchange_under_test.far_limit("same"))
        await exchange_under_test.world.settle()
        known = await exchange.order(placed.exchange_order_id)
        assert await exchange.find(placed.client_order_id) == known
        assert await exchange.open_orders() == [known]
        assert known.submitted_at is not None
        assert await exchange.orders_since(known.submitted_at) == [known]

    async def test_orders_since_tells_of_open_and_final_orders_oldest_first(self, exchange_under_test: UnderTest) -> None:
        exchange = exchange_under_test.exchange
        first = await exchange_under_test.filled("first")
        await exchange.submit(await exchange_under_test.far_limit("second"))
        assert first.submitted_at is not None
        known = await exchange.orders_since(first.submitted_at)
        assert [report.client_order_id for report in known] == ["w-contract-first", "w-contract-second"]
        assert await exchange.orders_since(await exchange_under_test.world.now() + timedelta(days=1)) == []

    async def test_a_final_order_is_not_open(self, exchange_under_test: UnderTest) -> None:
        report = await exchange_under_test.filled("closed")
        assert await exchange_under_test.exchange.open_orders() == []
        assert await exchange_under_test.exchange.find(report.client_order_id) == report

    async def test_a_cancelled_order_is_cancelled(self, exchange_under_test: UnderTest) -> None:
        exchange = exchange_under_test.exchange
        placed = await exchange.submit(await exchange_under_test.far_limit("cancel"))
        await exchange.cancel(placed.exchange_order_id)
        report = await exchange_under_test.until(placed.exchange_order_id, OrderStatus.CANCELLED)
        assert report.filled_quantity == 0
        assert await exchange.open_orders() == []

    async def test_cancelling_a_final_order_leaves_it_alone(self, exchange_under_test: UnderTest) -> None:
        exchange = exchange_under_test.exchange
        filled = await exchange_under_test.filled("final")
        await exchange.cancel(filled.exchange_order_id)
        assert await exchange.order(filled.exchange_order_id) == filled

    async def test_an_order_sent_twice_exists_once(self, exchange_under_test: UnderTest) -> None:
        exchange = exchange_under_test.exchange
        request = await exchange_under_test.far_limit("twice")
        first = await exchange.submit(request)
        again = await exchange.submit(request)
        assert again.exchange_order_id == first.exchange_order_id
        assert len(await exchange.open_orders()) == 1

    async def test_a_filled_order_sent_again_is_not_placed_again(self, exchange_under_test: UnderTest) -> None:
        exchange = exchange_under_test.exchange
        filled = await exchange_under_test.filled("again")
        again = await exchange.submit(await exchange_under_test.order("again"))
        assert again.exchange_order_id == filled.exchange_order_id
        assert [holding.quantity for holding in await exchange.positions()] == [exchange_under_test.world.quantity]

    async def test_an_id_that_is_taken_by_other_terms_is_refused(self, exchange_under_test: UnderTest) -> None:
        exchange = exchange_under_test.exchange
        request = await exchange_under_test.far_limit("terms")
        await exchange.submit(request)
        with pytest.raises(TermsDiffer) as refused:
            await exchange.submit(replace(request, quantity=request.quantity * 2))
        assert refused.value.client_order_id == request.client_order_id
        (known,) = await exchange.open_orders()
        assert known.quantity == request.quantity

    async def test_ids_that_do_not_exist(self, exchange_under_test: UnderTest) -> None:
        exchange = exchange_under_test.exchange
        unknown = "00000000-0000-4000-8000-000000000000"
        assert await exchange.find("w-contract-never-sent") is None
        with pytest.raises(NotFound):
            await exchange.order(unknown)
        with pytest.raises(NotFound):
            await exchange.cancel(unknown)

    async def test_an_order_that_cannot_be_paid_is_refused_or_rejected_with_a_reason(self, exchange_under_test: UnderTest) -> None:
        exchange = exchange_under_test.exchange
        funds = await exchange.account()
        quantity = Decimal(int(funds.buying_power / await exchange_under_test.world.price()) * 3)
        request = await exchange_under_test.order("dear", quantity=quantity)
        try:
            report = await exchange.submit(request)
        except Refused as refused:
            assert refused.reason  # noqa: PT017  # a venue may say so at once or later
        else:
            report = await exchange_under_test.until(report.exchange_order_id, OrderStatus.REJECTED)
            assert report.reject_reason
        assert await exchange.positions() == []

    # Brackets

    async def test_a_bracket_has_legs_that_live_once_it_is_filled_and_belong_to_it(self, exchange_under_test: UnderTest) -> None:
        exchange, world = exchange_under_test.exchange, exchange_under_test.world
        if not exchange.keeps_brackets(world.symbol):
            pytest.skip("the venue keeps no brackets for this symbol, and says so")
        price = await world.price()
        target, stop = cents(price * Decimal("1.5")), cents(price * Decimal("0.5"))
        placed = await exchange.submit(await exchange_under_test.order("bracket", take_profit=target, stop_loss=stop))
        assert {leg.role for leg in placed.legs} == {Role.TAKE_PROFIT, Role.STOP_LOSS}
        entry = await exchange_under_test.until(placed.exchange_order_id, OrderStatus.FILLED)
        legs = {leg.role: leg for leg in entry.legs}
        assert legs[Role.TAKE_PROFIT].limit_price == target
        assert legs[Role.STOP_LOSS].stop_price == stop
        assert {leg.exchange_order_id for leg in placed.legs} == {leg.exchange_order_id for leg in entry.legs}
        for leg in entry.legs:
            assert leg.status is OrderStatus.ACCEPTED
            assert leg.side is Side.SELL
            assert (await exchange.order(leg.exchange_order_id)).exchange_order_id == leg.exchange_order_id
        await exchange.cancel(legs[Role.TAKE_PROFIT].exchange_order_id)
        await exchange_under_test.until(legs[Role.TAKE_PROFIT].exchange_order_id, OrderStatus.CANCELLED)

    # Streams and fills

    async def test_the_stream_is_up_then_tells_of_the_order_and_its_fill(self, exchange_under_test: UnderTest) -> None:
        exchange = exchange_under_test.exchange
        async with listening(exchange.trade_updates()) as listener:
            filled = await exchange_under_test.filled("stream")
            heard = await listener.until(lambda heard: any(one.fill for one in updates(heard, filled.exchange_order_id)))
        told = updates(heard, filled.exchange_order_id)
        assert told[0].event in {"new", "accepted", "pending_new", "fill"}
        assert sum(one.fill.quantity for one in told if one.fill) == filled.filled_quantity
        assert told[-1].order.status is OrderStatus.FILLED
        assert_exact(told)

    async def test_the_stream_tells_of_a_cancellation(self, exchange_under_test: UnderTest) -> None:
        exchange = exchange_under_test.exchange
        async with listening(exchange.trade_updates()) as listener:
            placed = await exchange.submit(await exchange_under_test.far_limit("stream-cancel"))
            await exchange.cancel(placed.exchange_order_id)
            await listener.until(
                lambda heard: any(one.order.status is OrderStatus.CANCELLED for one in updates(heard, placed.exchange_order_id))
            )

    async def test_the_stream_does_not_replay_what_was_before_it(self, exchange_under_test: UnderTest) -> None:
        exchange = exchange_under_test.exchange
        before = await exchange_under_test.filled("before")
        async with listening(exchange.trade_updates()) as listener:
            after = await exchange_under_test.filled("after")
            heard = await listener.until(lambda heard: bool(updates(heard, after.exchange_order_id)))
        assert updates(heard, before.exchange_order_id) == []

    async def test_streams_end_with_the_connection(self, exchange_under_test: UnderTest) -> None:
        other = exchange_under_test.another()
        await other.connect()
        async with listening(other.trade_updates()) as listener:
            await other.disconnect()
            await listener.ended()

    async def test_a_fill_has_one_id_in_the_stream_and_in_every_list(self, exchange_under_test: UnderTest) -> None:
        exchange = exchange_under_test.exchange
        since = await exchange_under_test.world.now() - timedelta(days=1)
        async with listening(exchange.trade_updates()) as listener:
            filled = await exchange_under_test.filled("fill")
            heard = await listener.until(lambda heard: any(one.fill for one in updates(heard, filled.exchange_order_id)))
        streamed = {one.fill.execution_id: one.fill for one in updates(heard, filled.exchange_order_id) if one.fill}
        listed = {fill.execution_id: fill for fill in await exchange.fills_since(since)}
        assert set(listed) == set(streamed)
        assert sum(fill.quantity for fill in listed.values()) == filled.filled_quantity
        assert {fill.execution_id for fill in await exchange.fills_since(since)} == set(listed)
        for fill in listed.values():
            assert (fill.exchange_order_id, fill.symbol, fill.side) == (filled.exchange_order_id, filled.symbol, Side.BUY)
            assert_exact(fill)

    async def test_fills_are_listed_oldest_first(self, exchange_under_test: UnderTest) -> None:
        since = await exchange_under_test.world.now() - timedelta(days=1)
        bought = await exchange_under_test.filled("buy")
        sold = await exchange_under_test.filled("sell", Side.SELL)
        fills: list[Fill] = await exchange_under_test.exchange.fills_since(since)
        assert [fill.exchange_order_id for fill in fills] == [bought.exchange_order_id, sold.exchange_order_id]
        assert all(earlier.time <= later.time for earlier, later in pairwise(fills))

    # Money and holdings

    async def test_what_is_bought_is_held_and_paid(self, exchange_under_test: UnderTest) -> None:
        exchange, world = exchange_under_test.exchange, exchange_under_test.world
        assert await exchange.positions() == []
        before = await exchange.account()
        report = await exchange_under_test.filled("hold")
        (holding,) = await exchange.positions()
        after = await exchange.account()
        assert (holding.symbol, holding.quantity) == (world.symbol, world.quantity)
        assert holding.average_entry_price == report.filled_average_price
        assert after.cash < before.cash
        for value in (holding, before, after):
            assert_exact(value)

    async def test_what_is_sold_again_is_not_held(self, exchange_under_test: UnderTest) -> None:
        await exchange_under_test.filled("in")
        await exchange_under_test.filled("out", Side.SELL)
        assert await exchange_under_test.exchange.positions() == []

    async def test_an_open_purchase_takes_from_the_buying_power(self, exchange_under_test: UnderTest) -> None:
        exchange = exchange_under_test.exchange
        before = await exchange.account()
        placed = await exchange.submit(await exchange_under_test.far_limit("reserve"))
        assert (await exchange.account()).buying_power < before.buying_power
        await exchange.cancel(placed.exchange_order_id)
        await exchange_under_test.until(placed.exchange_order_id, OrderStatus.CANCELLED)
        assert (await exchange.account()).buying_power == before.buying_power

    # Market data

    async def test_bars_are_complete_ordered_and_within_the_range(self, exchange_under_test: UnderTest) -> None:
        exchange, world = exchange_under_test.exchange, exchange_under_test.world
        end = await world.now()
        start = end - 20 * timedelta(seconds=world.timeframe.seconds)
        found = await exchange.bars([world.symbol], world.timeframe, start, end)
        bars = found[world.symbol]
        assert bars
        assert all(start <= bar.start < end for bar in bars)
        now = await world.now()
        assert all(bar.start + timedelta(seconds=world.timeframe.seconds) <= now for bar in bars)
        assert all(earlier.start < later.start for earlier, later in pairwise(bars))
        for bar in bars:
            assert (bar.symbol, bar.timeframe) == (world.symbol, world.timeframe.text)
            assert 0 < bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high
            assert bar.volume >= 0
            assert_exact(bar)
        again = await exchange.bars([world.symbol], world.timeframe, bars[1].start, bars[2].start)
        assert again == {world.symbol: [bars[1]]}

    async def test_the_latest_bar_is_the_last_of_the_bars(self, exchange_under_test: UnderTest) -> None:
        exchange, world = exchange_under_test.exchange, exchange_under_test.world
        latest = await exchange.latest_bar(world.symbol, world.timeframe)
        assert latest is not None
        found = await exchange.bars([world.symbol], world.timeframe, latest.start, await world.now())
        assert latest in found[world.symbol]

    async def test_a_range_without_bars_has_no_entry(self, exchange_under_test: UnderTest) -> None:
        world = exchange_under_test.world
        start = await world.now() + timedelta(days=1)
        assert await exchange_under_test.exchange.bars([world.symbol], world.timeframe, start, start + timedelta(days=1)) == {}

    async def test_a_symbol_that_does_not_exist(self, exchange_under_test: UnderTest) -> None:
        exchange, world = exchange_under_test.exchange, exchange_under_test.world
        if world.unknown_symbol is None:
            pytest.skip("every symbol exists at this venue")
        now = await world.now()
        with pytest.raises(UnknownName):
            await exchange.bars([world.unknown_symbol], world.timeframe, now - timedelta(days=1), now)
        with pytest.raises(UnknownName):
            await exchange.quote(world.unknown_symbol)

    async def test_the_quote_is_around_the_price(self, exchange_under_test: UnderTest) -> None:
        world = exchange_under_test.world
        quote = await exchange_under_test.exchange.quote(world.symbol)
        price = await world.price()
        assert 0 < quote.bid <= quote.ask
        assert price * Decimal("0.9") < quote.bid < price * Decimal("1.1")
        assert_exact(quote)

    async def test_new_bars_come_by_stream(self, exchange_under_test: UnderTest) -> None:
        exchange, world = exchange_under_test.exchange, exchange_under_test.world
        async with listening(exchange.bar_updates([world.symbol], world.timeframe)) as listener:
            await world.next_bar()
            heard = await listener.until(lambda heard: any(isinstance(one, MarketBar) for one in heard))
        (first, *_) = [one for one in heard if isinstance(one, MarketBar)]
        assert (first.symbol, first.timeframe) == (world.symbol, world.timeframe.text)
        assert_exact(first)

    async def test_the_clock_and_the_calendar(self, exchange_under_test: UnderTest) -> None:
        exchange = exchange_under_test.exchange
        clock = await exchange.clock()
        assert clock.next_open > clock.time
        assert clock.next_close > clock.time
        assert clock.is_open == (clock.next_close < clock.next_open)
        assert_exact(clock)
        days = await exchange.calendar(date(2024, 11, 27), date(2024, 12, 2))
        assert [day.day.isoformat() for day in days] == ["2024-11-27", "2024-11-29", "2024-12-02"]  # Thanksgiving is closed,
        assert [(day.close - day.open) for day in days][:2] == [timedelta(hours=6.5), timedelta(hours=3.5)]  # the day after is half
        assert_exact(days)


async def _refuses_everything(exchange: Exchange, order: OrderRequest) -> None:
    now, frame = datetime.fromisoformat("2024-01-02T15:00:00+00:00"), Timeframe("1m")
    calls = [
        exchange.account,
        exchange.positions,
        lambda: exchange.submit(order),
        lambda: exchange.cancel("id"),
        lambda: exchange.order("id"),
        lambda: exchange.find("id"),
        exchange.open_orders,
        lambda: exchange.orders_since(now),
        lambda: exchange.fills_since(now),
        lambda: exchange.bars([order.symbol], frame, now, now),
        lambda: exchange.latest_bar(order.symbol, frame),
        lambda: exchange.quote(order.symbol),
        exchange.clock,
        lambda: exchange.calendar(now.date(), now.date()),
        lambda: anext(exchange.trade_updates()),
        lambda: anext(exchange.bar_updates([order.symbol], frame)),
    ]
    for call in calls:
        with pytest.raises(NotConnected):
            await call()
