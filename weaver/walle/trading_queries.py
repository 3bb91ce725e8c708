"""Reads orders, fills, positions and what else there is of trading."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, cast

from sqlalchemy import ColumnElement, Select, Text, func, or_, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.orm import InstrumentedAttribute, Session

from weaver.errors import BadValue, UnknownName
from weaver.market import to_microseconds
from weaver.orders import OrderStatus, Side
from weaver.walle.database import Database
from weaver.walle.live_bars import live_bar
from weaver.walle.model import Json, Page
from weaver.walle.order_rows import WORKING, changes_of, found_order, order_record
from weaver.walle.queries import MOST_ON_A_PAGE
from weaver.walle.trading_model import DecisionRecord, FillRecord, Lease, LedgerPosition, LiveBar, OrderChange, OrderRecord, RunLedger
from weaver.walle.trading_tables import NO_RUN, DecisionRow, FillRow, LeaseRow, LedgerRow, LiveBarRow, OrderRow

SORTS = ("created_at", "submitted_at", "filled_at", "cancelled_at", "id", "symbol", "side", "status", "account")
"""What orders can be sorted by; a minus before it turns the order round. Amounts are not: they are texts on SQLite."""

Only = Literal["wanted", "orders", "refused"]
"""Decisions that wanted something, that wanted orders, of which an order was refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenAt:
    """What a run saw at a bar's end, by symbol."""

    bar_end: datetime
    seen: Mapping[str, Json]


