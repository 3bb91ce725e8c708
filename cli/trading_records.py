"""What is on record of trading: opened without making anything, and read as commands need it."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from cli.context import has_records
from weaver.errors import NotFound
from weaver.glados.requests import SIMULATED
from weaver.market import Timeframe
from weaver.orders import OrderStatus
from weaver.settings import Settings
from weaver.walle.accounts import Accounts
from weaver.walle.database import Database
from weaver.walle.model import RunRecord
from weaver.walle.queries import MOST_ON_A_PAGE, Queries
from weaver.walle.trading_model import FillRecord, LedgerPosition, OrderRecord
from weaver.walle.trading_queries import TradingQueries

_NO_FILLS = 2**31 - 1
"""As a cursor: none of the fills, since only the sums are wanted."""


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

    def last_price(self, account: str, symbol: str, timeframes: Iterable[str]) -> Decimal | None:
        """Return the close of the newest bar that a run on the account has seen of the symbol; None where there is none."""
        adapter = account.rpartition("-")[0]
        newest = [bar for one in set(timeframes) for bar in self.trading.live_bars(adapter, symbol, one, limit=1)]
        ends = [(bar.start + timedelta(seconds=Timeframe(bar.timeframe).seconds), bar.close) for bar in newest]
        return max(ends)[1] if ends else None

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


@contextmanager
def trading_records(settings: Settings) -> Generator[TradingRecords | None, None, None]:
    """Give what is on record, None where nothing was ever stored: reading makes no database."""
    if not has_records(settings):
        yield None
        return
    database = Database.open(settings.database_url)
    try:
        yield TradingRecords.of(database)
    finally:
        database.close()


@contextmanager
def required_trading(settings: Settings, kind: str, name: str) -> Generator[TradingRecords, None, None]:
    """Give what is on record, to look for one thing; raise NotFound where nothing was ever stored."""
    with trading_records(settings) as records:
        if records is None:
            raise NotFound(kind, name, f"Nothing is stored in {settings.home_path} yet.")
        yield records
