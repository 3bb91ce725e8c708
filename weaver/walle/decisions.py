"""Writes what runs decided."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, case

from weaver.errors import NotFound
from weaver.walle.database import Database
from weaver.walle.model import Json
from weaver.walle.trading_model import DecisionRecord, NotDone
from weaver.walle.trading_tables import DecisionRow
from weaver.walle.writing import insert, new_rows, storable


class Decisions:
    """The decisions of runs, one for each bar. Raises Unavailable when the database does not answer: send the same again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, decision: DecisionRecord) -> None:
        """Store the decision in place of an earlier one of the same bar. Without verdicts, those that are stored stay; and so does why
        it was not done: an attempt to decide that nobody waits for any more may come here after that was known."""
        row: dict[str, object] = {
            "run_id": decision.run_id,
            "bar_end": decision.bar_end,
            "seen": dict(decision.seen),
            "notes": [storable(note) for note in decision.notes],
            "intents": [storable(intent) for intent in decision.intents],
            "orders": list(decision.orders),
            "verdicts": [dict(verdict) for verdict in decision.verdicts],
            "skipped": None if decision.skipped is None else storable(decision.skipped),
        }
        with self._database.write() as session:
            statement = new_rows(session, DecisionRow).values(row)
            kept = {"run_id", "bar_end"} if decision.verdicts else {"run_id", "bar_end", "verdicts"}
            changed: dict[str, ColumnElement[Any]] = {name: statement.excluded[name] for name in row if name not in kept}
            is_not_done = DecisionRow.skipped.in_([reason.value for reason in NotDone])
            changed["skipped"] = case((is_not_done, DecisionRow.skipped), else_=changed["skipped"])
            session.execute(statement.on_conflict_do_update(index_elements=["run_id", "bar_end"], set_=changed))

    def verdicts(self, run_id: str, bar_end: datetime, verdicts: Sequence[Mapping[str, Json]]) -> None:
        """Store what became of orders that a decision wanted, beside what is stored of others. Raises NotFound if there is no
        decision of that bar."""
        with self._database.write() as session:
            row = session.get(DecisionRow, (run_id, bar_end), with_for_update=True)
            if row is None:
                raise NotFound("decision", f"{run_id} at {bar_end.isoformat()}")
            stored = cast("Sequence[Mapping[str, Json]]", row.verdicts)
            row.verdicts = list({verdict["order_id"]: dict(verdict) for verdict in (*stored, *verdicts)}.values())

    def skip(self, run_id: str, bar_ends: Sequence[datetime], reason: str) -> None:
        """Note why there was no decision at some bars; what is stored of them stays."""
        rows = [_nothing(run_id, end, reason) for end in bar_ends]
        with self._database.write() as session:
            insert(session, DecisionRow, rows, ["run_id", "bar_end"], update=False)

    def not_done(self, run_id: str, bar_end: datetime, reason: NotDone) -> None:
        """Note why what was decided at a bar was not done, beside what is stored of it, if anything is."""
        with self._database.write() as session:
            statement = new_rows(session, DecisionRow).values(_nothing(run_id, bar_end, reason.value))
            changed = {"skipped": statement.excluded.skipped}
            session.execute(statement.on_conflict_do_update(index_elements=["run_id", "bar_end"], set_=changed))


def _nothing(run_id: str, bar_end: datetime, reason: str) -> dict[str, object]:
    row: dict[str, object] = {"run_id": run_id, "bar_end": bar_end, "seen": {}, "skipped": reason}
    return row | {"notes": [], "intents": [], "orders": [], "verdicts": []}
