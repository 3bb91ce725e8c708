"""Quantities: decimals of at most nine places and whole lots, in floats."""

from decimal import Decimal

_DECIMALS = 9
"""The finest that any venue takes."""


def tidy(quantity: float) -> float:
    """Return a sum of quantities as the nine-place decimal it stands for: 0.1 + 0.2 - 0.3 is 0."""
    return quantity if quantity.is_integer() else round(quantity, _DECIMALS)


def to_lots(quantity: float, lots_per_unit: int) -> int:
    """Return whole lots in `quantity`, rounded towards zero; a count within 1e-12 of a whole one is that one."""
    lots = quantity * lots_per_unit
    nearest = round(lots)
    if abs(lots - nearest) <= 1e-12 * abs(lots) + 1e-9:
        return nearest
    return int(lots)


def exact(number: float) -> Decimal:
    """Return the shortest decimal that reads back as this float."""
    return Decimal(repr(number))
