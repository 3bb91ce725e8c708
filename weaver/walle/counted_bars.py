"""Recorded bars that can be counted, so that who keeps them sees when some were stored late."""

from datetime import datetime

from sqlalchemy import func, select

from weaver.market import to_microseconds
from weaver.walle.live_bars import LiveBars
from weaver.walle.trading_tables import LiveBarRow


class CountedBars(LiveBars):
    """As LiveBars."""

    def count(self, adapter: str, symbol: str, timeframe: str, *, start: datetime | None, end: datetime) -> int:
        """Return how many bars are stored with start ≤ bar start < end."""
        row = LiveBarRow
        statement = select(func.count()).where(row.adapter == adapter, row.symbol == symbol, row.timeframe == timeframe)
        if start is not None:
            statement = statement.where(row.start >= to_microseconds(start))
        with self._database.read() as session:
            return session.scalar(statement.where(row.start < to_microseconds(end))) or 0
