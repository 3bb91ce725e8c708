"""When a paper run acts: bars that went by while nobody worked, sessions of an exchange, days of bars over many links."""

import asyncio
import os
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.workflows.skipping_world import SkippingWorld, skipping_world
from tests.workflows.stack import until
from tests.workflows.trading_world import ACCOUNT, local_world
from weaver.glados.runs import RunStatus
from weaver.orders import OrderStatus, OrderType, Side
from weaver.walle.model import EventRecord
from weaver.walle.trading_model import OrderChange, OrderRecord
from workflows import policies
from workflows.order_inputs import News

NEW_YORK = ZoneInfo("America/New_York")
LONG = os.environ.get("WEAVER_CHAOS") == "long"


def bar_end(event: EventRecord) -> datetime:
    return datetime.fromisoformat(str(event.payload["bar_end"]))


def of_type(events: list[EventRecord], kind: str) -> list[EventRecord]:
    return [event for event in events if event.type == kind]


async def test_a_fetch_waits_for_its_bars_end_where_it_begins(tmp_path: Path) -> None:
    """However many runs there are: their fetches are all under way when the bar ends."""
    async with local_world(tmp_path) as world:
        run_id = await world.start("scripted", ["EARLY/USD"], timeframe="30s", start_paused=True)
        await world.is_ready(run_id)
        await until(_async(lambda: datetime.now(UTC).second % 30 < 20), "a bar with ten seconds to go")
        await world.handle(run_id).execute_update("start")
        await world.has_decided(run_id)
        (tick,) = of_type(await world.events(run_id), "clock.Tick")
        history = await world.handle(run_id).fetch_history()
        asked = [
            event.event_time.ToDatetime(tzinfo=UTC)
            for event in history.events
            if event.activity_task_scheduled_event_attributes.activity_type.name == "fetch_bars"
        ]
        assert bar_end(tick) - policies.WAKE_EARLY[1] - timedelta(seconds=1) < asked[0] < bar_end(tick) - timedelta(seconds=0.5)
        assert tick.payload["late_ms"] < 1_000
        await world.handle(run_id).execute_update("stop")
        await world.ended(run_id)


# Down.


async def test_bars_that_ended_while_nobody_worked_are_recorded_skipped_and_filled_in(tmp_path: Path) -> None:
    """With a timeframe of 2 s everything is away for more than three bars."""
    async with local_world(tmp_path) as world:
        run_id = await world.start("scripted", ["DOWN/USD"], timeframe="2s", params={"always": [["buy", {"quantity": 1}]]})
        await world.has_decided(run_id, 2)
        await world.stop()
        last = world.decisions(run_id)[-1].bar_end
        await until(_async(lambda: datetime.now(UTC) > last + timedelta(seconds=11)), "five bars to go by")
        back = datetime.now(UTC)
        await world.go()

        async def decides_again() -> bool:
            return world.decisions(run_id)[-1].bar_end > back

        await until(decides_again, "a decision after the outage")
        await world.handle(run_id).execute_update("stop")
        await world.ended(run_id)

        events = await world.events(run_id)
        (missed,) = of_type(events, "clock.Missed")
        ends = [datetime.fromisoformat(str(end)) for end in missed.payload["ends"]]
        assert missed.payload["count"] == len(ends) >= 3
        acted = [bar_end(event) for event in of_type(events, "clock.Tick")]
        decided = [decision.bar_end for decision in world.decisions(run_id)]
        assert not set(ends) & {*acted, *decided}
        assert not [order for order in world.orders(run_id) if last + timedelta(seconds=2) < order.created_at < back]
        every = [acted[0] + timedelta(seconds=2 * number) for number in range(len(acted) + len(ends))]
        assert sorted([*acted, *ends]) == every, "each bar's end is either acted on or missed"
        bars = [bar.start for bar in world.trading.live_bars("simulated", "DOWN/USD", "2s", end=acted[-1])]
        assert bars[-len(every) :] == [end - timedelta(seconds=2) for end in every], "the bars themselves are all there"


