"""What reached the account of a purchase, where the venue takes its fee out of what is bought and does not say so."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from weaver.broker import Fill
from weaver.orders import Side

LARGEST_FEE = Decimal("0.01")
"""The largest share of a purchase that is taken for a fee; what is missing beyond that is something else, and shows as drift."""


def with_received(fills: Sequence[Fill], *, ours: Mapping[str, Decimal], theirs: Mapping[str, Decimal]) -> list[Fill]:
    """Return the fills with what was received of each purchase, so that the position they lead to is the venue's.

    `fills` are not booked yet; `ours` are the positions without them, `theirs` what the venue holds after them. Where what is
    missing is no fee, the fills stay as they are.
    """
    known: list[Fill] = list(fills)
    for symbol, fee in missing(fills, ours=ours, theirs=theirs).items():
        bought = [at for at, fill in enumerate(known) if fill.symbol == symbol and fill.side is Side.BUY and fill.received is None]
        quantity = sum((known[at].quantity for at in bought), Decimal(0))
        if not bought or not 0 < fee <= LARGEST_FEE * quantity:
            continue
        left = fee
        for at in bought:
            share = left if at == bought[-1] else (fee * known[at].quantity / quantity).quantize(Decimal("1e-9"))
            left -= share
            known[at] = replace(known[at], received=known[at].quantity - share)
    return known


def missing(fills: Sequence[Fill], *, ours: Mapping[str, Decimal], theirs: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Return how much less the venue holds than `ours` with the fills, by symbol with a slash; where they agree, nothing.

    Negative where the venue holds more: it has executions that are not among the fills.
    """
    expected: dict[str, Decimal] = {}
    for fill in fills:
        if "/" in fill.symbol:
            expected[fill.symbol] = expected.get(fill.symbol, ours.get(fill.symbol, Decimal(0))) + _signed(fill)
    return {symbol: held - theirs.get(symbol, Decimal(0)) for symbol, held in expected.items() if held != theirs.get(symbol, Decimal(0))}


def _signed(fill: Fill) -> Decimal:
    quantity = fill.quantity if fill.received is None else fill.received
    return quantity if fill.side is Side.BUY else -quantity
