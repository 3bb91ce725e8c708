"""`weaver adapters`: where can be traded, what each can do, and which of its variables are set."""

import typer

from cli.context import AsJson, read_settings
from cli.render import emit, say, table
from weaver.documents.plugins import adapter_document
from weaver.environment import Environment
from weaver.plugins import Broken, Found
from weaver.veda.exchange import AdapterMeta, Mode
from weaver.veda.library import AdapterLibrary, missing_variables


def add_to(app: typer.Typer) -> None:
    app.command("adapters")(adapters)


def adapters(as_json: AsJson = False) -> None:
    """List the shipped adapters and those of plugins/adapters and WEAVER_ADAPTERS, with the variables that they read.

    Variables are told by name alone, as they are set in this terminal; a worker has its own.

    Example: weaver adapters --json
    """
    entries = AdapterLibrary.open(read_settings().adapter_folders).entries()
    if as_json:
        emit([adapter_document(entry).model_dump(exclude_none=True) for entry in entries])
        return
    rows = [
        [entry.id, entry.meta.version, mode, ", ".join(entry.meta.features), _credentials(entry.meta, mode), entry.meta.name]
        for entry in entries
        if isinstance(entry, Found)
        for mode in entry.meta.modes
    ]
    table(["id", "version", "mode", "features", "credentials", "name"], rows)
    broken = [[entry.id or entry.path.stem, _place(entry), entry.reason] for entry in entries if isinstance(entry, Broken)]
    if broken:
        table(["broken", "file", "reason"], broken)
    say("An account is named <id>-<mode>. Trade: weaver trade STRATEGY --adapter ID --mode MODE --symbol S --timeframe 1m")


def _credentials(meta: AdapterMeta, mode: Mode) -> str:
    missing = missing_variables(meta, mode, Environment())
    if missing:
        return f"missing: {', '.join(missing)}"
    return "set" if meta.credentials else "none needed"


def _place(entry: Broken) -> str:
    return f"{entry.path}:{entry.line}" if entry.line else str(entry.path)
