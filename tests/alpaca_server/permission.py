"""Rules of an order against the account: money, shares, and trading with oneself."""

from decimal import Decimal

from .accounts import Account
from .draft import Draft
from .errors import ApiError, not_permitted
from .money import PriceOf, balances, cost_of
from .orders import Order, Terms
from .wire import number


def intent_of(account: Account, symbol: str, side: str) -> str:
    """Return whether an order of that side opens or closes, as things stand."""
    held = account.quantity(symbol)
    closes = held < 0 if side == "buy" else held > 0
    return f"{side}_to_{'close' if closes else 'open'}"


def check_account(account: Account) -> None:
    """Refuse any order of a blocked account."""
    if account.flags["account_blocked"] or account.flags["trading_blocked"]:
        raise not_permitted("account not eligible to trade: trading is blocked")
    if account.flags["trade_suspended_by_user"]:
        raise not_permitted("new orders are rejected by user request")


def check_funds(account: Account, terms: Terms, price_of: PriceOf, *, replacing: Order | None = None) -> None:
    """Refuse an order that the account cannot cover; an order that is being replaced gives back what it holds."""
    price = price_of(terms.asset.symbol)
    if terms.position_intent.endswith("to_close"):
        check_shares(account, terms, terms.quantity if terms.quantity is not None else (terms.notional or Decimal(0)) / price, replacing)
        return
    if terms.side == "sell":
        check_short(account, terms)
    cost = cost_of(terms, terms.quantity, price)
    money = balances(account, price_of, without=replacing)
    power = money.cash_power if terms.asset.crypto else money.buying_power
    if cost > power:
        raise not_permitted("insufficient buying power", buying_power=number(round(power, 2)), cost_basis=number(round(cost, 2)))


def check_shares(account: Account, terms: Terms, wanted: Decimal, replacing: Order | None) -> None:
    """Refuse to close more than is held and not promised to other orders."""
    symbol = terms.asset.symbol
    held, related = account.held_for_orders(symbol)
    if replacing is not None and replacing in related:
        related.remove(replacing)
        held -= replacing.remaining or Decimal(0)
    existing = abs(account.quantity(symbol))
    available = existing - held
    if wanted <= available:
        return
    request = f"(requested: {number(wanted)}, available: {number(available)})"
    if terms.asset.crypto:
        raise not_permitted(
            f"insufficient balance for {symbol} {request}", symbol=symbol, balance=number(existing), available=number(available)
        )
    raise not_permitted(
        f"insufficient qty available for order {request}",
        symbol=symbol,
        available=number(available),
        existing_qty=number(existing),
        held_for_orders=number(held),
        related_orders=[order.id for order in related],
    )


def check_short(account: Account, terms: Terms) -> None:
    """Refuse to sell what is not held where it cannot be borrowed."""
    symbol = terms.asset.symbol
    if terms.asset.crypto:
        wanted = number(terms.quantity or terms.notional or Decimal(0))
        raise not_permitted(
            f"insufficient balance for {symbol} (requested: {wanted}, available: 0)", symbol=symbol, balance="0", available="0"
        )
    if account.spec.multiplier < 2:
        raise not_permitted("account is not allowed to short")
    if not terms.asset.shortable:
        raise not_permitted(f'asset "{symbol}" cannot be sold short')
    if terms.quantity is None or terms.quantity != terms.quantity.to_integral_value():
        raise ApiError(422, 42210000, "fractional orders cannot be sold short")


def check_wash(account: Account, draft: Draft) -> None:
    """Refuse to meet one's own order: an open order of the other side at the market or by a stop, or limits that cross.

    Brackets and pairs are exempt, and so are legs that still wait.
    """
    if draft.order_class:
        return
    for order in account.open_orders():
        if order.symbol != draft.asset.symbol or order.terms.side == draft.side or order.status == "held":
            continue
        theirs, ours = order.terms.limit_price, draft.limit_price
        if order.terms.type == "limit" and draft.type == "limit":
            assert theirs is not None
            assert ours is not None
            if (ours >= theirs) if draft.side == "buy" else (ours <= theirs):
                refuse_wash(order, "opposite side limit order exists")
        elif order.terms.type != "limit":
            refuse_wash(order, "opposite side market/stop order exists")
        else:
            refuse_wash(order, "opposite side limit order exists")


def refuse_wash(order: Order, reason: str) -> None:
    """Refuse, naming the order that would be met."""
    raise not_permitted("potential wash trade detected. use complex orders", existing_order_id=order.id, reject_reason=reason)
