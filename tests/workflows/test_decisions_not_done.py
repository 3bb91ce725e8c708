"""What a strategy decides while its run is stopped, paused or late is not done, and its record says so."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.workflows.stack import until
from tests.workflows.trading_world import TradingWorld, local_world
from weaver.walle.trading_model import DecisionRecord
from workflows import policies
from workflows.client import stop

WAITS = '''
"""Buys at each bar, once a file is there."""
import time
from pathlib import Path

from weaver.marvin import Buy, Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="waits", name="Waits")


class Params(StrategyParams):
    file: str


class Waits(Strategy[Params]):
    def decide(self, view):
        while not Path(self.params.file).exists():
            time.sleep(0.01)
        yield Buy(1)
'''


class Waiting:
    """A run whose strategy is being asked, and says nothing yet."""

    def __init__(self, world: TradingWorld, folder: Path) -> None:
        self.world = world
        self.file = folder / "go"
        self.id = ""

    async def begin(self) -> None:
        self.id = await self.world.start("waits", ["SIM/USD"], params={"file": str(self.file)})

        async def is_asked() -> bool:
            pending = (await self.world.handle(self.id).describe()).raw_description.pending_activities
            return "decide" in [activity.activity_type.name for activity in pending]

        await until(is_asked, "the strategy to be asked")

    @property
    def first(self) -> DecisionRecord | None:
        """What is on record of the first bar at which it was asked."""
        return next(iter(self.world.decisions(self.id)), None)

    async def says(self, reason: str | None) -> DecisionRecord:
        """Let the strategy answer, and return its first decision once that is on record with this reason."""
        self.file.touch()

        async def is_on_record() -> DecisionRecord | None:
            return self.first if self.first and self.first.intents and self.first.skipped == reason else None

        return await until(is_on_record, f"the decision, {reason}")


@pytest.fixture
async def waiting(tmp_path: Path) -> AsyncIterator[Waiting]:
    async with local_world(tmp_path, plugins={"waits": WAITS}) as world:
        run = Waiting(world, tmp_path)
        try:
            yield run
        finally:
            run.file.touch()  # else the thread that asks would never end


async def test_a_run_that_is_stopped_while_it_decides_orders_nothing_and_its_record_says_so(waiting: Waiting) -> None:
    await waiting.begin()
    await stop(waiting.world.client, waiting.id)
    await waiting.world.ended(waiting.id)
    assert waiting.first
    assert (waiting.first.intents, waiting.first.skipped) == ((), "stopped meanwhile")
    decision = await waiting.says("stopped meanwhile")  # nobody waits for the answer, and it comes all the same
    assert decision.intents == ("Buy(quantity=1)",)
    assert waiting.world.orders(waiting.id) == []


async def test_a_run_that_is_paused_while_it_decides_orders_nothing_until_it_is_resumed(waiting: Waiting) -> None:
    await waiting.begin()
    await waiting.world.handle(waiting.id).execute_update("pause")
    decision = await waiting.says("paused meanwhile")
    assert (decision.intents, decision.verdicts) == (("Buy(quantity=1)",), ())
    assert waiting.world.orders(waiting.id) == []
    await waiting.world.handle(waiting.id).execute_update("resume")
    order = await waiting.world.order(waiting.id, "filled")
    assert order.id not in decision.orders


async def test_a_decision_that_comes_too_late_is_not_done(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "STALE_AFTER", timedelta(0))  # one bar then
    await waiting.begin()
    asked = datetime.now(UTC)

    async def is_late() -> bool:
        return datetime.now(UTC) > asked + timedelta(seconds=1.5)

    await until(is_late, "more than a bar to go by")
    decision = await waiting.says("too late")
    order = await waiting.world.order(waiting.id, "filled")
    assert order.id not in decision.orders