class TradingQueries:
    """The reading side of trading. Raises Unavailable when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def orders(
        self,
        *,
        run_id: str | None = None,
        account: str | None = None,
        status: OrderStatus | Sequence[OrderStatus] | None = None,
        symbol: str | None = None,
        side: Side | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        q: str | None = None,
        sort: str = "-created_at",
        page: int = 1,
        page_size: int = 50,
    ) -> Page[OrderRecord]:
        """Return a page of orders, newest first unless sorted otherwise.

        `since` ≤ created < `until`; `q` is looked for in ids, also the venue's, run and symbol, in any case. `page` counts from 1.
        Raises UnknownName for an unknown sort, BadValue for a bad page.
        """
        statement = select(OrderRow)
        if run_id is not None:
            statement = statement.where(OrderRow.run_id == run_id)
        if account is not None:
            statement = statement.where(OrderRow.account == account)
        if status is not None:
            statuses = [status] if isinstance(status, OrderStatus) else status
            statement = statement.where(OrderRow.status.in_([one.value for one in statuses]))
        if symbol is not None:
            statement = statement.where(OrderRow.symbol == symbol)
        if side is not None:
            statement = statement.where(OrderRow.side == side.value)
        if since is not None:
            statement = statement.where(OrderRow.created_at >= since)
        if until is not None:
            statement = statement.where(OrderRow.created_at < until)
        if q:
            texts = (OrderRow.id, OrderRow.exchange_order_id, OrderRow.run_id, OrderRow.symbol)
            statement = statement.where(or_(*(text.icontains(q, autoescape=True) for text in texts)))
        with self._database.read() as session:
            rows, total = _page(session, statement, _sorted_by(sort), page, page_size)
            return Page(items=tuple(order_record(row) for row in rows), total=total, page=page, page_size=page_size)

    def order(self, order_id: str) -> OrderRecord:
        """Return one order. Raises NotFound, with the nearest id that exists."""
        with self._database.read() as session:
            return order_record(found_order(session, order_id))

    def history(self, order_id: str, after: int = 0) -> list[OrderChange]:
        """Return an order's changes with number > `after`, in order. Raises NotFound."""
        with self._database.read() as session:
            found_order(session, order_id)
            return changes_of(session, order_id, after)

    def working(self, account: str, *, run_id: str | None = None) -> list[OrderRecord]:
        """Return the account's orders that are not final, of one run if given, oldest first, legs and orders in doubt among them."""
        statement = select(OrderRow).where(OrderRow.account == account, OrderRow.status.in_(WORKING))
        if run_id is not None:
            statement = statement.where(OrderRow.run_id == run_id)
        with self._database.read() as session:
            return [order_record(row) for row in session.scalars(statement.order_by(OrderRow.created_at, OrderRow.id))]

    def fills(
        self,
        *,
        run_id: str | None = None,
        account: str | None = None,
        order_id: str | None = None,
        symbol: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: int = 0,
        newest_first: bool = False,
        page: int = 1,
        page_size: int = 50,
    ) -> Page[FillRecord]:
        """Return a page of fills in the order of booking, or the other way round: `since` ≤ time < `until`, number > `after`. Numbers
        count within an account, so `after` goes with an account, a run or an order. Raises BadValue for a bad page."""
        statement = select(FillRow)
        if run_id is not None:
            statement = statement.where(FillRow.run_id == run_id)
        if account is not None:
            statement = statement.where(FillRow.account == account)
        if order_id is not None:
            statement = statement.where(FillRow.order_id == order_id)
        if symbol is not None:
            statement = statement.where(FillRow.symbol == symbol)
        if since is not None:
            statement = statement.where(FillRow.time >= since)
        if until is not None:
            statement = statement.where(FillRow.time < until)
        if after:
            statement = statement.where(FillRow.number > after)
        with self._database.read() as session:
            order = (FillRow.number.desc(), FillRow.account.desc()) if newest_first else (FillRow.number, FillRow.account)
            rows, total = _page(session, statement, order, page, page_size)
            return Page(items=tuple(_fill(row) for row in rows), total=total, page=page, page_size=page_size)

    def positions(self, account: str) -> list[LedgerPosition]:
        """Return what the account holds by its booked fills, by symbol, with the runs that hold a part; flat symbols are left out."""
        statement = select(LedgerRow).where(LedgerRow.account == account).order_by(LedgerRow.symbol, LedgerRow.run_id)
        with self._database.read() as session:
            rows = [row for row in session.scalars(statement) if row.quantity]
        runs: dict[str, list[str]] = {}
        for row in rows:
            if row.run_id != NO_RUN:
                runs.setdefault(row.symbol, []).append(row.run_id)
        return [_position(row, tuple(runs.get(row.symbol, ()))) for row in rows if row.run_id == NO_RUN]

    def ledger(self, run_id: str, budget: Decimal, after: int = 0) -> RunLedger:
        """Return a run's money and holdings by its own fills, as of one moment; fills are those with number > `after`.

        Takes as long as the run has symbols, working orders and new fills, however many fills there were before.
        """
        ledger = select(LedgerRow).where(LedgerRow.run_id == run_id).order_by(LedgerRow.symbol)
        working = select(OrderRow).where(OrderRow.run_id == run_id, OrderRow.status.in_(WORKING))
        fills = select(FillRow).where(FillRow.run_id == run_id, FillRow.number > after).order_by(FillRow.number)
        with self._database.read() as session:
            _as_of_one_moment(session)
            rows = session.scalars(ledger).all()
            return RunLedger(
                cash=budget + sum((row.flow for row in rows), Decimal(0)),
                positions=tuple(_position(row, (run_id,)) for row in rows if row.quantity),
                working=tuple(order_record(row) for row in session.scalars(working.order_by(OrderRow.created_at, OrderRow.id))),
                fills=tuple(_fill(row) for row in session.scalars(fills)),
                cursor=max((row.cursor for row in rows), default=after),
            )

    def decisions(self, run_id: str, *, after: datetime | None = None, limit: int = 1_000, newest: bool = False) -> list[DecisionRecord]:
        """Return decisions of a run with bar end > `after`, in order, at most `limit`: the first ones, or the `newest`."""
        statement = select(DecisionRow).where(DecisionRow.run_id == run_id)
        if after is not None:
            statement = statement.where(DecisionRow.bar_end > after)
        statement = statement.order_by(DecisionRow.bar_end.desc() if newest else DecisionRow.bar_end).limit(limit)
        with self._database.read() as session:
            found = [_decision(row) for row in session.scalars(statement)]
        return found[::-1] if newest else found

    def decision_page(
        self,
        run_id: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        only: Only | None = None,
        newest_first: bool = False,
        page: int = 1,
        page_size: int = 50,
    ) -> Page[DecisionRecord]:
        """Return a page of a run's decisions with `since` ≤ bar end < `until`, in order, or the other way round: all of them, or only
        those that wanted something, that wanted orders, or of which an order was refused. Raises BadValue for a bad page."""
        statement = select(DecisionRow).where(DecisionRow.run_id == run_id)
        if since is not None:
            statement = statement.where(DecisionRow.bar_end >= since)
        if until is not None:
            statement = statement.where(DecisionRow.bar_end < until)
        match only:
            case "wanted":
                statement = statement.where(_as_text(DecisionRow.intents) != "[]")
            case "orders":
                statement = statement.where(_as_text(DecisionRow.orders) != "[]")
            case "refused":
                # As `Database` writes JSON; in a message it would stand with backslashes.
                statement = statement.where(_as_text(DecisionRow.verdicts).contains('"admitted":false', autoescape=True))
            case None:
                pass
        order = DecisionRow.bar_end.desc() if newest_first else DecisionRow.bar_end
        with self._database.read() as session:
            rows, total = _page(session, statement, (order,), page, page_size)
            return Page(items=tuple(_decision(row) for row in rows), total=total, page=page, page_size=page_size)

    def seen(self, run_id: str, *, since: datetime | None = None, until: datetime | None = None, limit: int) -> list[SeenAt]:
        """Return what a run saw at its newest `limit` bars with `since` ≤ bar end < `until`, in order; bars that it skipped saw nothing."""
        statement = select(DecisionRow.bar_end, DecisionRow.seen).where(DecisionRow.run_id == run_id, DecisionRow.skipped.is_(None))
        if since is not None:
            statement = statement.where(DecisionRow.bar_end >= since)
        if until is not None:
            statement = statement.where(DecisionRow.bar_end < until)
        with self._database.read() as session:
            rows = session.execute(statement.order_by(DecisionRow.bar_end.desc()).limit(limit)).all()
        return [SeenAt(bar_end=row.bar_end, seen=cast(Mapping[str, Json], row.seen)) for row in reversed(rows)]

    def made_by(self, order_ids: Sequence[str]) -> tuple[list[OrderRecord], list[FillRecord]]:
        """Return these orders with all that descends from them (legs, remainders, their legs), oldest first, and the fills of all."""
        with self._database.read() as session:
            family = session.scalars(select(OrderRow).where(OrderRow.id.in_(order_ids))).all()
            rows, level = list(family), [row.id for row in family]
            while level:
                children = session.scalars(select(OrderRow).where(OrderRow.parent_id.in_(level))).all()
                rows += children
                level = [row.id for row in children]
            fills = session.scalars(select(FillRow).where(FillRow.order_id.in_([row.id for row in rows])).order_by(FillRow.number))
            orders = sorted((order_record(row) for row in rows), key=lambda order: (order.created_at, order.id))
            return orders, [_fill(row) for row in fills]

    def leases(self, account: str) -> list[Lease]:
        """Return who trades what on the account, by symbol."""
        with self._database.read() as session:
            rows = session.scalars(select(LeaseRow).where(LeaseRow.account == account).order_by(LeaseRow.symbol))
            return [Lease(account=row.account, symbol=row.symbol, run_id=row.run_id, taken_at=row.taken_at) for row in rows]

    def live_bars(
        self,
        adapter: str,
        symbol: str,
        timeframe: str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
    ) -> list[LiveBar]:
        """Return recorded bars with start ≤ bar start < end, in order; the newest `limit` of them if given."""
        row = LiveBarRow
        statement = select(row).where(row.adapter == adapter, row.symbol == symbol, row.timeframe == timeframe)
        if start is not None:
            statement = statement.where(row.start >= to_microseconds(start))
        if end is not None:
            statement = statement.where(row.start < to_microseconds(end))
        with self._database.read() as session:
            return [live_bar(one) for one in session.scalars(statement.order_by(row.start.desc()).limit(limit))][::-1]


