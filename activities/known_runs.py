"""What events are about, by what is on record of their runs."""

import asyncio

from weaver.errors import NotFound
from weaver.notify.channels import About
from weaver.walle.model import EventRecord
from weaver.walle.queries import Queries
from weaver.walle.run_money import account_of

_REMEMBERED = 10_000


class KnownRuns:
    """What events are about: of a run's, what is on record of it. What never changes is remembered."""

    def __init__(self, queries: Queries) -> None:
        self._queries = queries
        self._runs: dict[str, About] = {}

    async def about(self, event: EventRecord) -> About:
        """Return it. Raises Unavailable."""
        account = _text(event.payload.get("account"))
        run_id = event.about_run
        run = await self._run(run_id) if run_id else About()
        account = account or run.account
        mode = run.mode or _text(event.payload.get("mode")) or (account.rpartition("-")[2] if account else None)
        strategy = run.strategy or _text(event.payload.get("strategy"))
        return About(account=account, run_id=run_id, strategy=strategy, mode=mode)

    async def _run(self, run_id: str) -> About:
        known = self._runs.get(run_id)
        if known is not None:
            return known
        try:
            record = await asyncio.to_thread(self._queries.run, run_id)
        except NotFound:
            return About()
        account = None if record.mode == "backtest" else account_of(record)
        found = About(account=account, run_id=run_id, strategy=record.strategy, mode=record.mode)
        if len(self._runs) >= _REMEMBERED:
            self._runs.clear()
        self._runs[run_id] = found
        return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
