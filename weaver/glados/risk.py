"""Limits on what may be ordered. Pure: whoever asks brings the facts."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from weaver.orders import OrderRequest, OrderType, Side

KEPT_FREE = Decimal("0.05")
"""Share of buying power that admission leaves alone, since prices move between the decision and the fill."""


class RiskLimits(BaseModel):
    """Limits of an account, or of one run on top of its account's. An absent one does not limit; money in the quote currency.

    A limit is the largest value that is still allowed. `price_collar_pct` (points) bounds how far a limit or stop price may
    lie from the last price. `max_daily_loss` counts from the equity at the opening of the session (24/7: the UTC day).
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_order_notional: Decimal | None = Field(default=None, gt=0, description="largest quantity × price of one order")
    max_position: Decimal | None = Field(default=None, gt=0, description="largest |position| × price in one symbol")
    max_gross_exposure: Decimal | None = Field(
        default=None, gt=0, description="largest sum of |position| × price, working entries included"
    )
    max_orders_per_minute: int | None = Field(default=None, ge=1, description="orders admitted in any 60 seconds")
    max_daily_loss: Decimal | None = Field(default=None, gt=0, description="largest loss since the session's opening equity")
    price_collar_pct: Decimal | None = Field(default=None, gt=0, description="largest distance of a price from the last one, in points")
    allowed_symbols: tuple[str, ...] | None = Field(default=None, description="symbols that may be traded; absent: all")
    on_daily_loss: Literal["stop", "flatten"] = Field(default="stop", description="what a breach does with the account's runs")


LIVE_LIMITS = RiskLimits(
    max_order_notional=Decimal(5_000),
    max_position=Decimal(10_000),
    max_gross_exposure=Decimal(20_000),
    max_orders_per_minute=10,
    max_daily_loss=Decimal(500),
    price_collar_pct=Decimal(5),
)
"""What a live account is held to until its owner says otherwise: small on purpose."""
PAPER_LIMITS = RiskLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known when an order is to be admitted. All of it is of one account, or of one run where limits of a run are checked.

    `price` is the symbol's last price, None when there is none. `position` is signed and counts what working orders would
    still add in the order's direction; `gross_exposure` is Σ |position| × price with working entries in it, this order not.
    `orders_last_minute` counts admitted orders; `day_loss` is opening equity less present equity (a gain is negative);
    `buying_power` is what may still be spent, reservations taken off, None when it is not known.
    """

    price: Decimal | None
    position: Decimal
    gross_exposure: Decimal
    orders_last_minute: int
    day_loss: Decimal
    buying_power: Decimal | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an order is not admitted: the rule's name and what to say."""

    rule: str
    message: str


def notional(order: OrderRequest, price: Decimal | None) -> Decimal | None:
    """Return what the order would move: quantity × the price of `worth_of_unit`; None without any price."""
    worth = worth_of_unit(order, price)
    return None if worth is None else order.quantity * worth


def worth_of_unit(order: OrderRequest, price: Decimal | None) -> Decimal | None:
    """Return what one unit of the order is counted at: its limit, else its stop, else the last price, which may be unknown.

    A limit to sell below the last price fills at that price, so the last price counts for it.
    """
    if order.side is Side.SELL and order.order_type is OrderType.LIMIT and order.limit_price and price:
        return max(order.limit_price, price)
    return order.limit_price or order.stop_price or price


def reduces(order: OrderRequest, position: Decimal) -> bool:
    """Tell whether the order can only make the position smaller: it is `reduce_only`, or against a position at least as large."""
    return order.reduce_only or opening(order, position) == 0


def opening(order: OrderRequest, position: Decimal) -> Decimal:
    """Return the units of the order that would not reduce `position` but open, or add to, one: quantity − what it can close."""
    if order.reduce_only:
        return Decimal(0)
    closes = max(-position * order.side.sign, Decimal(0))
    return max(order.quantity - closes, Decimal(0))