def _async(condition: Any) -> Any:
    async def asked() -> bool:
        return bool(condition())

    return asked


# Sessions.


def thanksgiving(after: date) -> date:
    """Return the next fourth Thursday of November, on which US exchanges are shut."""
    for year in (after.year, after.year + 1):
        first = date(year, 11, 1)
        day = first + timedelta(days=(3 - first.weekday()) % 7 + 21)
        if day > after + timedelta(days=1):
            return day
    raise AssertionError("one of two years has one to come")


def new_york(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), NEW_YORK).astimezone(UTC)


async def test_an_equity_is_traded_in_its_sessions_only(tmp_path: Path) -> None:
    """From Wednesday noon over Thanksgiving and the half day after it into Monday, by hours."""
    async with skipping_world(tmp_path) as world:
        holiday = thanksgiving((await world.clock.now()).date())
        wednesday, friday, monday = (holiday + timedelta(days=days) for days in (-1, 1, 4))
        await world.skip_to(new_york(wednesday, 12, 15))
        run_id = await world.start("scripted", ["AAPL"], timeframe="1h", end=new_york(monday, 11).isoformat())
        await world.ended(run_id)
        expected = [new_york(wednesday, hour) for hour in (13, 14, 15, 16)]
        expected += [new_york(friday, hour) for hour in (10, 11, 12, 13)]
        expected += [new_york(monday, hour) for hour in (10, 11)]
        events = await world.events(run_id)
        assert [bar_end(event) for event in of_type(events, "clock.Tick")] == expected
        assert [decision.bar_end for decision in world.decisions(run_id)] == expected
        assert not of_type(events, "clock.Missed")


async def test_a_daily_bar_ends_when_its_session_closes(tmp_path: Path) -> None:
    async with skipping_world(tmp_path) as world:
        holiday = thanksgiving((await world.clock.now()).date())
        wednesday, friday, monday = (holiday + timedelta(days=days) for days in (-1, 1, 4))
        await world.skip_to(new_york(wednesday, 12))
        run_id = await world.start("scripted", ["AAPL"], timeframe="1d", end=new_york(monday, 17).isoformat())
        await world.ended(run_id)
        acted = [bar_end(event) for event in of_type(await world.events(run_id), "clock.Tick")]
        assert acted == [new_york(wednesday, 16), new_york(friday, 13), new_york(monday, 16)]
        starts = [bar.start.date() for bar in world.trading.live_bars("simulated", "AAPL", "1d")]
        assert starts[-3:] == [wednesday, friday, monday]


async def test_coins_are_traded_while_shares_rest(tmp_path: Path) -> None:
    """In one run, and the share's order waits for its next session."""
    async with skipping_world(tmp_path) as world:
        holiday = thanksgiving((await world.clock.now()).date())
        friday, monday = holiday + timedelta(days=1), holiday + timedelta(days=4)
        await world.skip_to(new_york(friday, 12, 30))
        script = {"2": [["buy", {"quantity": 1, "symbol": "AAPL"}], ["buy", {"quantity": 1, "symbol": "SIM/USD"}]]}
        asked = {"timeframe": "1h", "params": {"script": script}, "end": new_york(monday, 11).isoformat()}
        run_id = await world.start("scripted", ["AAPL", "SIM/USD"], **asked)
        assert (await world.ended(run_id)).status is RunStatus.COMPLETED
        ticks = of_type(await world.events(run_id), "clock.Tick")
        rested = [bar_end(event) for event in ticks if event.payload["fresh"] == ["SIM/USD"]]
        assert rested[0] == new_york(friday, 14)
        assert len(rested) > 60
        filled = {fill.symbol: fill.time for fill in world.fills(run_id)}
        assert filled["SIM/USD"] < new_york(friday, 15, 1)
        assert filled["AAPL"] == new_york(monday, 9), "the hour that the session opens in"


