"""`weaver disk`: what takes how much room."""

from dataclasses import asdict
from typing import Annotated

import typer

from cli.context import AsJson, read_settings
from cli.render import emit, say, show, table

_UNITS = ("bytes", "KB", "MB", "GB", "TB")


def add_to(app: typer.Typer) -> None:
    app.command("disk")(disk)


def disk(
    largest: Annotated[int, typer.Option(min=0, help="That many of the largest runs.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Show how much room bars, results, records, Temporal's file and logs take, and which runs take most.

    Example: weaver disk --largest 20
    """
    from weaver.walle.usage import usage

    settings = read_settings()
    found = usage(
        home=settings.home_path, bars=settings.bars_location, results=settings.results_location, database_url=settings.database_url
    )
    if as_json:
        emit({**asdict(found), "total": found.total})
        return
    parts = [
        ("bars", found.bars, settings.bars_location),
        ("results", found.results, settings.results_location),
        ("records", found.walle, "WallE's database"),
        (
            "histories",
            found.temporal,
            "the embedded Temporal server's file" if found.temporal is not None else "at its own server, or none yet",
        ),
        ("logs", found.logs, str(settings.home_path / "logs")),
        ("total", found.total, ""),
    ]
    table(["part", "size", "where"], [[name, size_text(size), place] for name, size, place in parts], right=(1,))
    runs = list(found.runs.items())[:largest]
    if runs:
        table(["run", "results"], [[run_id, size_text(size)] for run_id, size in runs], right=(1,))
    if len(found.runs) > len(runs):
        show(f"{len(found.runs) - len(runs)} more runs have results.")
    say("Forget old runs: weaver runs prune --older-than 90d --dry-run")


def size_text(size: int | None) -> str:
    """Write a size with three digits or so; absent is a dash."""
    if size is None:
        return "-"
    amount, unit = float(size), 0
    while amount >= 1_000 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1_000, unit + 1
    return f"{amount:,.0f} {_UNITS[unit]}" if unit == 0 or amount >= 100 else f"{amount:,.1f} {_UNITS[unit]}"