def check(order: OrderRequest, facts: Facts, limits: RiskLimits) -> Refusal | None:
    """Return why the order is not admitted, by the first rule that forbids it in the order below; None when none does.

    An order that can only reduce the position passes all rules but allowed_symbols and price_collar_pct: leaving must be possible
    whatever went wrong. Where a rule needs a price and none is known, the refusal's rule is `no_price`.
    """
    for rule in _RULES:
        refusal = rule(order, facts, limits)
        if refusal is not None:
            return refusal
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a run may use: `amount` at its start, and what its fills brought since. `leverage` bounds its gross exposure as a
    multiple of its equity; with 1 and no shorting it pays from its cash."""

    amount: Decimal
    leverage: Decimal = Decimal(1)
    allow_short: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Purse:
    """A run's own money when an order is to be admitted. `cash` is its budget and the flows of its fills; `reserved` what its
    working entries may still take; `equity` cash + Σ position × price; `facts` its own."""

    cash: Decimal
    reserved: Decimal
    equity: Decimal
    facts: Facts


def check_budget(order: OrderRequest, purse: Purse, budget: Budget) -> Refusal | None:
    """Return why a run may not place an order: it would sell what the run does not hold, or take more than the run has.

    not_held: without shorting a sale only reduces the run's own position; what the account holds besides is not the run's.
    budget: units that open × price ≤ cash − reserved; with leverage or shorting: gross exposure + units that open × price ≤
    leverage × equity. The price is that of `worth_of_unit`.
    """
    opens = opening(order, purse.facts.position)
    if opens == 0:
        return None
    if order.side is Side.SELL and not budget.allow_short:
        held = order.quantity - opens
        return Refusal("not_held", f"The run would sell {_shown(order.quantity)} with {_shown(held)} held; short selling is not allowed.")
    worth = worth_of_unit(order, purse.facts.price)
    if worth is None:
        return _no_price(order, "budget")
    cost, room = opens * worth, room_of(purse, budget)
    if cost <= room:
        return None
    if pays_cash(budget):
        return Refusal("budget", f"The order costs {_shown(cost)}; the run has {_shown(room)} left.")
    exposure = purse.facts.gross_exposure + cost
    return Refusal("budget", f"The run would hold {_shown(exposure)}, more than {budget.leverage:f} × its equity {_shown(purse.equity)}.")


def pays_cash(budget: Budget) -> bool:
    """Tell whether a run pays all that it holds from its cash."""
    return budget.leverage == 1 and not budget.allow_short


def room_of(purse: Purse, budget: Budget) -> Decimal:
    """Return what a run's next order may open, in money: cash − reserved; with leverage or shorting leverage × equity − gross exposure."""
    return purse.cash - purse.reserved if pays_cash(budget) else budget.leverage * purse.equity - purse.facts.gross_exposure


def usable(buying_power: Decimal) -> Decimal:
    """Return how much of an account's buying power orders may use."""
    return buying_power * (1 - KEPT_FREE)


def _allowed_symbols(order: OrderRequest, _facts: Facts, limits: RiskLimits) -> Refusal | None:
    """symbol ∈ allowed_symbols."""
    if limits.allowed_symbols is None or order.symbol in limits.allowed_symbols:
        return None
    return Refusal("allowed_symbols", f"{order.symbol} is not among the allowed symbols ({', '.join(limits.allowed_symbols) or 'none'}).")


def _max_order_notional(order: OrderRequest, facts: Facts, limits: RiskLimits) -> Refusal | None:
    """quantity × price ≤ max_order_notional, the price as in `worth_of_unit`."""
    if limits.max_order_notional is None or reduces(order, facts.position):
        return None
    moved = notional(order, facts.price)
    if moved is None:
        return _no_price(order, "max_order_notional")
    if moved <= limits.max_order_notional:
        return None
    return Refusal("max_order_notional", f"The order moves {_shown(moved)}, more than {_shown(limits.max_order_notional)}.")


