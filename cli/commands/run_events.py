"""`weaver runs events`: what happened in a run, step by step, once or as it happens."""

import asyncio
import json
from collections.abc import Collection, Sequence
from contextlib import closing
from typing import Annotated

import typer

from cli.commands.run_messages import RunId
from cli.context import AsJson, read_settings, required_runs
from cli.errors import INTERRUPTED
from cli.render import emit, say, show, table
from cli.stack import running_server
from weaver.documents.events import event_document
from weaver.documents.values import dumped
from weaver.errors import Unavailable
from weaver.settings import Settings
from weaver.walle.database import Database
from weaver.walle.model import EventRecord, RunRecord

_ENDS = ("run.Stopped", "run.Completed", "run.Error")


def add_to(app: typer.Typer) -> None:
    """Add the command to `weaver runs`."""
    app.command("events")(events)


def events(
    run_id: RunId,
    type: Annotated[
        list[str] | None, typer.Option(help="Only events of this type; may be given several times.", show_default=False)
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what happens, until the run has ended or Ctrl-C.")] = False,
    as_json: AsJson = False,
) -> int | None:
    """Show what happened in a run, step by step. With --follow, --json prints one document a line.

    Example: weaver runs events my-run --type backtest.WindowCompleted
    """
    settings = read_settings()
    with required_runs(settings, run_id) as queries:
        run = queries.run(run_id)
        stored = queries.events(run_id)
    is_whole = any(event.type in _ENDS for event in stored)
    if follow and not is_whole:
        return _follow(run, settings, type, as_json=as_json)
    found, notice = (stored, None) if is_whole else _known(run, stored, settings)
    found = _only(found, type)
    if follow:
        _tell(found, as_json=as_json)
    elif as_json:
        emit(dumped(event_document(event) for event in found))
    else:
        table(["time", "type", "from"], [[event.ts.strftime("%Y-%m-%d %H:%M:%S"), event.type, event.producer] for event in found])
    if notice:
        say(notice)
    return None


def _known(run: RunRecord, stored: Sequence[EventRecord], settings: Settings) -> tuple[Sequence[EventRecord], str | None]:
    """Return the events of a run whose end is not stored, and what to say of those that may be missing."""
    with closing(Database.open(settings.database_url)) as database:
        try:
            with running_server(settings) as where:
                from cli.following import known  # Temporal's SDK is loaded only where it is needed

                return asyncio.run(known(database, where, run.id))
        except Unavailable as problem:
            return stored, f"Only stored events are shown. {problem}"


def _follow(run: RunRecord, settings: Settings, types: Collection[str] | None, *, as_json: bool) -> int | None:
    def tell(found: Sequence[EventRecord]) -> None:
        _tell(_only(found, types), as_json=as_json)

    with running_server(settings) as where, closing(Database.open(settings.database_url)) as database:
        from cli.following import follow  # Temporal's SDK is loaded only where it is needed

        try:
            asyncio.run(follow(database, where, run.id, tell))
        except KeyboardInterrupt:
            return INTERRUPTED
    return None


def _tell(found: Sequence[EventRecord], *, as_json: bool) -> None:
    for event in found:
        if as_json:
            print(json.dumps(event_document(event).model_dump(), ensure_ascii=False), flush=True)
        else:
            show(f"{event.ts:%Y-%m-%d %H:%M:%S}  {event.type:27} {_about(event)}")


def _about(event: EventRecord) -> str:
    """Return what a line says of an event besides its name."""
    payload = event.payload
    match event.type.partition(".")[0]:
        case "orders":
            return f"{payload.get('id')} {payload.get('side', '')} {payload.get('quantity', '')} {payload.get('symbol', '')}"
        case "clock" | "strategy":
            return str(payload.get("bar_end") or payload.get("from") or "")
        case "risk":
            return str(payload.get("message") or payload.get("rule") or "")
        case "backtest":
            progress = payload.get("progress")
            return f"{progress.get('pct'):.1f} %" if isinstance(progress, dict) and isinstance(progress.get("pct"), int | float) else ""
        case _:
            return str(payload.get("status") or "")


def _only(found: Sequence[EventRecord], types: Collection[str] | None) -> list[EventRecord]:
    return [event for event in found if types is None or event.type in types]
