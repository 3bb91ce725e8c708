"""What really happened, in order, whatever clients were told."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from .wire import number

Kind = Literal["accepted", "refused", "fill", "cancel_requested", "canceled", "replace_requested", "replaced", "rejected", "expired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the ledger.

    `refused` is an order or a change that was not accepted; `origin` says how an accepted order came: post, leg, replace or close.
    `quantity` and `price` of a `fill` are the execution's; `fee` is what was kept of what was received, in units of `fee_in`.
    """

    number: int
    time: str
    kind: Kind
    account: str
    symbol: str | None = None
    side: str | None = None
    order_id: str | None = None
    client_order_id: str | None = None
    origin: str | None = None
    order_type: str | None = None
    quantity: Decimal | None = None
    notional: Decimal | None = None
    price: Decimal | None = None
    execution_id: str | None = None
    fee: Decimal = Decimal(0)
    fee_in: Literal["coin", "cash"] | None = None
    other_order_id: str | None = None
    reason: str | None = None

    def body(self) -> dict[str, Any]:
        """Return the entry for JSON: numbers as strings, absent fields left out."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return {name: number(v) if isinstance(v, Decimal) else v for name, v in values.items() if v is not None}

    @classmethod
    def read(cls, body: dict[str, Any]) -> "Entry":
        """Return the entry that `body()` wrote."""
        decimals: dict[str, Any] = {name: Decimal(body[name]) for name in ("quantity", "notional", "price", "fee") if name in body}
        return cls(**(body | decimals))


class Ledger:
    """Entries in memory and, with a file, one JSON line for each, written before anybody is told."""

    def __init__(self, file: Path | None = None) -> None:
        self.entries: list[Entry] = []
        self._lines = None if file is None else file.open("x", encoding="utf-8")  # another run's ledger is never continued

    def write(self, kind: Kind, *, time: str, account: str, **facts: Any) -> Entry:
        """Append an entry; it is in the file when this returns."""
        entry = Entry(number=len(self.entries) + 1, time=time, kind=kind, account=account, **facts)
        self.entries.append(entry)
        if self._lines is not None:
            self._lines.write(json.dumps(entry.body()) + "\n")
            self._lines.flush()
        return entry

    def close(self) -> None:
        """Close the file."""
        if self._lines is not None:
            self._lines.close()


def read_ledger(file: Path) -> list[Entry]:
    """Return the entries of a state file."""
    return [Entry.read(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def accepted(entries: Iterable[Entry], account: str | None = None) -> list[Entry]:
    """Return the orders that were accepted, in order, of one account or of all."""
    return [entry for entry in entries if entry.kind == "accepted" and account in (None, entry.account)]


def fills(entries: Iterable[Entry], account: str | None = None) -> list[Entry]:
    """Return the executions, in order, of one account or of all."""
    return [entry for entry in entries if entry.kind == "fill" and account in (None, entry.account)]


def filled(entries: Iterable[Entry], account: str) -> dict[str, Decimal]:
    """Return how much of each order of an account was executed; orders without executions are left out."""
    quantities: dict[str, Decimal] = defaultdict(Decimal)
    for entry in fills(entries, account):
        assert entry.order_id is not None
        assert entry.quantity is not None
        quantities[entry.order_id] += entry.quantity
    return dict(quantities)


def earned(entries: Iterable[Entry], account: str) -> Decimal:
    """Return the money that came in by an account's executions, less what went out."""
    total = Decimal(0)
    for entry in fills(entries, account):
        assert entry.quantity is not None
        assert entry.price is not None
        value = entry.quantity * entry.price
        total += -value if entry.side == "buy" else value - (entry.fee if entry.fee_in == "cash" else Decimal(0))
    return total


def positions(entries: Iterable[Entry]) -> dict[str, dict[str, Decimal]]:
    """Return what each account holds by symbol, summed from executions; flat symbols are left out."""
    held: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for entry in fills(entries):
        assert entry.quantity is not None
        assert entry.symbol is not None
        received = entry.quantity - (entry.fee if entry.fee_in == "coin" else Decimal(0))
        held[entry.account][entry.symbol] += received if entry.side == "buy" else -entry.quantity
    return {account: {symbol: q for symbol, q in rows.items() if q} for account, rows in held.items()}


def problems(entries: Iterable[Entry]) -> list[str]:
    """Return what contradicts itself: ids used twice, fills without or after an order, or beyond its quantity. Empty when sound."""
    found: list[str] = []
    orders: dict[str, Entry] = {}
    names: set[tuple[str, str | None]] = set()
    executions: set[str | None] = set()
    filled: dict[str, Decimal] = defaultdict(Decimal)
    ended: set[str | None] = set()
    for entry in entries:
        line = f"entry {entry.number}"
        match entry.kind:
            case "accepted":
                assert entry.order_id is not None
                if entry.order_id in orders:
                    found.append(f"{line}: order {entry.order_id} accepted twice")
                if (entry.account, entry.client_order_id) in names:
                    found.append(f"{line}: client_order_id {entry.client_order_id} accepted twice")
                orders[entry.order_id] = entry
                names.add((entry.account, entry.client_order_id))
            case "fill":
                assert entry.order_id is not None
                assert entry.quantity is not None
                order = orders.get(entry.order_id)
                filled[entry.order_id] += entry.quantity
                if order is None or order.account != entry.account:
                    found.append(f"{line}: fill of an order that the account does not have")
                elif order.quantity is not None and filled[entry.order_id] > order.quantity:
                    found.append(f"{line}: order {entry.order_id} filled beyond its quantity")
                if entry.execution_id in executions:
                    found.append(f"{line}: execution {entry.execution_id} twice")
                if entry.order_id in ended:
                    found.append(f"{line}: fill after the end of order {entry.order_id}")
                executions.add(entry.execution_id)
            case "canceled" | "replaced" | "rejected" | "expired":
                if entry.order_id in ended:
                    found.append(f"{line}: order {entry.order_id} ended twice")
                ended.add(entry.order_id)
            case "refused" | "cancel_requested" | "replace_requested":
                pass
    return found
