"""Keeps the archive from bringing back what a run's deletion forgot."""

from datetime import datetime

from sqlalchemy import update
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
