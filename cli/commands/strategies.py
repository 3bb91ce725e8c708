"""`weaver strategies`: what can be run, what is broken and why, and what parameters a strategy has."""

from collections.abc import Mapping
from typing import Annotated, Any, cast

import typer

from cli.context import AsJson, read_settings
from cli.render import emit, say, show, table
from weaver.documents.plugins import first_line, strategy_document, strategy_documents
from weaver.marvin.loader import BUILT_IN, Library, LoadedStrategy, build
from weaver.marvin.strategy import StrategyMeta
from weaver.plugins import Broken, Found


def add_to(app: typer.Typer) -> None:
    app.command("strategies")(strategies)


def strategies(
    name: Annotated[str | None, typer.Argument(help="Show this one, with its parameters.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """List the shipped strategies and those of plugins/strategies and WEAVER_PLUGINS, or show one.

    Example: weaver strategies sma-cross
    """
    library = Library.open(read_settings().strategy_folders)
    if name is None:
        _list(library, as_json=as_json)
        return
    loaded = build(library.source(name))
    if as_json:
        emit(strategy_document(loaded).model_dump(exclude_none=True))
    else:
        _show(loaded)


def _list(library: Library, *, as_json: bool) -> None:
    entries = library.entries()
    if as_json:
        emit([one.model_dump(exclude_none=True) for one in strategy_documents(library)])
        return
    rows = [
        [entry.id, entry.meta.name, entry.meta.symbols, entry.meta.version, _origin(entry)] for entry in entries if isinstance(entry, Found)
    ]
    table(["id", "name", "symbols", "version", "from"], rows)
    broken = [[entry.id or entry.path.stem, _place(entry), entry.reason] for entry in entries if isinstance(entry, Broken)]
    if broken:
        table(["broken", "file", "reason"], broken)
    say("Parameters of one: weaver strategies ID. A new one: weaver new strategy NAME")


def _show(loaded: LoadedStrategy) -> None:
    meta = loaded.meta
    show(f"{meta.id}  {meta.name} {meta.version}", style="bold")
    show(meta.description or first_line(loaded))
    show(f"symbols: {meta.symbols}   sha256: {loaded.source.sha256[:12]}   from: {loaded.source.origin}")
    schema = cast(Mapping[str, Any], loaded.params_schema())
    properties = cast(Mapping[str, Mapping[str, Any]], schema.get("properties", {}))
    rows = [
        [name, _kind(field), str(field.get("default", "(needed)")), str(field.get("description", ""))] for name, field in properties.items()
    ]
    table(["param", "type", "default", "meaning"], rows)
    example = next((f" --param {name}={field['default']}" for name, field in properties.items() if "default" in field), "")
    say(f"Run it: weaver backtest {meta.id} --symbol AAPL{example}")


def _kind(field: Mapping[str, Any]) -> str:
    """Write a field's JSON schema as a type with its bounds."""
    options = cast(list[Mapping[str, Any]], field.get("anyOf", [field]))
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    kinds: list[str] = []
    for option in options:
        limits = [f"{sign} {option[key]:g}" for key, sign in bounds.items() if key in option]
        kinds.append(" ".join([str(option.get("type", option.get("const", "value"))), *limits]))
    numbers_first = [kind for kind in kinds if not kind.startswith("string")] or kinds
    return " or ".join(numbers_first)


def _origin(entry: Found[StrategyMeta]) -> str:
    return "shipped" if entry.path.parent == BUILT_IN else str(entry.path)


def _place(entry: Broken) -> str:
    return f"{entry.path}:{entry.line}" if entry.line else str(entry.path)
