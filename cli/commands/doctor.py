"""`weaver doctor`: can this machine and home run Weaver?"""

from typing import Annotated

import typer
from rich.text import Text

from cli.context import AsJson, read_settings
from cli.errors import UNREACHABLE
from cli.health import Ports, checks_for, examine
from cli.render import emit, out, say


def add_to(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(
    port_temporal: Annotated[int, typer.Option(min=1, max=65_535, help="Port that `weaver up` would take for Temporal.")] = 7233,
    port_ui: Annotated[int, typer.Option(min=1, max=65_535, help="Port that `weaver up` would take for the UI.")] = 8233,
    port_api: Annotated[int | None, typer.Option(min=1, max=65_535, help="Port that `weaver up` would take for the API.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check Python, home, disk, database, bars, strategies, calendar, Temporal, API, ports; exit 3 when one fails.

    Example: weaver doctor --json
    """
    settings = read_settings()
    ports = Ports(temporal=port_temporal, ui=port_ui, api=port_api or settings.api_port)
    findings = examine(checks_for(settings, ports))
    failed = [finding for finding in findings if not finding.is_fine]
    if as_json:
        checks = [{"name": one.name, "ok": one.is_fine, "detail": one.detail} for one in findings]
        emit({"ok": not failed, "checks": checks})
    else:
        for one in findings:
            mark = Text("ok    ", style="green") if one.is_fine else Text("FAILS ", style="bold red")
            out.print(Text.assemble(mark, f"{one.name:<11}", one.detail), soft_wrap=True)
    if failed:
        say(f"{len(failed)} of {len(findings)} checks failed.")
        raise typer.Exit(UNREACHABLE)
