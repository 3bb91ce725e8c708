"""Writes orders: who may place one, what is sent, and what the venue says became of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from weaver.broker import Fill, OrderReport
from weaver.glados.risk import Budget, RiskLimits
from weaver.orders import OrderStatus, may_follow
from weaver.walle.account_rows import locked_account
from weaver.walle.admission import Admission
from weaver.walle.booking import settle
from weaver.walle.database import Database
from weaver.walle.order_rows import changes_of, found_order, legs_of, note, order_record, unknown_order
from weaver.walle.reported_orders import adopted, of_fills, of_report
from weaver.walle.reporting import EVENTS, Reporting
from weaver.walle.trading_model import AccountLimits, Admitted, NotAdmitted, OrderChange, OrderRecord, Sending, Wanted
from weaver.walle.trading_tables import AccountRow, OrderRow
from weaver.walle.writing import storable

KILLED = "kill switch"
"""The reason of orders that the kill switch kept from being sent."""


class Orders:
    """The writing side of orders. Raises Unavailable when the database does not answer: send the same again.

    Each write is one transaction under the lock of its account, and may be repeated. What it returns are the changes that it
    made; whoever lost an answer finds them all with `changes`.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def admit(
        self,
        wanted: Sequence[Wanted],
        *,
        limits: AccountLimits,
        run_limits: RiskLimits | None,
        at: datetime,
        run_day_loss: Decimal = Decimal(0),
        budget: Budget | None = None,
    ) -> list[Admitted | NotAdmitted]:
        """Put the orders on record as `pending`, with what they reserve, or say which rule forbids them; one answer for each, in order.

        The rules: `killed` (the kill switch is on), `lease` (an order of a run on a symbol that it does not hold; manual orders need
        no lease), those of the run's `budget` if given, then those of weaver.glados.risk with the account's limits, then with the
        run's. Earlier orders of the call count for later ones, whichever runs they are of. A refusal writes nothing. An id that is
        on record is admitted, as it is there, whatever the rules say now; raises TermsDiffer, admitting none, if its terms, account
        or run are not those on record.
        `run_day_loss` is what the run has lost since the session's opening, which only the run knows.
        """
        admission = Admission(limits=limits, run_limits=run_limits, budget=budget, run_day_loss=run_day_loss, at=at)
        with self._database.write() as session:
            return admission.admit(session, wanted)

    def insist(self, wanted: Wanted, *, at: datetime) -> OrderRecord:
        """Put an order on record whatever the limits say, on its way to the venue: what the kill switch closes positions with."""
        admission = Admission(limits=None, run_limits=None, run_day_loss=Decimal(0), at=at)
        with self._database.write() as session:
            (admitted,) = admission.admit(session, [wanted])
            assert isinstance(admitted, Admitted), "without limits nothing is refused"
            row = found_order(session, admitted.order.id)
            if OrderStatus(row.status) is OrderStatus.PENDING:
                row.status = OrderStatus.SUBMITTING.value
            return order_record(row)

    def sending(self, order_id: str, *, at: datetime) -> Sending:
        """Make an order ready to be sent, on record before it is; an order that the kill switch catches is rejected instead.

        Without the kill switch an order that is `pending` or `in_doubt` becomes `submitting`; with it one that never was sent becomes
        `rejected`. Others are returned as they are. Raises NotFound.
        """
        with self._database.write() as session:
            account, row = _locked(session, order_id)
            before = OrderStatus(row.status)
            changes: list[OrderChange] = []
            if account.killed and before is OrderStatus.PENDING:
                row.status, row.reject_reason = OrderStatus.REJECTED.value, KILLED
                changes.append(note(session, row, EVENTS[OrderStatus.REJECTED], at, KILLED))
            elif not account.killed and before in (OrderStatus.PENDING, OrderStatus.IN_DOUBT):
                row.status = OrderStatus.SUBMITTING.value
            return Sending(order=order_record(row), killed=account.killed, before=before, changes=changes)

    def report(self, account: str, report: OrderReport, fills: Sequence[Fill] = (), *, at: datetime) -> list[OrderChange]:
        """Apply what the venue says of an order and its legs, and book the fills; return the changes, of legs too.

        Orders are found by the venue's id, else by their own; the legs of a known bracket that are not are adopted as `<parent>.tp`
        and `<parent>.sl`. An order or fill of no order of this account gives nothing: ask for it again once its order is known. The
        rules are those of weaver.walle.reporting. `at` is when the word came, never earlier than the order can have been there.
        """
        with self._database.write() as session:
            locked = session.get(AccountRow, account, with_for_update=True)
            if locked is None:
                return []
            row = of_report(session, account, report)
            reports: dict[str, OrderReport] = {}
            created: list[OrderChange] = []
            if row is None:  # nor are its executions of an order here, whatever id they come under
                foreign = {one.exchange_order_id for one in (report, *report.legs)}
                fills = [fill for fill in fills if fill.exchange_order_id not in foreign]
            else:
                reports[row.id] = report
                for leg in report.legs:
                    found = of_report(session, account, leg)
                    if found is None:
                        found = adopted(session, row, leg, at)
                        created.append(note(session, found, "orders.Created", at))
                    reports[found.id] = leg
            return created + _apply(session, locked, reports, fills, at)

    def book(self, account: str, fills: Sequence[Fill], *, at: datetime) -> list[OrderChange]:
        """Book fills that came without a report; those of no order of this account are left out."""
        with self._database.write() as session:
            locked = session.get(AccountRow, account, with_for_update=True)
            return [] if locked is None else _apply(session, locked, {}, fills, at)

    def settle(self, account: str, received: Mapping[str, Decimal]) -> None:
        """Write down what was received of booked purchases, by execution, where that is not known yet; what they add up to follows."""
        with self._database.write() as session:
            locked = session.get(AccountRow, account, with_for_update=True)
            if locked is not None:
                settle(session, locked, received)

    def doubt(self, order_id: str, *, reason: str, at: datetime) -> list[OrderChange]:
        """Note that an order was sent and what came of it is not known. One that the venue has told of meanwhile, or that is final,
        stays as it is."""
        return self._move(order_id, OrderStatus.IN_DOUBT, reason, at, unless_known=True)

    def reject(self, order_id: str, *, reason: str, at: datetime) -> list[OrderChange]:
        """Note the venue's refusal, with its reason. One that is final stays so."""
        return self._move(order_id, OrderStatus.REJECTED, reason, at)

    def cancel_unsent(self, order_id: str, *, reason: str, at: datetime) -> list[OrderChange]:
        """Cancel an order that is `pending`. Raises ValueError for one that may be at the venue; one that is final stays so."""
        return self._move(order_id, OrderStatus.CANCELLED, reason, at, only_from=OrderStatus.PENDING)

    def never_arrived(self, order_id: str, *, reason: str, at: datetime) -> list[OrderChange]:
        """Cancel an order that was sent, or may have been, and that the venue surely does not know. One that is final stays so."""
        return self._move(order_id, OrderStatus.CANCELLED, reason, at)

    def order(self, order_id: str) -> OrderRecord:
        """Return one order. Raises NotFound, with the nearest id that exists."""
        with self._database.read() as session:
            return order_record(found_order(session, order_id))

    def changes(self, order_id: str, after: int = 0) -> list[OrderChange]:
        """Return an order's changes with number > `after`, in order; none for an unknown order."""
        with self._database.read() as session:
            return changes_of(session, order_id, after)

    def legs(self, order_id: str) -> list[OrderRecord]:
        """Return the exits of a bracket, oldest first."""
        with self._database.read() as session:
            return [order_record(row) for row in legs_of(session, order_id)]

    def _move(
        self,
        order_id: str,
        status: OrderStatus,
        reason: str,
        at: datetime,
        *,
        only_from: OrderStatus | None = None,
        unless_known: bool = False,
    ) -> list[OrderChange]:
        """Go on to `status` by our own word. Repeated, return the change that was made. Raises ValueError if the table forbids it."""
        with self._database.write() as session:
            _, row = _locked(session, order_id)
            present = OrderStatus(row.status)
            if present is status:
                return [change for change in changes_of(session, order_id, row.changes - 1) if change.event == EVENTS[status]]
            if present.is_final or (unless_known and row.exchange_order_id is not None):
                return []
            if not may_follow(present, status) or only_from not in (None, present):
                raise ValueError(f"Order '{order_id}' is {present}; it cannot become {status}.")
            row.status = status.value
            if status is OrderStatus.REJECTED:
                row.reject_reason = storable(reason)
            if status is OrderStatus.CANCELLED:
                row.cancelled_at = at
            return [note(session, row, EVENTS[status], at, reason)]


