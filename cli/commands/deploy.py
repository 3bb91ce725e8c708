"""`weaver deploy`: builds of the code, which of them takes what starts, and whether other code can take over what runs."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import TypeAdapter

from cli.context import AsJson, read_settings
from cli.processes import python
from cli.render import emit, say, short_time, show, table
from cli.stack import running_server
from weaver.errors import NotFound, Unusable

if TYPE_CHECKING:
    from workflows.deploying import BuildState, Deployment

_app = typer.Typer(help="Bring new code to a fleet of workers while runs go on.", rich_markup_mode="rich")


def add_to(app: typer.Typer) -> None:
    app.add_typer(_app, name="deploy")


@_app.command()
def status(as_json: AsJson = False) -> None:
    """Show the builds: which is current, who runs on each, which workers ask for tasks.

    Example: weaver deploy status --json
    """
    from cli import deploying

    settings = read_settings()
    with running_server(settings) as where:
        found = asyncio.run(deploying.status(where))
    if as_json:
        emit({**TypeAdapter(deploying.Deployment).dump_python(found, mode="json"), "installed": settings.build})
        return
    rows = [
        [
            state.build,
            _said(found, state),
            short_time(state.created_at),
            _counts(state.open_runs) or "-",
            _counts(state.pollers) or "none",
        ]
        for state in found.builds
    ]
    table(["build", "status", "first seen", "open on it", "workers"], rows)
    show(f"This command's own code is build {settings.build}.")
    for state in found.builds:
        if state.is_stranded:
            show(
                f"{sum(state.open_runs.values())} open workflows wait for workers of build {state.build}, and there are none. "
                f"Start some, or: weaver deploy move {state.build}",
                style="bold red",
            )


@_app.command()
def promote(
    build: Annotated[str | None, typer.Argument(help="The build; default the one of this command's own code.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make a build the current one: what starts runs there, live runs move at their next bar, backtests end where they began.

    Refused while the build lacks workers on a queue that the current one serves.

    Example: weaver deploy promote 1f8e3a90c2d4
    """
    from cli import deploying

    settings = read_settings()
    wanted = build or settings.build
    with running_server(settings) as where:
        before, told = asyncio.run(deploying.promote(where, wanted))
    if as_json:
        emit({"current": wanted, "before": before, "told": told})
        return
    show(f"Build {wanted} is current{f', instead of {before}' if before and before != wanted else ''}.", style="bold")
    if told:
        show(f"{told} open orders, runs and accounts were told, and move within a minute or at their next bar.")
    if before and before != wanted:
        say(f"Keep workers of build {before} until `weaver deploy status` shows it drained. Back again: weaver deploy promote {before}")


@_app.command()
def ramp(
    build: Annotated[str, typer.Argument(help="The build.")],
    percent: Annotated[float, typer.Option(min=0, max=100, help="Part of what starts and moves that goes there; 0 ends it.")],
    as_json: AsJson = False,
) -> None:
    """Send a part of what starts and moves to a build, before it is promoted.

    Example: weaver deploy ramp 1f8e3a90c2d4 --percent 10
    """
    from cli import deploying

    with running_server(read_settings()) as where:
        asyncio.run(deploying.ramp(where, build, percent))
    if as_json:
        emit({"ramping": build if percent else None, "percent": percent})
        return
    show(f"{percent:g} % of what starts and moves goes to build {build}." if percent else f"Nothing goes to build {build} beforehand.")


@_app.command()
def move(
    build: Annotated[str, typer.Argument(help="The build whose workers will not come back.")],
    only: Annotated[str | None, typer.Option("--only", help="Only the workflow of this id.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Have the current build take over what is pinned to another one, wherever that stands.

    For a build whose workers are gone for good. What it did so far is replayed by the current code: try that first with
    `weaver deploy export` and `weaver deploy check`.

    Example: weaver deploy move 77aa01b2c3d4
    """
    from cli import deploying

    with running_server(read_settings()) as where:
        current, ids = asyncio.run(deploying.move(where, build, only))
    if as_json:
        emit({"from": build, "to": current, "moved": ids})
        return
    show(f"{len(ids)} open workflows go on with build {current}.")


@_app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Folder that the histories are written to.", file_okay=False)],
    closed: Annotated[int, typer.Option(min=0, help="Of those that have ended, the newest that many of each kind.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Write the histories of what is open, and of some that has ended, for `weaver deploy check` of other code.

    They hold parameters and orders; encrypted ones stay so.

    Example: weaver deploy export histories
    """
    from cli import deploying

    with running_server(read_settings()) as where:
        files = asyncio.run(deploying.export(where, folder, closed))
    if as_json:
        emit({"folder": str(folder), "files": [file.name for file in files]})
        return
    show(f"{len(files)} histories in {folder}. With the new code: weaver deploy check {folder}")


@_app.command()
def check(
    folder: Annotated[Path, typer.Argument(help="Folder with histories, or one history.")],
    as_json: AsJson = False,
) -> None:
    """Replay histories with this installation's code; exit 1 when one does not replay.

    Example: weaver deploy check histories
    """
    if not folder.exists():
        raise NotFound("folder", str(folder), "Write one with: weaver deploy export <folder>")
    done = subprocess.run([*python("processes.replay"), str(folder)], capture_output=True, text=True, check=False)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode not in (0, 1) or (done.returncode == 1 and not results):
        raise Unusable(f"Histories could not be replayed: {done.stderr.strip()[-2_000:]}")
    if not results:
        raise NotFound("history", str(folder), "There is no *.json in it. Write some with: weaver deploy export <folder>")
    failed = [result for result in results if result["problem"]]
    if as_json:
        emit({"ok": not failed, "histories": results})
    else:
        for result in failed:
            show(f"FAILS {result['file']} ({result['workflow'] or 'unreadable'}): {result['problem']}", style="bold red")
        show(f"{len(results) - len(failed)} of {len(results)} histories replay with this code.", style="" if failed else "bold")
    if failed:
        say("Runs that began so would hang on workers of this code. Keep the old command sequence behind workflow.patched.")
        sys.stdout.flush()
        raise typer.Exit(1)


def _said(found: "Deployment", state: "BuildState") -> str:
    if state.build == found.ramping:
        return f"ramping {found.percent:g} %"
    return state.status


def _counts(by_name: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in by_name.items() if count)
