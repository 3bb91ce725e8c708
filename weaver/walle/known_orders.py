"""What is on record of orders that a venue speaks of."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import and_, or_, select

from weaver.broker import Fill, OrderReport
from weaver.orders import OrderStatus, Side
from weaver.walle.database import Database
from weaver.walle.trading_tables import FillRow, OrderRow


class KnownOrders:
    """Reads by the venue's ids. Raises Unavailable when the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def is_ours(self, account: str, report: OrderReport) -> bool:
        """Tell whether the order is on record for this account, by either id. One that the venue never took has no order there: what
        has its id is somebody else's."""
        with self._database.read() as session:
            known = select(OrderRow.id).where(
                OrderRow.account == account,
                or_(
                    OrderRow.exchange_order_id == report.exchange_order_id,
                    and_(OrderRow.id == report.client_order_id, OrderRow.status != OrderStatus.REJECTED.value),
                ),
            )
            return session.scalars(known.limit(1)).first() is not None

    def lacks_executions(self, account: str, report: OrderReport, brought: Sequence[Fill]) -> bool:
        """Tell whether the report counts more than the executions that are booked and those brought together."""
        of_order = {fill.execution_id: fill.quantity for fill in brought if fill.exchange_order_id == report.exchange_order_id}
        with self._database.read() as session:
            booked = session.scalars(
                select(OrderRow.booked_quantity).where(
                    OrderRow.account == account,
                    or_(OrderRow.exchange_order_id == report.exchange_order_id, OrderRow.id == report.client_order_id),
                )
            ).first()
            known = set(session.scalars(select(FillRow.id).where(FillRow.account == account, FillRow.id.in_(list(of_order)))))
        new = sum((quantity for key, quantity in of_order.items() if key not in known), Decimal(0))
        return (booked or Decimal(0)) + new < report.filled_quantity

    def unbooked(self, account: str, fills: Sequence[Fill]) -> list[Fill]:
        """Return the fills of orders on record that are not booked yet, each once."""
        by_id = {fill.execution_id: fill for fill in fills}
        orders = {fill.exchange_order_id for fill in fills}
        with self._database.read() as session:
            booked = set(session.scalars(select(FillRow.id).where(FillRow.account == account, FillRow.id.in_(list(by_id)))))
            ours = set(
                session.scalars(
                    select(OrderRow.exchange_order_id).where(OrderRow.account == account, OrderRow.exchange_order_id.in_(list(orders)))
                )
            )
            named = {fill.client_order_id for fill in fills if fill.client_order_id}
            known = set(session.scalars(select(OrderRow.id).where(OrderRow.account == account, OrderRow.id.in_(list(named)))))
        return [
            fill for key, fill in by_id.items() if key not in booked and (fill.exchange_order_id in ours or fill.client_order_id in known)
        ]

    def unmeasured(self, account: str, since: datetime) -> list[Fill]:
        """Return the booked purchases of symbols with a slash after `since` of which it is not known what was received."""
        statement = select(FillRow, OrderRow.exchange_order_id).join(OrderRow, OrderRow.id == FillRow.order_id)
        statement = statement.where(
            FillRow.account == account,
            FillRow.time > since,
            FillRow.side == Side.BUY.value,
            FillRow.symbol.contains("/"),
            FillRow.received.is_(None),
        )
        with self._database.read() as session:
            return [
                Fill(
                    execution_id=row.id,
                    exchange_order_id=exchange_order_id or "",  # an order with fills has one
                    client_order_id=row.order_id,
                    symbol=row.symbol,
                    side=Side(row.side),
                    quantity=row.quantity,
                    price=row.price,
                    time=row.time,
                    commission=row.commission,
                )
                for row, exchange_order_id in session.execute(statement.order_by(FillRow.number))
            ]
