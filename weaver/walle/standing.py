"""Where an account and its runs stand: the facts that limits are checked against, from WallE alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from weaver.glados.risk import KEPT_FREE, Budget, Facts, Purse
from weaver.orders import OrderStatus, Side
from weaver.walle.account_rows import adapter_and_mode
from weaver.walle.accounts import day_loss
from weaver.walle.booking import EXACT
from weaver.walle.order_rows import LEGS, WORKING
from weaver.walle.trading_model import Wanted
from weaver.walle.trading_tables import NO_RUN, AccountRow, LedgerRow, LiveBarRow, OrderRow

_TRIFLE = Decimal("1e-12")

MINUTE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingOrder:
    """What matters of an order for what may still be ordered. `left` is what may still be filled (0 once final), `opens` how much
    of that could open a position, `opened` how much of what is filled did."""

    run_id: str | None
    symbol: str
    side: Side
    left: Decimal
    opens: Decimal
    opened: Decimal
    unit_price: Decimal
    bracket: str | None
    unseen: bool


@dataclass(slots=True, kw_only=True)
class Standing:
    """An account's positions, working orders and newest orders; orders that are admitted are added as they come.

    `positions` and `prices` are keyed by (run or NO_RUN, symbol) and by symbol, `flows` (the cash that its fills brought) by run;
    `recent` holds the run of each order that was admitted within the last minute.
    """

    account: AccountRow
    positions: dict[tuple[str, str], Decimal]
    prices: dict[str, Decimal]
    working: list[WorkingOrder]
    flows: dict[str, Decimal] = field(default_factory=dict[str, Decimal])
    recent: list[str | None] = field(default_factory=list[str | None])

    def facts(self, wanted: Wanted, *, run_id: str | None = None, run_day_loss: Decimal = Decimal(0)) -> Facts:
        """Return the account's facts for an order, or, with `run_id`, those of the run, which has no buying power of its own."""
        request = wanted.request
        whose = NO_RUN if run_id is None else run_id
        working = [one for one in self.working if run_id is None or one.run_id == run_id]
        lost = day_loss(self.account.opening_equity, self.account.equity) if run_id is None else run_day_loss
        return Facts(
            price=wanted.price,
            position=self._position(whose, working, request.symbol, request.side),
            gross_exposure=self._exposure(whose, working, wanted),
            orders_last_minute=sum(1 for one in self.recent if run_id is None or one == run_id),
            day_loss=lost,
            buying_power=self._buying_power() if run_id is None else None,
        )

    def purse(self, wanted: Wanted, run_id: str, budget: Budget) -> Purse:
        """Return a run's own money for an order of it."""
        cash = budget.amount + self.flows.get(run_id, Decimal(0))
        entries = (one.opens * one.unit_price for one in self.working if one.run_id == run_id and one.side is Side.BUY)
        prices = {**self.prices, wanted.request.symbol: wanted.price} if wanted.price is not None else self.prices
        held = (units * prices.get(symbol, Decimal(0)) for (run, symbol), units in self.positions.items() if run == run_id)
        return Purse(
            cash=cash,
            reserved=sum(entries, Decimal(0)),
            equity=cash + sum(held, Decimal(0)),
            facts=self.facts(wanted, run_id=run_id),
        )

    def admitted(self, row: OrderRow) -> None:
        """Count an order that was just admitted."""
        self.working.append(_working(row, None))
        self.recent.append(row.run_id)

    def _position(self, whose: str, working: Iterable[WorkingOrder], symbol: str, side: Side) -> Decimal:
        """Return booked units and what working orders on the same side may add to them.

        Of a bracket's exits one at most is filled, and only against a position, so they never take it beyond zero.
        """
        same = [one for one in working if one.symbol == symbol and one.side is side]
        position = self.positions.get((whose, symbol), Decimal(0)) + side.sign * sum(
            (one.left for one in same if not one.bracket), Decimal(0)
        )
        exits: dict[str, Decimal] = {}
        for one in same:
            if one.bracket:
                exits[one.bracket] = max(one.left, exits.get(one.bracket, Decimal(0)))
        closes = max(-position * side.sign, Decimal(0))
        return position + side.sign * min(sum(exits.values(), Decimal(0)), closes)

    def _exposure(self, whose: str, working: Iterable[WorkingOrder], wanted: Wanted) -> Decimal:
        prices = {**self.prices, wanted.request.symbol: wanted.price} if wanted.price is not None else self.prices
        held = (abs(units) * prices.get(symbol, Decimal(0)) for (run, symbol), units in self.positions.items() if run == whose)
        return sum(held, Decimal(0)) + sum((one.opens * one.unit_price for one in working), Decimal(0))

    def _buying_power(self) -> Decimal | None:
        """Return the venue's buying power less what orders take that it had not seen when it was asked.

        An order takes more than it costs, since KEPT_FREE of what it uses stays free: all of them together keep that share free. Money
        that sales brought since counts only from the next snapshot on.
        """
        if self.account.buying_power is None:
            return None
        taken = sum(((one.opens + one.opened) * one.unit_price for one in self.working if one.unseen), Decimal(0))
        # Rounded down, since rounded up it would refuse an order that is exactly at the limit.
        with_kept = (taken / (1 - KEPT_FREE)).quantize(_TRIFLE, rounding=ROUND_FLOOR, context=EXACT)
        return self.account.buying_power - with_kept


