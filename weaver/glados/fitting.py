"""Orders of a size in money, made as small as their money is: a backtest does it at the fill, before a venue it must be done first."""

from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal

from weaver.glados.risk import Budget, Facts, Purse, opening, room_of, usable, worth_of_unit
from weaver.orders import OrderRequest, Side


def fitted(order: OrderRequest, lot: Decimal, facts: Facts, purse: Purse | None = None, budget: Budget | None = None) -> OrderRequest:
    """Return the order with as many units as can be paid, in whole lots; as it is when all of them can, or none.

    units that open × price ≤ buying power × (1 − KEPT_FREE) by the account's `facts`, and ≤ `room_of` by the run's `purse`, the price
    as in `worth_of_unit`. What closes a position stays. A sale without shorting opens nothing, so it is left to be refused.
    """
    worth = worth_of_unit(order, facts.price)
    is_short = order.side is Side.SELL and (budget is None or not budget.allow_short)
    if not worth or is_short or order.reduce_only:
        return order
    units = [order.quantity]
    if facts.buying_power is not None:
        units.append(_closing(order, facts) + _paid(usable(facts.buying_power), worth, lot))
    if purse is not None and budget is not None:
        units.append(_closing(order, purse.facts) + _paid(room_of(purse, budget), worth, lot))
    quantity = min(units)
    return replace(order, quantity=quantity) if quantity > 0 else order


def _closing(order: OrderRequest, facts: Facts) -> Decimal:
    return order.quantity - opening(order, facts.position)


def _paid(money: Decimal, worth: Decimal, lot: Decimal) -> Decimal:
    units = (max(money, Decimal(0)) / worth / lot).to_integral_value(ROUND_FLOOR) * lot
    return units if units * worth <= money else max(units - lot, Decimal(0))  # the division may have rounded up
