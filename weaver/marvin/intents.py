"""What a strategy may ask for. Sizes are units, cash, percent of equity, or a target weight.

`symbol` may be left out when the run has only one. Prices and sizes may be Decimal, int or float. Intents are not frozen,
since strategies make one per decision and a frozen one takes three times as long; they are read once, when yielded.
"""

from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import Protocol

from weaver.errors import BadValue
from weaver.orders import OrderType, TimeInForce

Number = Decimal | int | float


class HasId(Protocol):
    """A working order as the view shows it."""

    @property
    def id(self) -> str: ...


@dataclass(slots=True)
class _Order:
    """An order of exactly one size: `quantity` units, `cash` to spend, or `percent` of equity (points: 5 = 5 %).

    Its type follows from the prices: none: market; `limit`; `stop`; both: stop-limit (a limit from the trigger
    on); `trail` (price distance) or `trail_percent` (points): trailing stop, following completed bars.
    """

    quantity: Number | None = None
    symbol: str | None = None
    cash: Number | None = None
    percent: Number | None = None
    limit: Number | None = None
    stop: Number | None = None
    trail: Number | None = None
    trail_percent: Number | None = None
    time_in_force: TimeInForce | str = TimeInForce.GTC

    def __post_init__(self) -> None:
        quantity = self.quantity
        if (
            quantity is not None
            and self.limit is None
            and self.stop is None
            and self.cash is None
            and self.percent is None
            and self.trail is None
            and self.trail_percent is None
            and self.time_in_force is TimeInForce.GTC
            and isfinite(quantity)
            and quantity > 0
        ):
            return  # a market order for a sound number of units, by far the most frequent one
        sizes = [size for size in (self.quantity, self.cash, self.percent) if size is not None]
        if len(sizes) != 1:
            raise BadValue("size", sizes, "exactly one of quantity, cash and percent")
        for name in ("quantity", "cash", "percent", "limit", "stop", "trail", "trail_percent"):
            value: Number | None = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise BadValue(name, value, "a number above 0")
        if (self.trail is not None or self.trail_percent is not None) and (
            self.limit is not None or self.stop is not None or (self.trail is not None and self.trail_percent is not None)
        ):
            raise BadValue("trail", self.trail, "trail or trail_percent alone, without limit or stop")
        self.time_in_force = TimeInForce(self.time_in_force)

    @property
    def order_type(self) -> OrderType:
        if self.stop is not None:
            return OrderType.STOP if self.limit is None else OrderType.STOP_LIMIT
        if self.limit is not None:
            return OrderType.LIMIT
        return OrderType.MARKET if self.trail is None and self.trail_percent is None else OrderType.TRAILING_STOP


@dataclass(slots=True)
class Buy(_Order):
    """Buy; `Buy(100)` is a market order for 100 units."""


@dataclass(slots=True)
class Sell(_Order):
    """Sell; without `allow_short` never more than is held."""


@dataclass(slots=True)
class Close:
    """Close the whole position at the next open; its bracket legs and other exits are cancelled when it fills.
    Does nothing when flat."""

    symbol: str | None = None


@dataclass(slots=True)
class TargetWeight:
    """Hold `weight` of equity in the symbol (0.25 = a quarter; negative: short); orders the difference to the position.

    A market order of an earlier TargetWeight on the symbol that still waits is cancelled.
    """

    symbol: str
    weight: float


@dataclass(slots=True)
class Bracket:
    """An entry with a take-profit (limit) and a stop-loss (stop) at absolute prices; one cancels the other.

    `stop_limit` makes the stop-loss a stop-limit. At least one leg is needed.
    """

    entry: Buy | Sell
    take_profit: Number | None = None
    stop_loss: Number | None = None
    stop_limit: Number | None = None

    def __post_init__(self) -> None:
        if self.take_profit is None and self.stop_loss is None:
            raise BadValue("bracket", None, "a take_profit, a stop_loss or both")
        if self.stop_limit is not None and self.stop_loss is None:
            raise BadValue("stop_limit", self.stop_limit, "a stop_loss beside it")
        for name in ("take_profit", "stop_loss", "stop_limit"):
            value: Number | None = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise BadValue(name, value, "a price above 0")
        if self.take_profit is not None and self.stop_loss is not None:
            above = self.take_profit > self.stop_loss  # type: ignore[operator]  # Decimal and float compare fine
            if above != isinstance(self.entry, Buy):
                raise BadValue("take_profit", self.take_profit, "above the stop_loss for a Buy, below it for a Sell")


@dataclass(slots=True)
class Cancel:
    """Cancel a working order (from `view.working_orders`, or its id). One that is final already is left alone."""

    order: HasId | str


@dataclass(slots=True)
class Replace:
    """Cancel a working order and place its remainder anew, as `<id>.r<n>`, with what is given here changed."""

    order: HasId | str
    quantity: Number | None = None
    limit: Number | None = None
    stop: Number | None = None


Intent = Buy | Sell | Close | TargetWeight | Bracket | Cancel | Replace


def describe(intent: Intent) -> str:
    """Write an intent as its author would, with the fields that say something: `Buy(quantity=1, limit=99.5)`."""
    said = (
        f"{name}={_said(value)}"
        for name in intent.__dataclass_fields__
        if (value := getattr(intent, name)) is not None and value is not TimeInForce.GTC
    )
    return f"{type(intent).__name__}({', '.join(said)})"


def _said(value: object) -> str:
    if isinstance(value, Buy | Sell):
        return describe(value)
    if isinstance(value, Decimal | int | float):
        return str(value)
    return f"'{getattr(value, 'id', value)}'"
