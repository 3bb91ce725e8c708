"""What every activity at a venue does while it works."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from temporalio import activity

from activities.failures import translated

BEAT_SECONDS = 1.0


@asynccontextmanager
async def beating() -> AsyncGenerator[None]:
    """Heartbeat while inside, so that a dead worker is noticed within seconds, and let errors out as Temporal's."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(BEAT_SECONDS)

    beating = asyncio.create_task(beat())
    try:
        with translated():
            yield
    finally:
        beating.cancel()
