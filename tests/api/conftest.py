"""One stack for all tests here that leave it standing: a Temporal server, a worker with its processes, and an API before them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.api.asking import Api, asked, settings_of
from tests.workflows.stack import SYMBOL, Stack, until
from workflows.queues import look_at_queues
from workflows.trading_names import veda_queue

BACKTEST = {"strategy": "spinner", "symbols": [SYMBOL], "timeframe": "1m", "window_bars": 700, "costs": {"commission_bps": 10}}

TRADER = """
from weaver.marvin import Buy, Close, Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="trader", name="In and out at every bar")


class Trader(Strategy[StrategyParams]):
    def decide(self, view):
        view.note("flat" if view.is_flat else "long")
        yield Buy(1) if view.is_flat else Close()
"""

AVERAGER = """
from weaver.marvin import Bracket, Buy, Close, Strategy, StrategyMeta, StrategyParams
from weaver.marvin.indicators import sma

META = StrategyMeta(id="averager", name="A bracket now and then, and more than it can pay")


class Averager(Strategy[StrategyParams]):
    def warmup(self):
        return 5

    def indicators(self, bars):
        return {"mean": sma(bars.close, 5)}

    def decide(self, view):
        if view.time.minute == 10 and view.is_flat:
            yield Bracket(Buy(1), take_profit=view.only.close * 2, stop_loss=view.only.close / 2)
        elif view.time.minute == 20 and view.is_long:
            yield Close()
        elif view.time.minute == 30:
            yield Buy(1_000_000)
"""


@pytest_asyncio.fixture(scope="package")
async def api_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("api") / "home")
    (stack.home / "plugins" / "trader.py").write_text(TRADER)
    (stack.home / "plugins" / "averager.py").write_text(AVERAGER)
    try:
        client = await stack.start()

        async def trades() -> bool:
            (queue,) = await look_at_queues(client, [(veda_queue("simulated-paper"), "activity")])
            return queue.pollers > 0

        await until(trades, "the process of accounts to trade")
        yield stack
    finally:
        stack.stop()


@pytest_asyncio.fixture(scope="package")
async def api(api_stack: Stack) -> AsyncIterator[Api]:
    async with asked(settings_of(api_stack)) as one:
        yield one


@pytest_asyncio.fixture(scope="package")
async def finished(api: Api) -> Any:
    """A backtest that has ended."""
    run = await api.start({**BACKTEST, "id": "finished", "tags": ["kept"]})
    return await api.reached(run["id"], "completed")
