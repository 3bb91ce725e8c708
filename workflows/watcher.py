"""Finds what runs could not say of themselves: those that never registered, and the end of those that were ended."""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from temporalio.client import Client, WorkflowExecution
from temporalio.common import MetricMeter
from temporalio.service import RPCError

from weaver.errors import AlreadyExists, NotFound, Unavailable
from weaver.glados.runs import RunStatus
from weaver.walle.model import EventRecord, RunError, RunRecord
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from workflows.inputs import BACKTEST_RUN
from workflows.sealing import open_events
from workflows.trading_names import TRADING_RUN

logger = logging.getLogger(__name__)

EVERY_SECONDS = 0.8
OVERLAP = timedelta(seconds=30)
"""Visibility is written a little after the fact: each look goes back this far before the one before."""
FIRST_LOOK = timedelta(days=30)
"""How far back the first look goes: what happened while no worker ran."""

_FINAL_EVENTS = ("run.Completed", "run.Stopped", "run.Error")
_ENDS = ("Failed", "Canceled", "Terminated", "TimedOut", "Completed")


class Histories(Protocol):
    """Reads what the history of one link of a run says. Raises NotFound, Unavailable."""

    async def read(self, run_id: str, link: str) -> list[EventRecord]: ...


class Watcher:
    """Looks at the closed runs of one namespace again and again. Everything it writes may be written twice."""

    def __init__(
        self,
        client: Client,
        queries: Queries,
        records: Records,
        histories: Histories,
        *,
        address: str,
        meter: MetricMeter = MetricMeter.noop,
    ) -> None:
        self._client = client
        self._queries = queries
        self._records = records
        self._histories = histories
        self._address = address
        self._settled: dict[str, datetime] = {}
        self._since = datetime.now(UTC) - FIRST_LOOK
        self._looks = meter.create_counter("weaver_watcher_looks", "Looks at the runs that closed.")
        self._failures = meter.create_counter("weaver_watcher_failed_looks", "Looks that Temporal or WallE did not answer.")
        self._concluded = meter.create_counter("weaver_watcher_concluded_runs", "Runs whose end the watcher put on record.")

    async def run(self) -> None:
        """Look until cancelled; a server or database that does not answer is asked again."""
        while True:
            try:
                await self.look()
            except (RPCError, Unavailable) as problem:
                self._failures.add(1)
                logger.warning("cannot look after runs now: %s", problem)
            await asyncio.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        """Settle each run that closed since the last look."""
        self._looks.add(1)
        began = datetime.now(UTC)
        ends = ", ".join(f"'{end}'" for end in _ENDS)
        types = f"'{BACKTEST_RUN}', '{TRADING_RUN}'"
        query = f"WorkflowType IN ({types}) AND ExecutionStatus IN ({ends}) AND CloseTime >= '{self._since.isoformat()}'"
        async for execution in self._client.list_workflows(query):
            if execution.run_id not in self._settled:
                try:
                    await self._settle(execution)
                except NotFound as gone:  # deleted in between
                    logger.info("run %s: %s", execution.id, gone)
                self._settled[execution.run_id] = began
        self._since = began - OVERLAP
        self._settled = {link: seen for link, seen in self._settled.items() if seen >= self._since - OVERLAP}

    async def _settle(self, execution: WorkflowExecution) -> None:
        """Give one closed run its final status and its events, unless it has both."""
        run_id = execution.id
        try:
            known = await asyncio.to_thread(self._queries.run, run_id)
        except NotFound:
            known = None
        if known and known.status.is_final and await asyncio.to_thread(self._queries.events, run_id, _FINAL_EVENTS):
            return
        events = await self._histories.read(run_id, execution.run_id)
        end = next((event for event in reversed(events) if event.type in _FINAL_EVENTS), None)
        if end is None:
            return
        first_link = execution.raw_info.first_run_id or execution.run_id
        record = known or await self._found(execution)
        try:
            await asyncio.to_thread(self._conclude, record, first_link, end, events)
            self._concluded.add(1)
        except AlreadyExists:  # the id was used again after retention, and WallE keeps the earlier run
            logger.warning("run %s (%s) has the id of another run and is not recorded", run_id, first_link)
            return
        logger.info("run %s ended (%s) and had not said so itself", run_id, end.type)

    def _conclude(self, record: RunRecord, first_link: str, end: EventRecord, events: list[EventRecord]) -> None:
        if record.temporal_run_id is None:
            self._records.register_run(replace(record, temporal_run_id=first_link))
        elif record.temporal_run_id != first_link:
            raise AlreadyExists("run", record.id, record.status)
        self._records.set_status(record.id, RunStatus(str(end.payload["status"])), at=end.ts, error=_error(end))
        self._records.save_events(record.id, events)

    async def _found(self, execution: WorkflowExecution) -> RunRecord:
        """Return a record of a run that never registered, from whatever it was started with."""
        asked = await self._asked(execution)
        symbols = asked.get("symbols")
        return RunRecord(
            id=execution.id,
            strategy=str(asked.get("strategy", "")),
            mode=str(asked.get("mode") or ("backtest" if execution.workflow_type == BACKTEST_RUN else "paper")),
            status=RunStatus.PENDING,
            symbols=tuple(symbol for symbol in symbols if isinstance(symbol, str)) if isinstance(symbols, list) else (),
            timeframe=str(asked.get("timeframe", "")),
            config=dict(asked),
            created_at=execution.start_time,
            address=self._address,
        )

    async def _asked(self, execution: WorkflowExecution) -> Mapping[str, Any]:
        """Return the run's input if it is a JSON object, else nothing."""
        handle = self._client.get_workflow_handle(execution.id, run_id=execution.run_id)
        async for event in handle.fetch_history_events(page_size=1):
            await open_events(self._client.data_converter, [event])
            payloads = event.workflow_execution_started_event_attributes.input.payloads
            try:
                asked = json.loads(payloads[0].data) if payloads else None
            except ValueError:
                asked = None
            return asked if isinstance(asked, dict) else {}
        return {}


def _error(end: EventRecord) -> RunError | None:
    said = end.payload.get("error")
    if not isinstance(said, Mapping):
        return None
    file, line = said.get("file"), said.get("line")
    return RunError(
        message=str(said.get("message")),
        code=str(said.get("code")),
        file=file if isinstance(file, str) else None,
        line=line if isinstance(line, int) else None,
    )
