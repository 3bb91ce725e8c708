"""An account: its keys, money, holdings, orders and activities."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from .assets import Asset
from .orders import Order
from .wire import floored, number

CRYPTO_FEE = Decimal("0.0025")  # 25 basis points, taken from what is received


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSpec:
    """An account as a test wants it. `multiplier` 1 is a cash account without shorting; `sip` is a paid data plan."""

    name: str
    key: str
    secret: str = field(repr=False)
    paper: bool = True
    cash: Decimal = Decimal(100_000)
    multiplier: int = 4
    sip: bool = False

    def body(self) -> dict[str, Any]:
        """Return it for JSON, secret included: for the input of a server process, never for a log."""
        return {name: str(value) if isinstance(value, Decimal) else value for name in self.__slots__ for value in (getattr(self, name),)}

    @classmethod
    def read(cls, body: dict[str, Any]) -> "AccountSpec":
        """Return what `body()` wrote; what has a default may be missing."""
        given: dict[str, Any] = body | ({"cash": Decimal(body["cash"])} if "cash" in body else {})
        return cls(**given)


@dataclass(slots=True, kw_only=True)
class Position:
    """What is held of one asset; negative when short. `cost` is what the quantity was bought (or sold short) for."""

    asset: Asset
    quantity: Decimal = Decimal(0)
    cost: Decimal = Decimal(0)

    @property
    def entry_price(self) -> Decimal:
        """Return the average price of entry."""
        return self.cost / self.quantity if self.quantity else Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """What a fill did to an account."""

    position_quantity: Decimal
    fee: Decimal
    fee_in: str | None


class Account:
    """The state of one account. Only fills move money."""

    def __init__(self, spec: AccountSpec, created_at: str) -> None:
        self.spec = spec
        self.name = spec.name
        self.id = str(uuid5(NAMESPACE_DNS, f"account {spec.name}"))
        self.created_at = created_at
        self.cash = Decimal(spec.cash)
        self.start_cash = Decimal(spec.cash)
        self.positions: dict[str, Position] = {}
        self.orders: dict[str, Order] = {}
        self.by_client_id: dict[str, Order] = {}
        self._open: dict[str, Order] = {}
        self.activities: list[dict[str, Any]] = []
        self.flags = {"trading_blocked": False, "account_blocked": False, "transfers_blocked": False, "trade_suspended_by_user": False}

    def add(self, order: Order) -> None:
        """Keep an accepted order."""
        self.orders[order.id] = self._open[order.id] = order
        self.by_client_id[order.client_order_id] = order

    def open_orders(self) -> list[Order]:
        """Return the orders that are not terminal, oldest first."""
        self._open = {name: order for name, order in self._open.items() if not order.is_terminal}
        return list(self._open.values())

    def quantity(self, symbol: str) -> Decimal:
        """Return what is held of `symbol`, negative when short."""
        position = self.positions.get(symbol)
        return Decimal(0) if position is None else position.quantity

    def book(self, order: Order, quantity: Decimal, price: Decimal) -> Booked:
        """Move money and holdings by one execution; crypto pays its fee from what it receives."""
        asset = order.terms.asset
        value = quantity * price
        position = self.positions.setdefault(asset.symbol, Position(asset=asset))
        fee, fee_in = Decimal(0), None
        if order.terms.side == "buy":
            if asset.crypto:
                fee, fee_in = floored(quantity * CRYPTO_FEE, 9), "coin"
            self.cash -= value
            change = quantity - fee
        else:
            if asset.crypto:
                fee, fee_in = floored(value * CRYPTO_FEE, 9), "cash"
            self.cash += value - fee
            change = -quantity
        opening = position.quantity * change >= 0
        if opening:
            position.cost += price * change
        elif abs(change) <= abs(position.quantity):
            position.cost += position.entry_price * change
        else:  # through zero, as when both exits of a pair fill
            position.cost = price * (position.quantity + change)
        position.quantity += change
        if not position.quantity:
            del self.positions[asset.symbol]
        return Booked(position_quantity=self.quantity(asset.symbol), fee=fee, fee_in=fee_in)

    def held_for_orders(self, symbol: str) -> tuple[Decimal, list[Order]]:
        """Return how much of a holding open orders would close, and those orders; a pair of exits counts once, waiting legs not."""
        side = "sell" if self.quantity(symbol) >= 0 else "buy"
        pairs: dict[str, Decimal] = {}
        related: list[Order] = []
        for order in self.open_orders():
            if order.symbol != symbol or order.terms.side != side or order.status == "held":
                continue
            group = order.id
            if order.is_exit_pair:
                group = order.parent.id if order.parent is not None else order.id
            pairs[group] = max(pairs.get(group, Decimal(0)), order.remaining or Decimal(0))
            related.append(order)
        return sum(pairs.values(), Decimal(0)), related

    def available(self, symbol: str) -> Decimal:
        """Return how much of a holding (of either sign) no open order would close already."""
        return abs(self.quantity(symbol)) - self.held_for_orders(symbol)[0]


def position_body(account: Account, position: Position, price: Decimal) -> dict[str, Any]:
    """Return a position as the API gives it, valued at `price`; without moves since yesterday, which the venue does not know."""
    asset = position.asset
    value = position.quantity * price
    gain = value - position.cost
    share = gain / abs(position.cost) if position.cost else Decimal(0)
    return {
        "asset_id": asset.id,
        "symbol": asset.position_symbol,
        "exchange": "" if asset.crypto else asset.exchange,
        "asset_class": asset.class_name,
        "asset_marginable": asset.marginable,
        "qty": number(position.quantity),
        "qty_available": number(account.available(asset.symbol) * (1 if position.quantity >= 0 else -1)),
        "avg_entry_price": number(round(position.entry_price, 9)),
        "side": "long" if position.quantity >= 0 else "short",
        "market_value": number(round(value, 6)),
        "cost_basis": number(round(position.cost, 6)),
        "unrealized_pl": number(round(gain, 6)),
        "unrealized_plpc": number(round(share, 9)),
        "unrealized_intraday_pl": number(round(gain, 6)),
        "unrealized_intraday_plpc": number(round(share, 9)),
        "current_price": number(price),
        "lastday_price": number(price),
        "change_today": "0",
    }