def standing(session: Session, account: AccountRow, at: datetime, *, priced: bool) -> Standing:
    """Read where the account stands at `at`. Its row must be locked by the caller, so that it stays so.

    Holdings are `priced` at the newest recorded bar of their symbol, else their last fill, only when somebody limits their sum.
    """
    columns = (LedgerRow.run_id, LedgerRow.symbol, LedgerRow.quantity, LedgerRow.last_price, LedgerRow.flow)
    ledger = select(*columns).where(LedgerRow.account == account.id)
    flows: dict[str, Decimal] = {}
    positions: dict[tuple[str, str], Decimal] = {}
    prices: dict[str, Decimal] = {}
    for row in session.execute(ledger):
        flows[row.run_id] = flows.get(row.run_id, Decimal(0)) + row.flow
        if row.quantity:
            positions[row.run_id, row.symbol] = row.quantity
            prices[row.symbol] = row.last_price
    adapter, _ = adapter_and_mode(account.id)
    for symbol in prices if priced else ():
        newest = select(LiveBarRow.close).where(LiveBarRow.adapter == adapter, LiveBarRow.symbol == symbol)
        close = session.scalar(newest.order_by(LiveBarRow.start.desc()).limit(1))
        if close is not None:
            prices[symbol] = Decimal(repr(close))
    matter = OrderRow.status.in_(WORKING)
    if account.checked_at is not None:
        matter = or_(matter, OrderRow.submitted_at > account.checked_at)
    orders = session.scalars(select(OrderRow).where(OrderRow.account == account.id, matter))
    recent = select(OrderRow.run_id).where(
        OrderRow.account == account.id, OrderRow.created_at > at - MINUTE, OrderRow.admitted_at.is_not(None)
    )
    return Standing(
        account=account,
        positions=positions,
        prices=prices,
        flows=flows,
        working=[_working(row, account.checked_at) for row in orders],
        recent=list(session.scalars(recent)),
    )


def _working(row: OrderRow, checked_at: datetime | None) -> WorkingOrder:
    final = OrderStatus(row.status).is_final
    left = Decimal(0) if final else row.quantity - row.filled_quantity
    closing = row.quantity - row.opens  # what closes is taken to be filled before what opens
    return WorkingOrder(
        run_id=row.run_id,
        symbol=row.symbol,
        side=Side(row.side),
        left=left,
        opens=min(left, row.opens),
        opened=max(row.filled_quantity - closing, Decimal(0)),
        unit_price=row.unit_price or Decimal(0),
        bracket=row.parent_id if row.role in LEGS else None,
        unseen=checked_at is None or row.submitted_at is None or row.submitted_at > checked_at,
    )
