"""What a tick brings of bars, and when."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.bar_requests import patience
from tests.activities.tick_world import COIN, MINUTE, NOON, OTHER, World, attempt, events
from weaver.market import Timeframe
from workflows.trading_inputs import Tick


async def test_a_tick_waits_for_the_end_of_its_bar_and_brings_its_close(world: World) -> None:
    beats: list[object] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = lambda *details: beats.append(details)

    tick = await world.clock.run(environment.run(world.ticks.tick, world.task(NOON + MINUTE)))

    assert world.clock.time == NOON + MINUTE
    assert tick.fresh == {COIN: await world.truth(NOON + MINUTE)}
    assert (tick.is_missed, tick.next_end) == (False, NOON + 2 * MINUTE)
    assert (tick.ledger.cash, tick.equity) == (Decimal(10_000), Decimal(10_000))
    assert events(tick) == {
        "clock.Tick": {"run_id": "run", "bar_end": "2026-11-22T12:01:00Z", "fresh": [COIN], "missing": [], "late_ms": 0}
    }
    assert tick.events[0].corr_id == "run:2026-11-22T12:01:00Z"
    assert beats


async def test_the_first_tick_brings_the_warm_up_and_later_ones_their_own_bar(world: World) -> None:
    first, second = NOON + MINUTE, NOON + 2 * MINUTE
    await world.tick(first, warmup=5)
    assert world.recorded() == [NOON - at * MINUTE for at in range(5, -1, -1)]

    await world.tick(second, first_end=first, warmup=5)

    assert world.recorded()[-1] == NOON + MINUTE
    assert [(start, end) for _, _, start, end in world.exchange.asked] == [(NOON - 5 * MINUTE, first), (first, second)]


async def test_two_hundred_runs_on_one_boundary_ask_once_for_each_timeframe(world: World) -> None:
    end = NOON + MINUTE
    symbols = [f"S{number}/USD" for number in range(20)]
    tasks = [world.task(end, f"run-{number}", symbols=[symbols[number % 20]]) for number in range(100)]
    tasks += [world.task(end, f"fast-{number}", symbols=[symbols[number % 20]], timeframe="5s") for number in range(100)]

    ticks = await world.clock.run(asyncio.gather(*(attempt(world.ticks, task) for task in tasks)))

    assert sorted((asked, timeframe) for asked, timeframe, _, _ in world.exchange.asked) == [
        (tuple(sorted(symbols)), "1m"),
        (tuple(sorted(symbols)), "5s"),
    ]
    assert all(list(tick.fresh) == task.symbols for task, tick in zip(tasks, ticks, strict=True))


async def test_more_symbols_than_a_request_holds_are_asked_for_in_several(world: World) -> None:
    symbols = [f"S{number}/USD" for number in range(150)]
    tick = await world.tick(NOON + MINUTE, symbols=symbols)
    assert len(tick.fresh) == 150
    assert sorted(len(asked) for asked, _, _, _ in world.exchange.asked) == [50, 100]


async def test_a_tick_that_is_tried_again_or_elsewhere_asks_for_nothing_that_is_recorded(world: World) -> None:
    end = NOON + MINUTE
    first = await world.tick(end, warmup=3)
    world.exchange.asked.clear()

    assert (await world.tick(end, warmup=3)).fresh == first.fresh
    assert (await world.tick(end, warmup=3, ticks=world.process())).fresh == first.fresh
    assert world.exchange.asked == []


async def test_a_run_with_a_longer_warm_up_gets_what_others_did_not_want(world: World) -> None:
    end = NOON + MINUTE
    await world.tick(end, "short", warmup=1)
    await world.tick(end, "long", warmup=30)
    assert world.recorded() == [NOON - at * MINUTE for at in range(30, -1, -1)]


async def test_a_warm_up_that_could_not_be_fetched_is_fetched_when_the_venue_is_back(world: World) -> None:
    end = NOON + MINUTE
    await world.tick(end, "short", warmup=1)
    world.exchange.away = True
    with pytest.raises(ApplicationError, match="away"):
        await world.tick(end, "long", warmup=30)
    world.exchange.away = False
    await world.tick(end, "long", warmup=30)
    assert world.recorded() == [NOON - at * MINUTE for at in range(30, -1, -1)]


async def test_a_hole_that_another_process_left_is_filled(world: World) -> None:
    first = NOON + MINUTE
    await world.tick(first)
    world.clock.move_to(NOON + 20 * MINUTE)
    await world.tick(NOON + 20 * MINUTE, "younger", first_end=NOON + 20 * MINUTE, ticks=world.process())
    assert len(world.recorded()) == 2

    await world.tick(NOON + 21 * MINUTE, first_end=first, ticks=world.process())

    assert world.recorded() == [NOON + at * MINUTE for at in range(21)]


async def test_a_tick_long_after_its_end_is_missed_and_says_what_was_slept_through(world: World) -> None:
    world.clock.move_to(NOON + timedelta(minutes=150, seconds=10))
    tick = await world.tick(NOON + MINUTE)

    assert (tick.is_missed, tick.fresh, world.exchange.asked) == (True, {}, [])
    assert tick.next_end == NOON + 151 * MINUTE
    missed = events(tick)["clock.Missed"]
    assert len(missed.pop("ends")) == 100
    assert missed == {"run_id": "run", "from": "2026-11-22T12:01:00Z", "to": "2026-11-22T14:30:00Z", "count": 150}


@pytest.mark.parametrize(("seconds", "is_missed"), [(30.0, False), (30.001, True)])
async def test_half_a_bar_late_is_the_latest(world: World, seconds: float, *, is_missed: bool) -> None:
    world.clock.move_to(NOON + MINUTE + timedelta(seconds=seconds))
    tick = await world.tick(NOON + MINUTE)
    assert tick.is_missed == is_missed
    if not is_missed:
        assert events(tick)["clock.Tick"]["late_ms"] == 30_000


async def test_after_an_outage_the_bars_in_between_are_fetched(world: World) -> None:
    first = NOON + MINUTE
    await world.tick(first)
    world.clock.move_to(NOON + timedelta(minutes=59, seconds=50))

    await world.tick(NOON + 60 * MINUTE, first_end=first, ticks=world.process())

    assert world.recorded() == [NOON + at * MINUTE for at in range(60)]


async def test_a_bar_that_comes_a_little_later_is_waited_for(world: World) -> None:
    end = NOON + MINUTE
    world.exchange.late = {COIN: end + timedelta(seconds=2)}
    tick = await world.tick(end)
    assert list(tick.fresh) == [COIN]
    assert timedelta(seconds=2) <= world.clock.time - end <= timedelta(seconds=3)


async def test_a_bar_that_does_not_come_is_missing_and_fetched_with_the_next(world: World) -> None:
    end = NOON + MINUTE
    world.exchange.late = {COIN: end + 2 * patience(Timeframe("1m"))}

    tick = await world.tick(end, symbols=[COIN, OTHER])

    assert list(tick.fresh) == [OTHER]
    assert world.clock.time == end + patience(Timeframe("1m")) == end + timedelta(seconds=10)
    assert events(tick)["data.Missing"] == {"run_id": "run", "bar_end": "2026-11-22T12:01:00Z", "symbols": [COIN]}
    assert events(tick)["clock.Tick"]["missing"] == [COIN]
    assert world.recorded() == []

    await world.tick(end + MINUTE, symbols=[COIN, OTHER], first_end=end)
    assert world.recorded(COIN) == world.recorded(OTHER) == [NOON, NOON + MINUTE]


async def test_runs_whose_bars_are_there_do_not_wait_for_those_whose_are_not(world: World) -> None:
    end = NOON + MINUTE
    world.exchange.late = {COIN: end + 2 * MINUTE}
    slow = asyncio.create_task(attempt(world.ticks, world.task(end, "slow")))
    quick = asyncio.create_task(attempt(world.ticks, world.task(end, "quick", symbols=[OTHER])))
    world.clock.move_to(end)

    assert list((await quick).fresh) == [OTHER]
    assert not slow.done()
    assert (await world.clock.run(slow)).fresh == {}


async def test_the_first_value_of_a_bar_stays_the_runs_own(world: World) -> None:
    end = NOON + MINUTE
    first = await world.tick(end)
    world.exchange.restated = {COIN: first.fresh[COIN] + 1}

    again = await world.tick(end, warmup=2, ticks=world.process())  # asks from the warm-up on, so for the restated bar too

    assert again.fresh == first.fresh
    assert len(world.live_bars.revisions("simulated", COIN, "1m")) == 1


async def test_a_symbol_that_the_venue_does_not_know_fails_its_own_run_alone(world: World) -> None:
    end = NOON + MINUTE
    good, bad = world.task(end, "good"), world.task(end, "bad", symbols=["NO NAME /USD\n"])
    done = await world.clock.run(asyncio.gather(*(attempt(world.ticks, task) for task in (good, bad)), return_exceptions=True))
    assert isinstance(done[0], Tick)
    assert list(done[0].fresh) == [COIN]
    assert isinstance(done[1], ApplicationError)
    assert done[1].non_retryable


async def test_a_venue_that_is_away_fails_the_attempt_and_the_next_one_asks_again(world: World) -> None:
    end = NOON + MINUTE
    world.exchange.away = True
    with pytest.raises(ApplicationError, match="away") as failure:
        await world.tick(end)
    assert not failure.value.non_retryable
    world.exchange.away = False
    assert list((await world.tick(end)).fresh) == [COIN]


async def test_a_cancelled_tick_takes_nothing_from_the_others(world: World) -> None:
    end = NOON + MINUTE
    world.exchange.late = {COIN: end + timedelta(seconds=1)}
    one, other = (asyncio.create_task(attempt(world.ticks, world.task(end, run_id))) for run_id in ("one", "other"))
    world.clock.move_to(end)
    while not world.exchange.asked:
        await asyncio.sleep(0)
    one.cancel()
    assert list((await world.clock.run(other)).fresh) == [COIN]
    with pytest.raises(asyncio.CancelledError):
        await one
