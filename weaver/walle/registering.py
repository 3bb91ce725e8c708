"""The record of a run that has not begun, the same whoever makes it known first: its own workflow, or the door it was asked at."""

import json
from datetime import datetime
from hashlib import sha256
from typing import Any

from weaver.glados.requests import RunCreate
from weaver.glados.runs import RunStatus
from weaver.walle.model import RunRecord


def pending_run(request: RunCreate, *, run_id: str, mode: str, first_link: str, created_at: datetime, address: str) -> RunRecord:
    """Return the record of a run that is about to begin. `first_link` is the Temporal run id of its first link, `address` the server's."""
    return RunRecord(
        id=run_id,
        strategy=request.strategy,
        mode=mode,
        status=RunStatus.PENDING,
        symbols=tuple(request.symbols),
        timeframe=request.timeframe,
        params=request.params,
        config=config(request, run_id, mode),
        created_at=created_at,
        tags=tuple(request.tags),
        temporal_run_id=first_link,
        address=address,
    )


def config(request: RunCreate, run_id: str, mode: str) -> dict[str, Any]:
    """Return the request as JSON that could be sent again, with the id it got."""
    return request.model_dump(mode="json", exclude_none=True) | {"id": run_id, "mode": mode}


def digest(config: object) -> str:
    """Return SHA-256 of a config, by which two requests are seen to be the same."""
    text = json.dumps(config, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return sha256(text.encode()).hexdigest()
