"""An account's row: found, locked, and read as a record."""

from collections.abc import Mapping, Sequence
from typing import cast

from sqlalchemy.orm import Session

from weaver.walle.model import Json
from weaver.walle.trading_model import AccountRecord, Difference
from weaver.walle.trading_tables import AccountRow
from weaver.walle.writing import insert


def adapter_and_mode(account_id: str) -> tuple[str, str]:
    """Split `<adapter>-<mode>`; an adapter's name may hold dashes."""
    adapter, _, mode = account_id.rpartition("-")
    return adapter, mode


def locked_account(session: Session, account_id: str) -> AccountRow:
    """Return the account's row, made when missing, and let no other transaction have it until this one ends.

    Whoever writes an account's orders or fills takes this first, so those writes happen one after the other.
    """
    row = session.get(AccountRow, account_id, with_for_update=True)
    if row is not None:
        return row
    fresh = {"id": account_id, "status": "unknown", "currency": "USD", "killed": False, "drift": [], "connected": False, "fills": 0}
    insert(session, AccountRow, [fresh], ["id"], update=False)
    return session.get_one(AccountRow, account_id, with_for_update=True)


def account_record(row: AccountRow) -> AccountRecord:
    adapter, mode = adapter_and_mode(row.id)
    return AccountRecord(
        id=row.id,
        adapter=adapter,
        mode=mode,
        status=row.status,
        cash=row.cash,
        equity=row.equity,
        buying_power=row.buying_power,
        currency=row.currency,
        killed=row.killed,
        killed_reason=row.killed_reason,
        killed_at=row.killed_at,
        opening_equity=row.opening_equity,
        session=row.session,
        drift=tuple(Difference(**one) for one in cast(Sequence[Mapping[str, str]], row.drift)),
        connected=row.connected,
        checked_at=row.checked_at,
        fills_seen_until=row.fills_seen_until,
    )


def drift_json(differences: Sequence[Difference]) -> list[Json]:
    return [{"kind": one.kind, "symbol": one.symbol, "ours": one.ours, "theirs": one.theirs} for one in differences]
