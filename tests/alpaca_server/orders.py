"""One order: its terms, and how far it has come."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import uuid4

from .assets import Asset
from .wire import number, optional_number, optional_time, wire_time

TERMINAL = frozenset({"filled", "canceled", "expired", "rejected", "replaced"})
WORKING = frozenset({"new", "partially_filled", "pending_cancel", "pending_replace"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What was asked for. Exactly one of `quantity` and `notional` is given."""

    asset: Asset
    side: str
    type: str
    time_in_force: str
    quantity: Decimal | None
    notional: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None
    trail_price: Decimal | None = None
    trail_percent: Decimal | None = None
    extended_hours: bool = False
    order_class: str = ""
    position_intent: str = ""


@dataclass(slots=True, kw_only=True, eq=False)
class Order:
    """An accepted order. Times are nanoseconds since 1970."""

    account: str
    terms: Terms
    client_order_id: str
    submitted_at: int
    expires_at: int
    status: str = "pending_new"
    id: str = field(default_factory=lambda: str(uuid4()))
    quantity: Decimal | None = None  # shrinks when the other exit of a pair fills in part
    filled_quantity: Decimal = Decimal(0)
    filled_value: Decimal = Decimal(0)
    updated_at: int = 0
    filled_at: int | None = None
    expired_at: int | None = None
    canceled_at: int | None = None
    failed_at: int | None = None
    replaced_at: int | None = None
    replaces: str | None = None
    replaced_by: str | None = None
    stop_price: Decimal | None = None
    high_water_mark: Decimal | None = None
    elected: bool = False  # its stop was reached
    resting: bool = False  # its limit was not reached when it arrived, so it fills at the limit
    parts_done: int = 0
    part_awaited: bool = False
    parent: "Order | None" = None
    legs: list["Order"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.quantity = self.terms.quantity
        self.stop_price = self.terms.stop_price
        self.updated_at = self.submitted_at

    @property
    def symbol(self) -> str:
        """Return the symbol as orders spell it."""
        return self.terms.asset.symbol

    @property
    def is_terminal(self) -> bool:
        """Tell whether nothing more can happen to it."""
        return self.status in TERMINAL

    @property
    def is_working(self) -> bool:
        """Tell whether it is at the market, where it can fill."""
        return self.status in WORKING

    @property
    def remaining(self) -> Decimal | None:
        """Return what is still to be filled; None for a notional order that has not met a price."""
        return None if self.quantity is None else self.quantity - self.filled_quantity

    @property
    def is_exit_pair(self) -> bool:
        """Tell whether it is one of two exits of which one cancels the other."""
        return self.parent is not None or self.terms.order_class == "oco"

    def average_price(self) -> Decimal | None:
        """Return the mean price of its fills, None before the first."""
        return None if not self.filled_quantity else round(self.filled_value / self.filled_quantity, 9)

    def body(self, *, nested: bool = True) -> dict[str, Any]:
        """Return the order as the API gives it, its legs in it or left out."""
        terms = self.terms
        return {
            "id": self.id,
            "client_order_id": self.client_order_id,
            "created_at": wire_time(self.submitted_at),
            "updated_at": wire_time(self.updated_at),
            "submitted_at": wire_time(self.submitted_at),
            "filled_at": optional_time(self.filled_at),
            "expired_at": optional_time(self.expired_at),
            "expires_at": wire_time(self.expires_at),
            "canceled_at": optional_time(self.canceled_at),
            "failed_at": optional_time(self.failed_at),
            "replaced_at": optional_time(self.replaced_at),
            "replaced_by": self.replaced_by,
            "replaces": self.replaces,
            "asset_id": terms.asset.id,
            "symbol": self.symbol,
            "asset_class": terms.asset.class_name,
            "notional": optional_number(terms.notional),
            "qty": optional_number(None if terms.notional is not None else self.quantity),
            "filled_qty": number(self.filled_quantity),
            "filled_avg_price": optional_number(self.average_price()),
            "order_class": terms.order_class,
            "order_type": terms.type,
            "type": terms.type,
            "side": terms.side,
            "time_in_force": terms.time_in_force,
            "limit_price": optional_number(terms.limit_price),
            "stop_price": optional_number(self.stop_price),
            "status": self.status,
            "extended_hours": terms.extended_hours,
            "legs": [leg.body() for leg in self.legs] if nested and self.legs else None,
            "trail_percent": optional_number(terms.trail_percent),
            "trail_price": optional_number(terms.trail_price),
            "hwm": optional_number(self.high_water_mark),
            "position_intent": terms.position_intent,
            "ratio_qty": None,
            "subtag": None,
            "source": None,
        }
