"""What the simulated exchange asks of storage: one account's state, what came of its orders, stored bars, sessions."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from weaver.market import Bars, Sessions, Timeframe


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedOrder:
    """An order that is final, `report` as JSON."""

    exchange_order_id: str
    client_order_id: str
    submitted_at: datetime
    report: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedFill:
    """A fill as JSON. `booked_at` is when it was found, `sequence` its place among the account's fills and updates."""

    execution_id: str
    sequence: int
    booked_at: datetime
    fill: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of the stream of trade updates as JSON, and its place in it."""

    sequence: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What one call changed; `state` is the account's new state as JSON."""

    state: str
    orders: Sequence[EndedOrder] = field(default_factory=list[EndedOrder])
    fills: Sequence[BookedFill] = field(default_factory=list[BookedFill])
    messages: Sequence[Message] = field(default_factory=list[Message])


class Ledger(Protocol):
    """One transaction on one account."""

    @property
    def state(self) -> str | None:
        """The account's state, None before its first use."""
        ...

    def write(self, written: Written) -> None:
        """Store a new state and what came with it."""
        ...

    def ended(self, exchange_order_id: str) -> str | None:
        """Return the report of a final order."""
        ...

    def ended_as(self, client_order_id: str) -> str | None:
        """Return the report of a final order by the id its sender gave it."""
        ...

    def ended_since(self, time: datetime) -> list[str]:
        """Return the reports of final orders submitted at or after `time`, in order."""
        ...

    def fills_since(self, time: datetime) -> list[str]:
        """Return the fills booked at or after `time`, in order."""
        ...


class SimulatedStore(Protocol):
    """Where the simulated exchange lives, so that any of its processes may die at any time. Calls block: never call it on an
    event loop. Raises Unavailable when the place does not answer."""

    def change(self, account: str) -> AbstractContextManager[Ledger]:
        """Give one transaction that nobody else's on the account overlaps; it is undone if its block raises."""
        ...

    def look(self, account: str) -> AbstractContextManager[Ledger]:
        """Give one transaction that only reads."""
        ...

    def messages_after(self, account: str, sequence: int) -> list[Message]:
        """Return the messages after `sequence`, in order."""
        ...

    def sessions(self, first: date, last: date) -> Sessions:
        """Return the sessions of US equities with first ≤ date ≤ last."""
        ...

    def stored_bars(self, symbol: str, timeframe: Timeframe) -> Bars:
        """Return a stored series whole. Raises UnknownName or NoBars when there is none."""
        ...
