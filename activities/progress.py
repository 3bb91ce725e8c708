"""Puts on record how far live runs are, beside their ticks: for people to look at, so no tick waits for it."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from weaver.errors import WeaverError
from weaver.walle.records import Records

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Progress:
    bars_done: int
    equity: Decimal | None
    at: datetime


class ProgressNotes:
    """Writes the newest progress of each run, one run after the other. Call it on one event loop only."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._newest: dict[str, _Progress] = {}
        self._writing: asyncio.Task[None] | None = None

    def note(self, run_id: str, *, bars_done: int, equity: Decimal | None, at: datetime) -> None:
        """Have a run's progress written soon; a later one of the same run may take its place before."""
        self._newest[run_id] = _Progress(bars_done=bars_done, equity=equity, at=at)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def written(self) -> None:
        """Return when all that was noted is written."""
        while self._writing is not None and not self._writing.done():
            await self._writing

    async def _write(self) -> None:
        while self._newest:
            run_id = next(iter(self._newest))
            progress = self._newest.pop(run_id)
            try:
                await asyncio.to_thread(
                    self._records.set_progress,
                    run_id,
                    bars_done=progress.bars_done,
                    bars_total=None,
                    equity=progress.equity,
                    at=progress.at,
                )
            except WeaverError as problem:  # the next tick brings newer progress; the run itself keeps count
                log.warning("The progress of run '%s' could not be stored: %s", run_id, problem)