def _price_collar_pct(order: OrderRequest, facts: Facts, limits: RiskLimits) -> Refusal | None:
    """|own price − last price| × 100 ≤ price_collar_pct × last price, for the order's own limit and stop, not for its exits."""
    collar = limits.price_collar_pct
    if collar is None:
        return None
    for name, own in (("limit", order.limit_price), ("stop", order.stop_price)):
        if own is None:
            continue
        if facts.price is None:
            return _no_price(order, "price_collar_pct")
        if abs(own - facts.price) * 100 > collar * facts.price:
            far = f"The {name} {_shown(own)} is more than {_shown(collar)} % from the last price {_shown(facts.price)}."
            return Refusal("price_collar_pct", far)
    return None


def _max_position(order: OrderRequest, facts: Facts, limits: RiskLimits) -> Refusal | None:
    """|position + sign × quantity| × price ≤ max_position, at the last price, else the order's own."""
    if limits.max_position is None or reduces(order, facts.position):
        return None
    price = facts.price or worth_of_unit(order, None)
    if price is None:
        return _no_price(order, "max_position")
    held = abs(facts.position + order.side.sign * order.quantity) * price
    if held <= limits.max_position:
        return None
    return Refusal(
        "max_position", f"The position in {order.symbol} would be worth {_shown(held)}, more than {_shown(limits.max_position)}."
    )


def _max_gross_exposure(order: OrderRequest, facts: Facts, limits: RiskLimits) -> Refusal | None:
    """gross exposure + units that open × price ≤ max_gross_exposure, the price as in `worth_of_unit`."""
    if limits.max_gross_exposure is None or reduces(order, facts.position):
        return None
    worth = worth_of_unit(order, facts.price)
    if worth is None:
        return _no_price(order, "max_gross_exposure")
    exposure = facts.gross_exposure + opening(order, facts.position) * worth
    if exposure <= limits.max_gross_exposure:
        return None
    more = f"All positions and entries would be worth {_shown(exposure)}, more than {_shown(limits.max_gross_exposure)}."
    return Refusal("max_gross_exposure", more)


def _max_orders_per_minute(order: OrderRequest, facts: Facts, limits: RiskLimits) -> Refusal | None:
    """orders of the last 60 seconds + 1 ≤ max_orders_per_minute."""
    most = limits.max_orders_per_minute
    if most is None or facts.orders_last_minute + 1 <= most or reduces(order, facts.position):
        return None
    return Refusal("max_orders_per_minute", f"{facts.orders_last_minute} orders were admitted in the last minute, of {most} allowed.")


def _max_daily_loss(order: OrderRequest, facts: Facts, limits: RiskLimits) -> Refusal | None:
    """opening equity − equity ≤ max_daily_loss."""
    most = limits.max_daily_loss
    if most is None or facts.day_loss <= most or reduces(order, facts.position):
        return None
    return Refusal("max_daily_loss", f"{_shown(facts.day_loss)} were lost since the session's opening, more than {_shown(most)}.")


def _buying_power(order: OrderRequest, facts: Facts, _limits: RiskLimits) -> Refusal | None:
    """units that open × price ≤ buying power × (1 − KEPT_FREE), the price as in `worth_of_unit`. Unknown buying power does not limit."""
    if facts.buying_power is None or reduces(order, facts.position):
        return None
    worth = worth_of_unit(order, facts.price)
    if worth is None:
        return _no_price(order, "buying_power")
    needed = opening(order, facts.position) * worth
    most = usable(facts.buying_power)
    if needed <= most:
        return None
    return Refusal("buying_power", f"The order needs {_shown(needed)}; {_shown(max(most, Decimal(0)))} of the buying power may be used.")


_RULES = (
    _allowed_symbols,
    _max_order_notional,
    _price_collar_pct,
    _max_position,
    _max_gross_exposure,
    _max_orders_per_minute,
    _max_daily_loss,
    _buying_power,
)


def _no_price(order: OrderRequest, rule: str) -> Refusal:
    return Refusal("no_price", f"No price of {order.symbol} is known, so {rule} cannot be checked. Give the order a limit.")


def _shown(number: Decimal) -> str:
    """Write a number as people do: no exponent, no zeros after the last digit."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
