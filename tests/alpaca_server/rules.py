"""Rules of an order by itself: what Alpaca refuses whatever the account holds."""

from datetime import time
from decimal import Decimal

from .draft import Draft
from .errors import broken, invalid, not_permitted
from .sessions import Phase
from .wire import NEW_YORK, datetime_of, number, places

PRICED = {"limit": ("limit_price",), "stop": ("stop_price",), "stop_limit": ("limit_price", "stop_price")}


def check_draft(draft: Draft, *, price: Decimal, phase: Phase, now: int) -> None:
    """Refuse an order that breaks a rule; `price` is the market's, `now` nanoseconds since 1970."""
    if not draft.asset.tradable:
        raise broken(f'asset "{draft.asset.symbol}" is not tradable')
    for name in PRICED.get(draft.type, ()):
        if getattr(draft, name) is None:
            raise invalid(f"{draft.type} orders require {name}")
    check_prices(draft)
    if draft.asset.crypto:
        check_crypto(draft)
    else:
        check_equity(draft, phase=phase, now=now)
    check_class(draft, price)
    check_size(draft, price)


def check_prices(draft: Draft) -> None:
    """Refuse prices that are not positive, or finer than a cent (four decimals under a dollar; coins: nine)."""
    named = {
        "limit_price": draft.limit_price,
        "stop_price": draft.stop_price,
        "take_profit.limit_price": draft.take_profit,
        "stop_loss.stop_price": draft.stop_loss,
        "stop_loss.limit_price": draft.stop_loss_limit,
    }
    for name, value in named.items():
        if value is not None:
            check_price(name, value, crypto=draft.asset.crypto)


def check_price(name: str, value: Decimal, *, crypto: bool) -> None:
    """Refuse one price, in Alpaca's words."""
    if value <= 0:
        raise invalid(f"{name} must be > 0")
    if places(value) > (9 if crypto else (2 if value >= 1 else 4)):
        raise broken(f"invalid {name} {number(value)}. sub-penny increment does not fulfill minimum pricing criteria")


def check_crypto(draft: Draft) -> None:
    """Refuse what coins do not have."""
    if draft.time_in_force not in ("gtc", "ioc"):
        raise broken("invalid crypto time_in_force")
    if draft.type not in ("market", "limit", "stop_limit"):
        raise broken("invalid order type for crypto order")
    if draft.order_class:
        raise broken(f"crypto orders not allowed for advanced order_class: {draft.order_class}")
    if draft.extended_hours:
        raise broken("extended hours are not supported for crypto orders")


def check_equity(draft: Draft, *, phase: Phase, now: int) -> None:
    """Refuse by the rules of fractions, sessions and auctions."""
    fractional = draft.notional is not None or (draft.quantity is not None and draft.quantity != draft.quantity.to_integral_value())
    if fractional:
        if not draft.asset.fractionable:
            raise not_permitted(f'asset "{draft.asset.symbol}" is not fractionable')
        if draft.time_in_force != "day":
            raise broken("fractional orders must be DAY orders")
        if draft.type == "trailing_stop" or draft.order_class:
            raise broken("fractional orders must be simple orders")
    if draft.extended_hours and (draft.type != "limit" or draft.time_in_force not in ("day", "gtc")):
        raise broken("extended hours order must be DAY or GTC limit orders")
    clock = datetime_of(now).astimezone(NEW_YORK).time()
    if draft.time_in_force == "opg" and (phase == "open" or time(9, 28) <= clock < time(19)):
        raise broken("opg orders are not accepted between 9:28am and 7:00pm ET")
    if draft.time_in_force == "cls" and time(15, 50) <= clock < time(19):
        raise broken("cls orders are not accepted between 3:50pm and 7:00pm ET")


def check_class(draft: Draft, price: Decimal) -> None:
    """Refuse brackets and pairs whose legs are missing or on the wrong side of the base price."""
    if draft.type == "trailing_stop":
        if draft.order_class or draft.time_in_force not in ("day", "gtc"):
            raise broken("trailing stop orders must be simple DAY or GTC orders")
        if (draft.trail_price is None) == (draft.trail_percent is None):
            raise invalid("trailing stop orders require one of trail_price or trail_percent")
    if not draft.order_class:
        return
    if draft.time_in_force not in ("day", "gtc") or draft.extended_hours:
        raise broken(f"{draft.order_class} orders must be DAY or GTC orders without extended hours")
    if draft.order_class == "oto":
        if draft.take_profit is None and draft.stop_loss is None:
            raise broken("oto orders require either take_profit or stop_loss")
    elif draft.take_profit is None:
        raise broken(f"{draft.order_class} orders require take_profit.limit_price")
    elif draft.stop_loss is None:
        raise broken(f"{draft.order_class} orders require stop_loss.stop_price")
    if draft.order_class == "oco" and draft.type != "limit":
        raise broken("oco orders must be limit orders")
    # The legs lie on the far sides of the base price: above and below for what is bought and then sold, mirrored for a short.
    rising = draft.side == "buy" if draft.order_class != "oco" else draft.side == "sell"
    base = price if draft.order_class == "oco" else (draft.limit_price or draft.stop_price or price)
    sign, cent = (1 if rising else -1), Decimal("0.01")
    if draft.take_profit is not None and (draft.take_profit - base) * sign < cent:
        raise broken(f"take_profit.limit_price must be {'>= base_price + 0.01' if rising else '<= base_price - 0.01'}")
    if draft.stop_loss is not None and (base - draft.stop_loss) * sign < cent:
        raise broken(f"stop_loss.stop_price must be {'<= base_price - 0.01' if rising else '>= base_price + 0.01'}")


def check_size(draft: Draft, price: Decimal) -> None:
    """Refuse quantities too fine or too small."""
    if draft.quantity is not None and places(draft.quantity) > 9:
        raise broken(f"invalid qty {number(draft.quantity)}: at most 9 decimal places")
    if draft.notional is not None and places(draft.notional) > 2:
        raise broken("notional value must be limited to 2 decimal places")
    worth = draft.notional if draft.quantity is None else draft.quantity * (draft.limit_price or price)
    assert worth is not None
    if draft.side == "buy" and worth < 1:
        raise broken("cost basis must be >= minimal amount of order 1")
    if draft.quantity is not None and draft.asset.crypto and draft.quantity < draft.asset.min_order_size:
        raise broken(f"qty must be >= minimum order size {number(draft.asset.min_order_size)}")