async def test_everything_a_bar_caused_names_that_bar(tmp_path: Path) -> None:
    async with skipping_world(tmp_path) as world:
        params = {"script": {"0": [["buy", {"quantity": 1}]]}}
        run_id = await world.start("scripted", ["SIM/USD"], timeframe="1m", params=params, duration="3m", at_end="keep")
        await world.ended(run_id)
        events = await world.events(run_id)
        made = of_type(events, "strategy.DecisionMade")[0]
        assert made.corr_id == f"{run_id}:{made.payload['bar_end']}"
        causes = {event.corr_id for event in events if event.type.startswith("orders.")}
        assert causes == {made.corr_id}


# Links.


async def _signal_at_hand_overs(world: SkippingWorld, run_id: str, signals: int, hand_overs: int) -> None:
    """Send the signals one after the other, beginning anew with each link's last ticks, so that many meet a hand-over."""
    await world.has_decided(run_id)
    begun = world.trading.decisions(run_id, limit=1)[0].bar_end
    sent = 0
    for link in range(1, hand_overs + 1):
        await until(
            partial(_has_come_to, world, run_id, begun + timedelta(minutes=link * policies.BARS_A_LINK - 3)), "a link's end", seconds=600
        )
        while sent < signals * link // hand_overs:
            await world.handle(run_id).signal("order_changed", News(changes=[a_change(f"{run_id}-{sent}")]))
            sent += 1


async def _has_come_to(world: SkippingWorld, run_id: str, end: datetime) -> bool:
    return world.trading.decisions(run_id, limit=1, newest=True)[0].bar_end >= end


def a_change(order_id: str) -> OrderChange:
    """An order that is filled, and calls for nothing any more."""
    now = datetime.now(UTC)
    order = OrderRecord(
        id=order_id,
        run_id=None,
        account=ACCOUNT,
        symbol="SIM/USD",
        side=Side.BUY,
        order_type=OrderType.MARKET,
        quantity=Decimal(1),
        status=OrderStatus.FILLED,
        created_at=now,
    )
    return OrderChange(order_id=order_id, number=1, event="orders.Filled", at=now, order=order)


@pytest.mark.chaos
@pytest.mark.timeout(3_600 if LONG else 900)
async def test_no_tick_is_lost_or_doubled_and_no_message_missed_over_many_links(tmp_path: Path) -> None:
    """More than a day of minutes, 300 to a link at most; 100 signals come while one link hands over to the next."""
    bars, signals = (10_000, 100) if LONG else (2_000, 100)
    async with skipping_world(tmp_path) as world:
        run_id = await world.start("scripted", ["SIM/USD"], timeframe="1m", duration=f"{bars}m", id="many-links")
        ended, _ = await asyncio.gather(world.ended(run_id), _signal_at_hand_overs(world, run_id, signals, hand_overs=5))
        assert ended.status is RunStatus.COMPLETED

        links = await world.links(run_id)
        assert len(links) >= 5
        events = await world.events(run_id)
        assert len({event.id for event in events}) == len(events)
        acted = [bar_end(event) for event in of_type(events, "clock.Tick")]
        assert Counter(acted).most_common(1)[0][1] == 1
        assert acted == [acted[0] + timedelta(minutes=number) for number in range(len(acted))]
        assert bars - 1 <= len(acted) <= bars
        assert [decision.bar_end for decision in world.decisions(run_id, limit=bars + 1)] == acted
        assert (await world.state(run_id)).live.heard == signals
        heard = [event.workflow_execution_signaled_event_attributes.signal_name for _, history in links for event in history.events]
        assert heard.count("order_changed") == signals
        told = [event.payload["id"] for event in events if event.type == "orders.Filled"]
        assert told == [f"{run_id}-{number}" for number in range(signals)]
        assert world.queries.events(run_id) == events