def _as_of_one_moment(session: Session) -> None:
    """Let all statements of the transaction see the same state. SQLite's do anyway; PostgreSQL's each see the newest otherwise."""
    if session.get_bind().dialect.name != "sqlite":
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})


def _page(session: Session, statement: Select[Any], order: Sequence[Any], page: int, page_size: int) -> tuple[Sequence[Any], int]:
    if page < 1:
        raise BadValue("page", page, "a number from 1 on")
    if not 1 <= page_size <= MOST_ON_A_PAGE:
        raise BadValue("page_size", page_size, f"a number from 1 to {MOST_ON_A_PAGE}")
    total = session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    rows = session.scalars(statement.order_by(*order).limit(page_size).offset((page - 1) * page_size)).all()
    return rows, total


def _as_text(column: InstrumentedAttribute[Json]) -> ColumnElement[str]:
    return sql_cast(column, Text)


def _sorted_by(sort: str) -> tuple[ColumnElement[object], ...]:
    name = sort.removeprefix("-")
    if name not in SORTS:
        raise UnknownName("sort", name, SORTS)
    column = cast(ColumnElement[object], getattr(OrderRow, name))
    identity = cast(ColumnElement[object], OrderRow.id)
    down = sort.startswith("-")
    # By id as well, so that pages do not overlap where many orders are alike.
    return (column.desc().nulls_last() if down else column.asc().nulls_last(), identity.desc() if down else identity.asc())


def _fill(row: FillRow) -> FillRecord:
    return FillRecord(
        id=row.id,
        number=row.number,
        order_id=row.order_id,
        run_id=row.run_id,
        account=row.account,
        symbol=row.symbol,
        side=Side(row.side),
        quantity=row.quantity,
        price=row.price,
        commission=row.commission,
        received=row.received,
        time=row.time,
    )


def _position(row: LedgerRow, run_ids: tuple[str, ...]) -> LedgerPosition:
    return LedgerPosition(symbol=row.symbol, quantity=row.quantity, average_price=row.cost / row.quantity, run_ids=run_ids)


def _decision(row: DecisionRow) -> DecisionRecord:
    return DecisionRecord(
        run_id=row.run_id,
        bar_end=row.bar_end,
        seen=cast(Mapping[str, Json], row.seen),
        notes=tuple(cast(Sequence[str], row.notes)),
        intents=tuple(cast(Sequence[str], row.intents)),
        orders=tuple(cast(Sequence[str], row.orders)),
        verdicts=tuple(cast(Sequence[Mapping[str, Json]], row.verdicts)),
        skipped=row.skipped,
    )
