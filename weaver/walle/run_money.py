"""A run's money by its own fills and the newest prices that were seen, and what else of trading is read in one piece."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from weaver.errors import NotFound
from weaver.glados.requests import SIMULATED
from weaver.market import Timeframe
from weaver.orders import OrderStatus
from weaver.walle.accounts import Accounts
from weaver.walle.database import Database
from weaver.walle.model import RunRecord
from weaver.walle.queries import MOST_ON_A_PAGE, Queries
from weaver.walle.trading_model import AccountRecord, DecisionRecord, FillRecord, LedgerPosition, OrderRecord
from weaver.walle.trading_queries import TradingQueries

_NO_FILLS = 2**31 - 1
"""As a cursor: none of the fills, since only the sums are wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountUse:
    """How much of an account's limits is used."""

    gross_exposure: Decimal
    largest_position: Decimal
    orders_last_minute: int


NOTHING_USED = AccountUse(gross_exposure=Decimal(0), largest_position=Decimal(0), orders_last_minute=0)


@dataclass(frozen=True, slots=True)
class TradingRecords:
    """The reading side of WallE, as far as it concerns trading."""

    runs: Queries
    trading: TradingQueries
    accounts: Accounts

    @staticmethod
    def of(database: Database) -> "TradingRecords":
        return TradingRecords(Queries(database), TradingQueries(database), Accounts(database))

    def known_run(self, run_id: str) -> RunRecord | None:
        """Return a run, None where there is none of that id."""
        with suppress(NotFound):
            return self.runs.run(run_id)
        return None

    def orders(
        self,
        *,
        run_id: str | None = None,
        account: str | None = None,
        symbol: str | None = None,
        status: Sequence[OrderStatus] | None = None,
        q: str | None = None,
    ) -> list[OrderRecord]:
        """Return all orders that fit, oldest first."""
        found: list[OrderRecord] = []
        page = 1
        while True:
            part = self.trading.orders(
                run_id=run_id, account=account, symbol=symbol, status=status, q=q, sort="created_at", page=page, page_size=MOST_ON_A_PAGE
            )
            found += part.items
            if len(found) >= part.total or not part.items:
                return found
            page += 1

    def fills(self, *, run_id: str | None = None, order_id: str | None = None) -> list[FillRecord]:
        """Return all fills of a run or order, in the order of booking."""
        found: list[FillRecord] = []
        page = 1
        while True:
            part = self.trading.fills(run_id=run_id, order_id=order_id, page=page, page_size=MOST_ON_A_PAGE)
            found += part.items
            if len(found) >= part.total or not part.items:
                return found
            page += 1

    def decisions(self, run_id: str) -> list[DecisionRecord]:
        """Return all decisions of a run in order."""
        found: list[DecisionRecord] = []
        while True:
            part = self.trading.decisions(run_id, after=found[-1].bar_end if found else None, limit=MOST_ON_A_PAGE)
            found += part
            if len(part) < MOST_ON_A_PAGE:
                return found

    def children(self, order_id: str) -> list[OrderRecord]:
        """Return the legs of a bracket and the remainder of an amended order, oldest first."""
        return [order for order in self.trading.made_by([order_id])[0] if order.parent_id == order_id]

    def amended(self, order_id: str) -> OrderRecord | None:
        """Return what stands for an order that was amended: its remainder once the venue has answered, the order itself when it
        was filled and left none; None while that is not known."""
        order = self.trading.order(order_id)
        remainders = [one for one in self.children(order_id) if one.role is None]
        if not remainders:
            return order if order.status is OrderStatus.FILLED else None
        is_known = remainders[-1].status not in (OrderStatus.PENDING, OrderStatus.SUBMITTING)
        return remainders[-1] if is_known else None

    def account(self, account_id: str) -> AccountRecord:
        """Return an account, also one that was not used yet."""
        with suppress(NotFound):
            return self.accounts.account(account_id)
        return unused(account_id)

    def use(self, account: str, at: datetime) -> AccountUse:
        """Return what the account uses of its limits; working entries are not counted."""
        worths: list[Decimal] = []
        for position in self.trading.positions(account):
            price = self.price_of(account, position) or position.average_price
            worths.append(abs(position.quantity) * (price or Decimal(0)))
        recent = self.trading.orders(account=account, since=at - timedelta(minutes=1), page_size=1).total
        largest = max(worths, default=Decimal(0))
        return AccountUse(gross_exposure=sum(worths, Decimal(0)), largest_position=largest, orders_last_minute=recent)

    def last_price(self, account: str, symbol: str, timeframes: Iterable[str]) -> Decimal | None:
        """Return the close of the newest bar that a run on the account has seen of the symbol; None where there is none."""
        adapter = account.rpartition("-")[0]
        newest = [bar for one in set(timeframes) for bar in self.trading.live_bars(adapter, symbol, one, limit=1)]
        ends = [(bar.start + timedelta(seconds=Timeframe(bar.timeframe).seconds), bar.close) for bar in newest]
        return max(ends)[1] if ends else None

    def price_of(self, account: str, position: LedgerPosition) -> Decimal | None:
        """Return the last price that the runs which hold a position have seen, None where there is none."""
        return self.last_price(account, position.symbol, self.timeframes(position.run_ids))

    def timeframes(self, run_ids: Iterable[str]) -> set[str]:
        """Return the timeframes of those of the runs that are known."""
        runs = (self.known_run(run_id) for run_id in run_ids)
        return {run.timeframe for run in runs if run is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMoney:
    """A run's money by its own fills: what is None is not known, since a held symbol has no price.

    `marks` are the newest closes by symbol, `realised` what closed lots brought less all commissions.
    """

    budget: Decimal
    cash: Decimal
    positions: tuple[LedgerPosition, ...]
    working: tuple[OrderRecord, ...]
    marks: dict[str, Decimal]
    equity: Decimal | None
    realised: Decimal | None
    unrealised: Decimal | None


def unused(account_id: str) -> AccountRecord:
    """Return an account of which nothing is on record."""
    adapter, _, mode = account_id.rpartition("-")
    return AccountRecord(id=account_id, adapter=adapter, mode=mode)


def account_of(run: RunRecord) -> str:
    """Return the account that a paper or live run trades on."""
    return f"{run.config.get('adapter') or SIMULATED}-{run.mode}"


def budget_of(run: RunRecord) -> Decimal:
    """Return the money that a run was given."""
    return Decimal(str(run.config.get("cash", 100_000)))


def money_of(records: TradingRecords, run: RunRecord) -> RunMoney:
    """Return what a run has: equity − budget = realised + unrealised."""
    budget, account = budget_of(run), account_of(run)
    ledger = records.trading.ledger(run.id, budget, _NO_FILLS)
    prices = {symbol: records.last_price(account, symbol, [run.timeframe]) for symbol in run.symbols}
    marks = {symbol: price for symbol, price in prices.items() if price is not None}
    equity = unrealised = realised = None
    if all(position.symbol in marks for position in ledger.positions):
        worth = sum((position.quantity * marks[position.symbol] for position in ledger.positions), Decimal(0))
        cost = sum((position.quantity * (position.average_price or Decimal(0)) for position in ledger.positions), Decimal(0))
        equity, unrealised = ledger.cash + worth, worth - cost
        realised = equity - budget - unrealised
    return RunMoney(
        budget=budget,
        cash=ledger.cash,
        positions=ledger.positions,
        working=ledger.working,
        marks=marks,
        equity=equity,
        realised=realised,
        unrealised=unrealised,
    )
