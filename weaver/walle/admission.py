"""Decides, in one transaction, which orders may be placed, and puts those on record."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from weaver.errors import TermsDiffer
from weaver.glados.fitting import fitted
from weaver.glados.risk import Budget, Refusal, RiskLimits, check, check_budget, opening, worth_of_unit
from weaver.orders import OrderRequest, OrderStatus
from weaver.walle.account_rows import adapter_and_mode, locked_account
from weaver.walle.leases import lease_holders
from weaver.walle.order_rows import changes_of, note, order_record
from weaver.walle.standing import Standing, standing
from weaver.walle.trading_model import AccountLimits, Admitted, NotAdmitted, Wanted
from weaver.walle.trading_tables import OrderRow

LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What orders are admitted by: the account's limits, those of the run on top, what the run has lost today, and the time.

    Without `limits` nothing is refused, not even by the kill switch.
    """

    limits: AccountLimits | None
    run_limits: RiskLimits | None
    budget: Budget | None = None
    run_day_loss: Decimal
    at: datetime

    def admit(self, session: Session, wanted: Sequence[Wanted]) -> list[Admitted | NotAdmitted]:
        """Admit or refuse each order in turn; earlier ones count for later ones. See `Orders.admit`."""
        standings: dict[str, Standing] = {}
        holders: dict[tuple[str, str], str] = {}
        for account in sorted({one.account for one in wanted}):  # in one order, so that two admissions never wait for each other
            standings[account] = standing(session, locked_account(session, account), self.at, priced=self._limits_exposure(account))
            symbols = [one.request.symbol for one in wanted if one.account == account]
            holders |= {(account, symbol): run for symbol, run in lease_holders(session, account, symbols).items()}
        ids = [one.request.client_order_id for one in wanted]
        known = {row.id: row for row in session.scalars(select(OrderRow).where(OrderRow.id.in_(ids)))}
        answers: list[Admitted | NotAdmitted] = []
        for one in wanted:
            row = known.get(one.request.client_order_id)
            if row is not None:
                _check_same(one, row)
                session.flush()
                answers.append(Admitted(order=order_record(row), changes=changes_of(session, row.id)))
                continue
            state = standings[one.account]
            sized = self._fitted(one, state)
            refusal = self._refusal(sized, state, holders.get((one.account, one.request.symbol)))
            if refusal is not None:
                answers.append(NotAdmitted(order_id=one.request.client_order_id, rule=refusal.rule, message=refusal.message))
                continue
            row = _new_row(sized, state, self.at)
            session.add(row)
            session.flush()  # before its first change, which refers to it
            known[row.id] = row
            state.admitted(row)
            change = note(session, row, "orders.Created", self.at)
            answers.append(Admitted(order=change.order, changes=[change]))
        return answers

    def _fitted(self, wanted: Wanted, state: Standing) -> Wanted:
        """Return an order of a size in money with what that pays."""
        if wanted.lot is None or self.limits is None:
            return wanted
        purse = None if self.budget is None or wanted.run_id is None else state.purse(wanted, wanted.run_id, self.budget)
        return replace(wanted, request=fitted(wanted.request, wanted.lot, state.facts(wanted), purse, self.budget))

    def _refusal(self, wanted: Wanted, state: Standing, holder: str | None) -> Refusal | None:
        if self.limits is None:
            return None
        if state.account.killed:
            why = state.account.killed_reason or "no reason given"
            return Refusal("killed", f"The kill switch of {wanted.account} is on ({why}). Re-arm the account to trade again.")
        # What follows from an admitted order, its exits and its remainder, outlives the lease of its run.
        if wanted.run_id is not None and wanted.parent_id is None and holder != wanted.run_id:
            traded = f"is traded by run '{holder}'" if holder else "is not leased to this run"
            return Refusal("lease", f"{wanted.request.symbol} on {wanted.account} {traded}.")
        if self.budget is not None and wanted.run_id is not None:
            refusal = check_budget(wanted.request, state.purse(wanted, wanted.run_id, self.budget), self.budget)
            if refusal is not None:
                return refusal
        refusal = check(wanted.request, state.facts(wanted), self._account_limits(wanted.account))
        if refusal is None and self.run_limits is not None and wanted.run_id is not None:
            facts = state.facts(wanted, run_id=wanted.run_id, run_day_loss=self.run_day_loss)
            refusal = check(wanted.request, facts, self.run_limits)
        return refusal

    def _account_limits(self, account: str) -> RiskLimits:
        if self.limits is None:
            return RiskLimits()
        return self.limits.live if adapter_and_mode(account)[1] == LIVE else self.limits.paper

    def _limits_exposure(self, account: str) -> bool:
        both = (self._account_limits(account), self.run_limits)
        return any(limits is not None and limits.max_gross_exposure is not None for limits in both)


def _new_row(wanted: Wanted, state: Standing, at: datetime) -> OrderRow:
    request = wanted.request
    return OrderRow(
        id=request.client_order_id,
        run_id=wanted.run_id,
        account=wanted.account,
        symbol=request.symbol,
        side=request.side.value,
        order_type=request.order_type.value,
        quantity=request.quantity,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
        trail=request.trail,
        trail_percent=request.trail_percent,
        time_in_force=request.time_in_force.value,
        extended_hours=request.extended_hours,
        take_profit=request.take_profit,
        stop_loss=request.stop_loss,
        stop_loss_limit=request.stop_loss_limit,
        reduce_only=request.reduce_only,
        status=OrderStatus.PENDING.value,
        filled_quantity=Decimal(0),
        booked_quantity=Decimal(0),
        booked_value=Decimal(0),
        parent_id=wanted.parent_id,
        role=None if wanted.role is None else wanted.role.value,
        unit_price=worth_of_unit(request, wanted.price),
        opens=opening(request, state.facts(wanted).position),
        created_at=at,
        admitted_at=at,
        changes=0,
    )


def _check_same(wanted: Wanted, row: OrderRow) -> None:
    """Raise TermsDiffer unless the order on record is the very one that is wanted."""
    stored = order_record(row)
    pairs = [("account", wanted.account, stored.account), ("run_id", wanted.run_id, stored.run_id)]
    pairs += [(one.name, getattr(wanted.request, one.name), getattr(stored.request, one.name)) for one in fields(OrderRequest)]
    was_fitted = wanted.lot is not None and stored.quantity <= wanted.request.quantity
    differences = [
        f"{name} {ours} on record, {asked} asked for"
        for name, asked, ours in pairs
        if asked != ours and not (name == "quantity" and was_fitted)
    ]
    if differences:
        raise TermsDiffer(stored.id, "; ".join(differences))
