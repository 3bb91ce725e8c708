"""Runs of which orders are heard late, for the recorded histories."""

from decimal import Decimal

from tests.workflows.by_hand import far_limit
from tests.workflows.holding import held_end, held_remainder, held_tick
from tests.workflows.scripted import FAR_LIMIT, first
from tests.workflows.trading_world import TradingWorld
from weaver.veda.adapters.simulated import TimeOutBefore
from workflows.client import stop
from workflows.order_inputs import AmendRequest
from workflows.trading_client import place_order
from workflows.trading_names import order_workflow_id


async def late(world: TradingWorld) -> dict[str, tuple[str, str | None]]:
    """Have orders come while a run ends, last of all, while it fetches, and just when it has ended; return what is to be recorded."""
    await world.start("scripted", ["NEW/USD"], id="newcomer", params=first(FAR_LIMIT))
    await world.order("newcomer")
    await (await world.exchange()).script([TimeOutBefore(on="cancel")])  # so that its end takes a while
    await world.handle("newcomer").execute_update("stop")
    await place_order(world.client, far_limit("newcomer", "NEW/USD"), keeps_bracket=True)
    await world.ended("newcomer")

    await world.start("scripted", ["LATE/USD"], id="late-news")
    await world.has_decided("late-news")
    with held_tick() as tick:
        await tick.comes()
        placed = await place_order(world.client, far_limit("late-news", "LATE/USD"), keeps_bracket=True)
        assert placed.order
        await world.hears_of("late-news", placed.order.id)
        decided = len(world.decisions("late-news"))
        tick.goes_on()
        await world.has_decided("late-news", decided + 1)
        with held_end() as end:
            await world.handle("late-news").execute_update("stop")
            await end.comes()
            await place_order(world.client, far_limit("late-news", "LATE/USD"), keeps_bracket=True)
            end.goes_on()
            await world.ended("late-news")

    await world.start("scripted", ["REST/USD"], id="remainder", params=first(FAR_LIMIT))
    order = await world.order("remainder")
    remainder = order_workflow_id(f"{order.id}.r1")
    with held_remainder() as admission:
        await world.handle(order_workflow_id(order.id)).signal("amend", AmendRequest(quantity=Decimal(2)))
        await admission.comes()
        await stop(world.client, "remainder")
        await world.ended("remainder")
        admission.goes_on()
        await world.handle(remainder).result()
    return {
        "trading_newcomer": ("newcomer", None),
        "trading_late_news": ("late-news", None),
        "order_ended_with_run": (remainder, None),
    }