def _locked(session: Session, order_id: str) -> tuple[AccountRow, OrderRow]:
    account = session.scalar(select(OrderRow.account).where(OrderRow.id == order_id))
    if account is None:
        raise unknown_order(session, order_id)
    locked = locked_account(session, account)  # before the order is read, which others may be changing until then
    return locked, found_order(session, order_id)


def _apply(
    session: Session, account: AccountRow, reports: dict[str, OrderReport], fills: Iterable[Fill], at: datetime
) -> list[OrderChange]:
    by_order: dict[str, list[Fill]] = {order_id: [] for order_id in reports}
    told_of = {report.exchange_order_id: order_id for order_id, report in reports.items()}  # not all on record under it yet
    by_venue: dict[str, list[Fill]] = {}
    for fill in fills:
        by_venue.setdefault(fill.exchange_order_id, []).append(fill)
    for exchange_order_id, its_fills in by_venue.items():
        order_id = told_of.get(exchange_order_id)
        if order_id is None:
            order = of_fills(session, account.id, its_fills)
            order_id = None if order is None else order.id
        if order_id is not None:
            by_order.setdefault(order_id, []).extend(its_fills)
    changes: list[OrderChange] = []
    for order_id, its_fills in by_order.items():
        row = session.get_one(OrderRow, order_id)
        Reporting(session=session, account=account, order=row, at=at, changes=changes).apply(reports.get(order_id), its_fills)
    return changes
