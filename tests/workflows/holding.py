"""Holds an activity in the middle of what it does with WallE, so that something else may happen meanwhile."""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Any
from unittest import mock

from weaver.walle.leases import Leases
from weaver.walle.orders import Orders
from weaver.walle.trading_model import Admitted, NotAdmitted, RunLedger, Wanted
from weaver.walle.trading_queries import TradingQueries

PATIENCE = 60


class Held:
    """A call that is held where it comes first, until told to go on."""

    def __init__(self) -> None:
        self.is_there, self._may_go_on = Event(), Event()

    async def comes(self) -> None:
        assert await asyncio.to_thread(self.is_there.wait, PATIENCE), "nothing came that could be held"

    def hold(self) -> None:
        self.is_there.set()
        assert self._may_go_on.wait(PATIENCE), "nobody said to go on"

    def goes_on(self) -> None:
        self._may_go_on.set()


@contextmanager
def held_end() -> Generator[Held]:
    """Hold a run that has wound down, where it gives back its leases."""
    held, release = Held(), Leases.release

    def release_late(leases: Leases, run_id: str) -> None:
        held.hold()
        release(leases, run_id)

    with mock.patch.object(Leases, "release", release_late):
        yield held


@contextmanager
def held_tick() -> Generator[Held]:
    """Hold a tick once it has read what works and what is held."""
    held, ledger = Held(), TradingQueries.ledger

    def ledger_of_then(queries: TradingQueries, *asked: Any) -> RunLedger:
        answer = ledger(queries, *asked)
        if len(asked) == 3 and not held.is_there.is_set():  # a tick asks for the fills behind its cursor too
            held.hold()
        return answer

    with mock.patch.object(TradingQueries, "ledger", ledger_of_then):
        yield held


@contextmanager
def held_remainder() -> Generator[Held]:
    """Hold the remainder of an amended order where it is admitted."""
    held, admit = Held(), Orders.admit

    def admit_late(orders: Orders, wanted: Sequence[Wanted], **terms: Any) -> list[Admitted | NotAdmitted]:
        if wanted[0].parent_id is not None:
            held.hold()
        return admit(orders, wanted, **terms)

    with mock.patch.object(Orders, "admit", admit_late):
        yield held
