"""What an account is worth, and what it may still spend."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .accounts import Account
from .orders import Order, Terms
from .wire import number

PriceOf = Callable[[str], Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class Balances:
    """Money by the margin rules of Regulation T: half of what is held must be own money, a cash account pays all."""

    equity: Decimal
    long_value: Decimal
    short_value: Decimal
    initial_margin: Decimal
    reserved: Decimal
    buying_power: Decimal
    cash_power: Decimal  # for what cannot be bought on margin, such as crypto


def reference_price(terms: Terms, price: Decimal) -> Decimal:
    """Return the price at which an order is checked: market buys at a collar above (4% under $50, else 2.5%), shorts at 3% above."""
    collar = Decimal("1.04") if price < 50 else Decimal("1.025")
    if terms.side == "sell":
        return max(terms.limit_price or Decimal(0), price * Decimal("1.03"))
    if terms.limit_price is not None:
        return terms.limit_price
    return (terms.stop_price or price) * collar


def cost_of(terms: Terms, quantity: Decimal | None, price: Decimal) -> Decimal:
    """Return what an opening order of `quantity` (None: its notional) is reckoned to cost."""
    if quantity is None:
        assert terms.notional is not None
        return terms.notional
    return quantity * reference_price(terms, price)


def reserved_by(order: Order, price: Decimal) -> Decimal:
    """Return what an open order reserves: nothing where it closes, and nothing of what has filled."""
    if not order.terms.position_intent.endswith("to_open"):
        return Decimal(0)
    cost = cost_of(order.terms, order.remaining, price)
    return cost - order.filled_value if order.remaining is None else cost


def balances(account: Account, price_of: PriceOf, *, without: Order | None = None) -> Balances:
    """Return the account's money at current prices; `without` leaves out the reservation of an order that is being replaced."""
    values = [position.quantity * price_of(symbol) for symbol, position in account.positions.items()]
    long_value = sum((value for value in values if value > 0), Decimal(0))
    short_value = sum((value for value in values if value < 0), Decimal(0))
    equity = account.cash + long_value + short_value
    reserved = sum((reserved_by(o, price_of(o.symbol)) for o in account.open_orders() if o is not without), Decimal(0))
    crypto = sum((p.quantity * price_of(s) for s, p in account.positions.items() if p.asset.crypto), Decimal(0))
    margin = (long_value - crypto - short_value) / 2 + crypto
    cash_power = max(Decimal(0), min(account.cash, equity - margin) - reserved)
    power = max(Decimal(0), (equity - margin) * account.spec.multiplier - reserved) if account.spec.multiplier > 1 else cash_power
    return Balances(
        equity=equity,
        long_value=long_value,
        short_value=short_value,
        initial_margin=margin,
        reserved=reserved,
        buying_power=power,
        cash_power=cash_power,
    )


def account_body(account: Account, price_of: PriceOf) -> dict[str, Any]:
    """Return the account as the API gives it since July 2026: without the fields of the old day-trading rule."""
    money = balances(account, price_of)

    def cents(value: Decimal) -> str:
        return number(round(value, 2))

    return {
        "id": account.id,
        "account_number": ("PA" if account.spec.paper else "") + account.id[:8].upper(),
        "status": "ACTIVE",
        "crypto_status": "ACTIVE",
        "currency": "USD",
        "created_at": account.created_at,
        "cash": cents(account.cash),
        "equity": cents(money.equity),
        "portfolio_value": cents(money.equity),
        "last_equity": cents(account.start_cash),
        "long_market_value": cents(money.long_value),
        "short_market_value": cents(money.short_value),
        "buying_power": cents(money.buying_power),
        "regt_buying_power": cents(min(money.buying_power, max(Decimal(0), (money.equity - money.initial_margin) * 2))),
        "non_marginable_buying_power": cents(money.cash_power),
        "options_buying_power": cents(money.cash_power),
        "options_approved_level": 0,
        "options_trading_level": 0,
        "initial_margin": cents(money.initial_margin),
        "maintenance_margin": cents(money.initial_margin * Decimal("0.6")),
        "last_maintenance_margin": "0",
        "multiplier": str(account.spec.multiplier),
        "shorting_enabled": account.spec.multiplier > 1,
        "accrued_fees": "0",
        "pending_transfer_in": "0",
        "sma": cents(money.equity),
        **account.flags,
    }
