"""Streams bars of the price wave as time passes."""

import asyncio

from .assets import Asset
from .bars import BarSource
from .clock import Clock
from .data_stream import DataStream, next_edge
from .wire import MINUTE, SECOND


class BarGenerator:
    """One bar for each symbol at each multiple of some seconds of the venue's time."""

    def __init__(self, clock: Clock, bars: BarSource, stream: DataStream) -> None:
        self._clock = clock
        self._bars = bars
        self._stream = stream
        self._task: asyncio.Task[None] | None = None

    def set(self, assets: list[Asset], every: float | None) -> None:
        """Generate for these from now on, or stop with None."""
        self.stop()
        if every is not None:
            self._task = asyncio.get_running_loop().create_task(self._run(assets, every))

    def stop(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self, assets: list[Asset], every: float) -> None:
        edge = next_edge(self._clock.now(), every)
        while True:
            while (missing := edge - self._clock.now()) > 0:
                await asyncio.sleep(min(missing / SECOND, 0.2))  # short, since the test may move the clock
            for asset in assets:
                self._give(asset, edge - int(every * SECOND), edge)
            edge = max(edge + int(every * SECOND), next_edge(self._clock.now() - 1, every))

    def _give(self, asset: Asset, start: int, end: int) -> None:
        # A whole minute is the same bar as over REST; outside its session a stock has none.
        minute = end - start == MINUTE
        rows = self._bars.bars(asset, "1Min", start, start).rows() if minute else [self._bars.between(asset, start, end)]
        self._stream.publish("crypto" if asset.crypto else "stock", [{"T": "b", "S": asset.symbol, **row} for row in rows])
