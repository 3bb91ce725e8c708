"""What every activity at a venue does while it works."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from temporalio import activity

from activities.failures import translated
from weaver.errors import Refused, Unavailable

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


@asynccontextmanager
async def for_a_person() -> AsyncGenerator[None]:
    """Take a venue's refusal of anything but an order (its keys, a blocked account) for Unavailable: that is for a person to put
    right, and whoever looks after orders asks again until then."""
    try:
        yield
    except Refused as refusal:
        raise Unavailable(f"The venue refuses to answer: {refusal.reason}") from refusal
