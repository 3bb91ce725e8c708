"""Reads the variables of the simulated exchange."""

import json
from decimal import Decimal

from pydantic import TypeAdapter

from weaver.errors import BadValue
from weaver.orders import Costs


def parse_cash(text: str) -> float:
    """Return what a new account begins with. Raises BadValue."""
    try:
        cash = float(text)
    except ValueError:
        cash = -1.0
    if not 0 <= cash < float("inf"):
        raise BadValue("WEAVER_SIMULATED_CASH", text, "an amount such as 100000")
    return cash


def parse_costs(text: str) -> Costs:
    """Read the costs of trading from JSON. Raises BadValue."""
    try:
        given = json.loads(text, parse_float=Decimal)
        if not set(given) <= set(Costs.__dataclass_fields__):
            raise ValueError
        return TypeAdapter(Costs).validate_python(given)
    except (ValueError, TypeError):  # pydantic's ValidationError is a ValueError
        raise BadValue("WEAVER_SIMULATED_COSTS", text, 'JSON such as {"commission_bps": "10", "slippage_bps": "5"}') from None
