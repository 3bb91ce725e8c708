import asyncio
from datetime import timedelta

from tests.veda.conftest import NOON, Simulated
from tests.veda.contract import listening, updates
from tests.veda.simulated_orders import FIVE, SYMBOL, limit, on, order, progress
from weaver.broker import MarketBar


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
