"""Puts runs and their statuses on record, and says so as events."""

from typing import Any

from temporalio import activity

from activities.failures import translated
from weaver.glados.runs import RunStatus
from weaver.walle.records import Records
from weaver.walle.registering import pending_run
from workflows.inputs import Event, Recorded, Registration, StatusChange


class RunRecords:
    """Writes to WallE. `address` is the Temporal server whose runs these are, for links."""

    def __init__(self, records: Records, *, address: str) -> None:
        self._records = records
        self._address = address

    @activity.defn(name="register_run")
    def register(self, task: Registration) -> Recorded:
        """Make the run known as pending. A repeat changes nothing; another execution's id is refused."""
        request = task.request
        with translated():
            self._records.register_run(
                pending_run(
                    request,
                    run_id=task.run_id,
                    mode=task.mode,
                    first_link=task.first_link,
                    created_at=task.created_at,
                    address=self._address,
                )
            )
        payload = described(task.run_id, request.strategy, task.mode, RunStatus.PENDING)
        return Recorded(events=[Event(type="run.Created", payload=payload)])

    @activity.defn(name="set_status")
    def set_status(self, change: StatusChange) -> Recorded:
        """Move the run on to a status; one that comes late is left alone."""
        with translated():
            self._records.set_status(change.run_id, change.status, at=change.at, error=change.error)
        payload = described(change.run_id, change.strategy, change.mode, change.status)
        if change.error:
            error = change.error
            payload["error"] = {"message": error.message, "code": error.code, "file": error.file, "line": error.line}
        return Recorded(events=[Event(type=change.event, payload=payload, corr_id=change.corr_id)])


def described(run_id: str, strategy: str, mode: str, status: RunStatus) -> dict[str, Any]:
    """Return the payload of a `run.*` event."""
    return {"run_id": run_id, "strategy": strategy, "mode": mode, "status": status.value}
