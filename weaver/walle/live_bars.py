"""Bars as runs first saw them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain

import numpy as np
from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from weaver.market import from_microseconds, to_microseconds
from weaver.walle.columns import BarColumns
from weaver.walle.database import Database
from weaver.walle.trading_model import BarRevision, LiveBar
from weaver.walle.trading_tables import BarRevisionRow, LiveBarRow
from weaver.walle.writing import insert, new_rows

_AT_ONCE = 500  # rows an INSERT: below SQLite's limit on bound values
_READ_AT_ONCE = 2_000
_KEY = ("adapter", "symbol", "timeframe", "start")
_VALUES = ("open", "high", "low", "close", "volume")

Key = tuple[str, str, str, int]
Values = tuple[float, ...]


class LiveBars:
    """Recorded bars. A price is kept as the double nearest to it, which is what strategies and the engine compute with: a bar that
    comes back gives the very floats it was decided on. Raises Unavailable when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, bars: Sequence[LiveBar], at: datetime) -> int:
        """Store the bars that are not stored, and return how many those were.

        The first value of a bar stays. Another one goes to the revisions with its time `at`, unless it is the newest revision
        already; the same value is nothing new.
        """
        given = sorted(((_key(bar), _values(bar)) for bar in bars), key=lambda one: one[0])  # so two writers never wait for each other
        with self._database.write() as session:
            return sum(_save(session, given[first : first + _AT_ONCE], at) for first in range(0, len(given), _AT_ONCE))

    def load(self, adapter: str, symbol: str, timeframe: str, *, start: datetime | None = None, end: datetime | None = None) -> BarColumns:
        """Return the stored bars with start ≤ bar start < end, in order, as columns."""
        row = LiveBarRow
        statement = select(row.start, row.open, row.high, row.low, row.close, row.volume)
        statement = statement.where(row.adapter == adapter, row.symbol == symbol, row.timeframe == timeframe)
        if start is not None:
            statement = statement.where(row.start >= to_microseconds(start))
        if end is not None:
            statement = statement.where(row.start < to_microseconds(end))
        parts = [np.empty((0, 6))]
        with self._database.read() as session:
            # On the connection, and part by part: rows of the ORM, or very many tuples at once, cost twice the time.
            for rows in session.connection().execute(statement.order_by(row.start)).partitions(_READ_AT_ONCE):
                parts.append(np.fromiter(chain.from_iterable(rows), np.float64, 6 * len(rows)).reshape(-1, 6))
        # Microseconds of any year before 2255 are exact as doubles.
        starts, opens, highs, lows, closes, volumes = np.ascontiguousarray(np.concatenate(parts).T)
        return BarColumns(starts=starts.astype(np.int64), open=opens, high=highs, low=lows, close=closes, volume=volumes)

    def last(self, adapter: str, symbol: str, timeframe: str) -> LiveBar | None:
        """Return the newest stored bar, None when there is none."""
        row = LiveBarRow
        statement = select(row).where(row.adapter == adapter, row.symbol == symbol, row.timeframe == timeframe)
        with self._database.read() as session:
            newest = session.scalar(statement.order_by(row.start.desc()).limit(1))
            return None if newest is None else live_bar(newest)

    def revisions(
        self, adapter: str, symbol: str, timeframe: str, *, start: datetime | None = None, end: datetime | None = None
    ) -> list[BarRevision]:
        """Return later values of the bars with start ≤ bar start < end, by bar and then by the time they came."""
        row = BarRevisionRow
        statement = select(row).where(row.adapter == adapter, row.symbol == symbol, row.timeframe == timeframe)
        if start is not None:
            statement = statement.where(row.start >= to_microseconds(start))
        if end is not None:
            statement = statement.where(row.start < to_microseconds(end))
        with self._database.read() as session:
            found = session.scalars(statement.order_by(row.start, row.seen_at))
            return [BarRevision(bar=live_bar(one), seen_at=one.seen_at) for one in found]


def live_bar(row: LiveBarRow | BarRevisionRow) -> LiveBar:
    """Return a stored bar, each price the shortest decimal that is the stored double."""
    return LiveBar(
        adapter=row.adapter,
        symbol=row.symbol,
        timeframe=row.timeframe,
        start=from_microseconds(row.start),
        open=Decimal(repr(row.open)),
        high=Decimal(repr(row.high)),
        low=Decimal(repr(row.low)),
        close=Decimal(repr(row.close)),
        volume=Decimal(repr(row.volume)),
    )


def _key(bar: LiveBar) -> Key:
    return (bar.adapter, bar.symbol, bar.timeframe, to_microseconds(bar.start))


def _values(bar: LiveBar) -> Values:
    return tuple(float(str(price)) for price in (bar.open, bar.high, bar.low, bar.close, bar.volume))


def _save(session: Session, given: Sequence[tuple[Key, Values]], at: datetime) -> int:
    rows = [dict(zip((*_KEY, *_VALUES), (*key, *values), strict=True)) | {"seen_at": at} for key, values in given]
    new = new_rows(session, LiveBarRow).on_conflict_do_nothing(index_elements=list(_KEY)).returning(LiveBarRow.start)
    saved = len(session.execute(new, rows).all())
    if saved == len(given):
        return saved
    first = _stored(session, LiveBarRow, [key for key, _ in given])
    later = [(key, values) for key, values in given if first[key] != values]
    if later:
        newest = _stored(session, BarRevisionRow, [key for key, _ in later])
        revised = [
            dict(zip((*_KEY, *_VALUES), (*key, *values), strict=True)) | {"seen_at": at}
            for key, values in later
            if newest.get(key) != values
        ]
        insert(session, BarRevisionRow, revised, [*_KEY, "seen_at"], update=False)
    return saved


def _stored(session: Session, table: type[LiveBarRow] | type[BarRevisionRow], keys: Sequence[Key]) -> dict[Key, Values]:
    """Return what is stored under each key, the newest where there are several."""
    key = tuple_(table.adapter, table.symbol, table.timeframe, table.start)
    statement = select(table).where(key.in_(keys)).order_by(table.seen_at)
    return {
        (row.adapter, row.symbol, row.timeframe, row.start): (row.open, row.high, row.low, row.close, row.volume)
        for row in session.scalars(statement)
    }
