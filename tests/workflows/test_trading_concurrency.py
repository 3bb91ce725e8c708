"""Many runs on one account at once: together they get no more than the account may have."""

import asyncio
from decimal import Decimal
from pathlib import Path

from tests.workflows.stack import until
from tests.workflows.trading_world import ACCOUNT, TradingWorld, local_world
from weaver.glados.risk import RiskLimits
from weaver.glados.runs import RunStatus
from weaver.orders import OrderStatus
from weaver.veda.exchange import Exchange
from weaver.walle.model import EventRecord

RUNS = 50
FAR_LIMIT = ["buy", {"quantity": 1, "limit": 50}]
"""One unit counted at 50, which stays: prices never come so far."""


async def _trade_at_once(world: TradingWorld) -> list[str]:
    """Have all runs decide on the same bar; return their ids once each has ended."""
    asked = {"timeframe": "15s", "params": {"script": {"0": [FAR_LIMIT]}}, "start_paused": True, "at_end": "keep"}
    ids = list(await asyncio.gather(*(world.start("scripted", [f"C{number}/USD"], id=f"run-{number}", **asked) for number in range(RUNS))))
    for run_id in ids:  # one after the other: questions cost what the runs need
        await world.is_ready(run_id)
    await asyncio.gather(*(world.handle(run_id).signal("start") for run_id in ids))
    for run_id in ids:
        await world.has_decided(run_id)
        await _is_answered(world, run_id)
    ends = {world.decisions(run_id)[0].bar_end for run_id in ids}
    assert len(ends) <= 2, "on one bar, or on two when their start met a bar's end"
    await asyncio.gather(*(world.handle(run_id).signal("stop") for run_id in ids))
    ended = await asyncio.gather(*(world.ended(run_id) for run_id in ids))
    assert {one.status for one in ended} == {RunStatus.STOPPED}
    return ids


async def _is_answered(world: TradingWorld, run_id: str) -> None:
    """Wait until what the run wants is an order or is refused: one that is stopped sooner wants nothing any more."""

    async def answered() -> bool:
        if world.orders(run_id):
            return True
        return any(event.type == "risk.Refused" for event in await world.events(run_id))

    await until(answered, f"the order of {run_id} to be admitted or refused")


async def _refusals(world: TradingWorld, ids: list[str]) -> list[EventRecord]:
    return [event for run_id in ids for event in world.queries.events(run_id, ["risk.Refused"])]


async def _at_exchange(exchange: Exchange) -> set[str]:
    return {report.client_order_id for report in await exchange.open_orders()}


async def test_fifty_runs_together_stay_within_the_exposure_of_their_account(tmp_path: Path) -> None:
    async with local_world(tmp_path, limits=RiskLimits(max_gross_exposure=Decimal(1_025))) as world:
        ids = await _trade_at_once(world)
        orders = [order for run_id in ids for order in world.orders(run_id)]
        assert len(orders) == 1_025 // 50 == 20
        assert {order.status for order in orders} == {OrderStatus.ACCEPTED}
        assert await _at_exchange(await world.exchange()) == {order.id for order in orders}
        refused = await _refusals(world, ids)
        assert {str(event.payload["rule"]) for event in refused} == {"max_gross_exposure"}
        assert len({event.payload["order_id"] for event in refused}) == len(refused) == RUNS - 20
        assert not {event.payload["order_id"] for event in refused} & {order.id for order in orders}


async def test_fifty_runs_together_spend_no_more_than_there_is(tmp_path: Path) -> None:
    """1 000 in cash of which 5 % stay free buy 19 times one unit at 50."""
    async with local_world(tmp_path, environment={"WEAVER_SIMULATED_CASH": "1000"}) as world:
        ids = await _trade_at_once(world)
        orders = [order for run_id in ids for order in world.orders(run_id)]
        assert {order.status for order in orders} == {OrderStatus.ACCEPTED}
        assert len(orders) == 19
        assert await _at_exchange(await world.exchange()) == {order.id for order in orders}
        assert {str(event.payload["rule"]) for event in await _refusals(world, ids)} == {"buying_power"}
        assert world.trading.leases(ACCOUNT) == []
