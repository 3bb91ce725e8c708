"""`weaver adapters`: where can be traded, what each can do, and which of its variables are set."""

import os
from dataclasses import replace

import typer

from cli.context import AsJson, read_settings
from cli.render import emit, say, table
from weaver.plugins import Broken, Found
from weaver.veda.exchange import AdapterMeta, Mode
from weaver.veda.library import BUILT_IN, AdapterLibrary, missing_variables


def add_to(app: typer.Typer) -> None:
    app.command("adapters")(adapters)


def adapters(as_json: AsJson = False) -> None:
    """List the shipped adapters and those of plugins/adapters and WEAVER_ADAPTERS, with the variables that they read.

    Variables are told by name alone, as they are set in this terminal; a worker has its own.

    Example: weaver adapters --json
    """
    entries = AdapterLibrary.open(read_settings().adapter_folders).entries()
    if as_json:
        emit([_document(entry) for entry in entries])
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
    missing = missing_variables(meta, mode, os.environ)
    if missing:
        return f"missing: {', '.join(missing)}"
    return "set" if meta.credentials else "none needed"


def _document(entry: Found[AdapterMeta] | Broken) -> dict[str, object]:
    source = "builtin" if entry.path.parent == BUILT_IN else "plugin"
    match entry:
        case Broken():
            error = {"message": entry.reason, "file": str(entry.path), "line": entry.line}
            return {"id": entry.id or entry.path.stem, "source": source, "path": str(entry.path), "error": error}
        case Found():
            meta = entry.meta
            return {
                "id": meta.id,
                "name": meta.name,
                "version": meta.version,
                "description": meta.description,
                "modes": list(meta.modes),
                "features": list(meta.features),
                "source": source,
                "path": str(entry.path),
                "variables": {mode: _variables(meta, mode) for mode in meta.modes},
            }


def _variables(meta: AdapterMeta, mode: Mode) -> dict[str, list[str]]:
    """Return the names of what the adapter needs and may be given: `set`, `missing`, and options that are not set."""
    options = replace(meta, credentials=meta.options)
    wanted, missing = missing_variables(meta, mode, {}), missing_variables(meta, mode, os.environ)
    optional, unset = missing_variables(options, mode, {}), missing_variables(options, mode, os.environ)
    return {
        "set": [*(name for name in wanted if name not in missing), *(name for name in optional if name not in unset)],
        "missing": list(missing),
        "options": list(unset),
    }


def _place(entry: Broken) -> str:
    return f"{entry.path}:{entry.line}" if entry.line else str(entry.path)
