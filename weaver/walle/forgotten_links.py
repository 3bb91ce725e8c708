"""Keeps the archive and the watcher from bringing back what a run's deletion forgot."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from weaver.walle.tables import ArchivedLinkRow
from weaver.walle.writing import insert


def forget_links(session: Session, run_id: str, first_link: str | None, at: datetime) -> None:
    """Mark a run's links as forgotten, in the caller's transaction: their histories, while they last, are not archived again."""
    session.execute(update(ArchivedLinkRow).where(ArchivedLinkRow.workflow_id == run_id).values(is_forgotten=True, events=0))
    if first_link is None:
        return
    row = {
        "workflow_id": run_id,
        "link": first_link,
        "first_link": first_link,
        "next_link": None,
        "events": 0,
        "closed_at": None,
        "archived_at": at,
        "is_forgotten": True,
    }
    insert(session, ArchivedLinkRow, [row], ["workflow_id", "link"], update=False)


def is_forgotten(session: Session, run_id: str, first_link: str) -> bool:
    """Tell whether the run that began with this link was deleted."""
    row = ArchivedLinkRow
    forgotten = select(row.link).where(row.workflow_id == run_id, row.first_link == first_link, row.is_forgotten)
    return session.scalar(forgotten.limit(1)) is not None
