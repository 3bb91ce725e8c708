"""`weaver runs prune`: forgets runs that ended long ago."""

import asyncio
import re
from collections.abc import Sized
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from cli.context import AsJson, read_settings, stored_runs
from cli.render import emit, say, short_time, show, table
from cli.stack import running_server
from weaver.errors import BadValue, UnknownName, WeaverError
from weaver.glados.runs import RunStatus
from weaver.walle.database import Database
from weaver.walle.model import RunRecord
from weaver.walle.queries import MOST_ON_A_PAGE, Queries

_HOURS = {"h": 1, "d": 24, "w": 168}
_FINAL = [status for status in RunStatus if status.is_final]
_MODES = ("backtest", "paper", "live")


def prune(
    older_than: Annotated[str, typer.Option(help="Only runs that ended this long ago or longer: 12h, 90d, 8w.", show_default=False)],
    status: Annotated[list[str] | None, typer.Option(help="Only runs that ended so: completed, stopped, error; may be repeated.")] = None,
    mode: Annotated[list[str] | None, typer.Option(help="Only these: backtest, paper, live; may be repeated.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show which ones, and delete nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete runs that ended long ago, each as weaver runs delete does. Orders and fills stay.

    Example: weaver runs prune --older-than 90d --status error --dry-run
    """
    settings = read_settings()
    before = datetime.now(UTC) - age(older_than)
    statuses = [_status(one) for one in status or ()] or _FINAL
    modes = [_mode(one) for one in mode or ()] or list(_MODES)
    with stored_runs(settings) as queries:
        runs = ended_before(queries, before, statuses, modes) if queries else []
    deleted: list[str] = []
    failed: dict[str, str] = {}
    if runs and not dry_run:
        with running_server(settings) as where:
            from cli.messages import delete_all  # Temporal's SDK is loaded only where it is needed

            database = Database.open(settings.database_url)
            try:
                deleted, failed = asyncio.run(delete_all(where, database, settings.results_location, [run.id for run in runs]))
            finally:
                database.close()
    if as_json:
        emit({"found": [run.id for run in runs], "deleted": deleted, "failed": failed, "dry_run": dry_run})
    else:
        rows = [[run.id, run.mode, run.status.value, short_time(run.stopped_at or run.created_at)] for run in runs]
        if dry_run and rows:
            table(["run", "mode", "status", "ended"], rows)
        for run_id, reason in failed.items():
            show(f"{run_id} was not deleted: {reason}", style="bold red")
        told = f"{_count(runs)} would be deleted." if dry_run else f"{_count(deleted)} deleted."
        say(told if runs else f"No run ended before {short_time(before)}.")
    if failed:
        raise WeaverError(f"{len(failed)} of {len(runs)} runs were not deleted.")


def age(given: str) -> timedelta:
    """Return what `90d` says. Raises BadValue."""
    found = re.fullmatch(r"([1-9]\d{0,4})([hdw])", given.strip())
    if not found:
        raise BadValue("--older-than", given, "a number with h, d or w, such as 90d")
    return timedelta(hours=int(found[1]) * _HOURS[found[2]])


def ended_before(queries: Queries, before: datetime, statuses: list[RunStatus], modes: list[str]) -> list[RunRecord]:
    """Return the runs that ended before a moment, oldest first."""
    found: list[RunRecord] = []
    page = 1
    while True:
        some = queries.runs(status=statuses, created_before=before, sort="created_at", page=page, page_size=MOST_ON_A_PAGE)
        found += [run for run in some.items if run.mode in modes and (run.stopped_at or run.created_at) < before]
        if page * MOST_ON_A_PAGE >= some.total:
            return found
        page += 1


def _count(found: Sized) -> str:
    return "1 run" if len(found) == 1 else f"{len(found)} runs"


def _status(given: str) -> RunStatus:
    names = [one.value for one in _FINAL]
    if given not in names:
        raise UnknownName("status", given, names)
    return RunStatus(given)


def _mode(given: str) -> str:
    if given not in _MODES:
        raise UnknownName("mode", given, _MODES)
    return given
