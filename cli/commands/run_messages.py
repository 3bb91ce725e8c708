"""`weaver runs start|pause|resume|stop|params|delete`: what a run can be told, and how it is forgotten."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Annotated, Any

import typer

from cli import options
from cli.commands.run_pruning import prune
from cli.context import AsJson, read_settings, required_runs, stored_runs
from cli.render import emit, say
from cli.stack import running_server
from cli.trading_requests import typed_params
from weaver.errors import NotAllowed, NotFound
from weaver.glados.runs import RunStatus, actions, check_action
from weaver.settings import Settings
from weaver.walle.database import Database
from weaver.walle.model import RunRecord

RunId = Annotated[str, typer.Argument(help="Id of a run; see: weaver runs list", show_default=False)]


def add_to(app: typer.Typer) -> None:
    """Add the messages to `weaver runs`."""
    for name, command in {
        "start": start,
        "pause": pause,
        "resume": resume,
        "stop": stop,
        "params": params,
        "delete": delete,
        "prune": prune,
    }.items():
        app.command(name)(command)


def start(run_id: RunId, as_json: AsJson = False) -> None:
    """Start a run that was prepared with --start-paused.

    Example: weaver runs start my-run
    """
    _tell(run_id, "start", as_json=as_json)


def pause(run_id: RunId, as_json: AsJson = False) -> None:
    """Pause a run: nothing is decided until it resumes; working orders stay, with their exits.

    Example: weaver runs pause my-run
    """
    _tell(run_id, "pause", as_json=as_json)


def resume(run_id: RunId, as_json: AsJson = False) -> None:
    """Let a paused run go on.

    Example: weaver runs resume my-run
    """
    _tell(run_id, "resume", as_json=as_json)


def stop(
    run_id: RunId,
    flatten: Annotated[bool, typer.Option("--flatten", help="Close what the run holds, whatever it was started with.")] = False,
    as_json: AsJson = False,
) -> None:
    """Stop a run. A backtest keeps a partial result; a trading run does with its orders as --at-end said. Stopping twice is fine.

    Example: weaver runs stop my-run
    """
    settings = read_settings()
    known = _known(run_id, settings)
    if known is not None and known.status.is_final:
        say(f"Run {run_id} is {known.status.value} already.")
        status = known.status
    else:
        with running_server(settings) as where:
            from cli.messages import stop as stop_run  # Temporal's SDK is loaded only where it is needed

            with _nearest(run_id, known, settings):
                status = asyncio.run(stop_run(where, run_id, flatten=flatten))
        say(f"Run {run_id} is {status.value}.")
    _show(run_id, status, as_json=as_json)


def params(run_id: RunId, param: options.Params = None, as_json: AsJson = False) -> None:
    """Change parameters of a paper or live run, from the next bar on; those that are not given stay.

    Example: weaver runs params my-run --param fast=5 --param slow=20
    """
    _tell(run_id, "set_params", typed_params(param or []), as_json=as_json)


def delete(run_id: RunId, as_json: AsJson = False) -> None:
    """Delete a run that has ended: its record, result, decisions, events, files, and its history in Temporal, so a stack must run.

    Its orders and fills stay, as orders without a run: they are what the account's positions are made of.

    Example: weaver runs delete my-run
    """
    settings = read_settings()
    with required_runs(settings, run_id) as queries:
        run = queries.run(run_id)
    check_action("delete", run.status, run.mode)
    with running_server(settings) as where:
        from cli.messages import delete as delete_run  # Temporal's SDK is loaded only where it is needed

        database = Database.open(settings.database_url)
        try:
            asyncio.run(delete_run(where, database, settings.results_location, run_id))
        finally:
            database.close()
    if as_json:
        emit({"run_id": run_id, "deleted": True})
    else:
        say(f"Run {run_id} is deleted.")


def _tell(run_id: str, message: str, values: dict[str, object] | None = None, *, as_json: bool) -> None:
    settings = read_settings()
    known = _known(run_id, settings)
    if known is not None and known.status.is_final:
        raise NotAllowed(message, known.status, actions(known.status, known.mode))
    with running_server(settings) as where:
        from cli.messages import tell  # Temporal's SDK is loaded only where it is needed
        from workflows.inputs import ParamsChange

        ask = None if values is None else ParamsChange(params=values)
        with _nearest(run_id, known, settings):
            state = asyncio.run(tell(where, run_id, message, ask))
    if message == "start":
        say(f"Run {run_id} was told to start.")  # it is pending until its first step is done
    else:
        say(f"Run {run_id} is {state.status.value}.")
    changed = {"params": dict(values)} if values is not None else {}
    _show(run_id, state.status, as_json=as_json, more=changed)


def _show(run_id: str, status: RunStatus, *, as_json: bool, more: dict[str, Any] | None = None) -> None:
    if as_json:
        emit({"run_id": run_id, "status": status.value} | (more or {}))


def _known(run_id: str, settings: Settings) -> RunRecord | None:
    with stored_runs(settings) as queries:
        if queries:
            with suppress(NotFound):
                return queries.run(run_id)
    return None


@contextmanager
def _nearest(run_id: str, known: RunRecord | None, settings: Settings) -> Generator[None, None, None]:
    """Let a NotFound name the nearest run on record, when there is none of this id."""
    try:
        yield
    except NotFound:
        if known is None:
            with required_runs(settings, run_id) as queries:
                queries.run(run_id)
        raise
