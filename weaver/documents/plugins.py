"""Strategies and adapters as programs get them."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from weaver.documents.values import Document
from weaver.environment import Environment
from weaver.errors import StrategyBroken
from weaver.marvin.loader import BUILT_IN as STRATEGIES
from weaver.marvin.loader import Library, LoadedStrategy, build
from weaver.marvin.strategy import StrategyMeta
from weaver.plugins import Broken, Found
from weaver.veda.exchange import AdapterMeta, Mode
from weaver.veda.library import BUILT_IN as ADAPTERS
from weaver.veda.library import account_id, missing_variables

Source = Literal["builtin", "plugin"]


class FileProblem(Document):
    """Why a file cannot be used."""

    message: str
    file: str | None
    line: int | None = Field(description="in `file`, from 1")


class StrategyInfo(Document):
    """A strategy; of a broken one there are only id, source, path and error."""

    id: str = Field(examples=["sma-cross"])
    name: str | None = None
    version: str | None = None
    description: str | None = None
    author: str | None = None
    symbols: str | None = Field(default=None, description="one or many: how many symbols it trades")
    sha256: str | None = Field(default=None, description="digest of its text, which a run is pinned to")
    source: str = Field(description="builtin or plugin")
    params_schema: dict[str, Any] | None = Field(default=None, description="JSON schema of its parameters")
    path: str | None = None
    error: FileProblem | None = None


class Variables(Document):
    """Names of variables of the environment, as this process sees it; a worker has its own."""

    set: list[str]
    missing: list[str]
    options: list[str] = Field(description="those that may be set and are not")


class AdapterInfo(Document):
    """An exchange adapter; of a broken one there are only id, source, path and error."""

    id: str = Field(examples=["simulated"])
    name: str | None = None
    version: str | None = None
    description: str | None = None
    modes: list[str] = Field(default_factory=list)
    features: list[str] = Field(default_factory=list)
    connected: bool = Field(default=False, description="whether updates of one of its accounts come in")
    accounts: list[str] = Field(default_factory=list, description="what can be traded with it: <id>-<mode>")
    source: str = Field(description="builtin or plugin")
    path: str | None = None
    variables: dict[str, Variables] = Field(default_factory=dict[str, Variables], description="by mode")
    error: FileProblem | None = None


def strategy_documents(library: Library) -> list[StrategyInfo]:
    """Return all strategies in order, broken ones with their reason."""
    return [strategy_entry(library, entry) for entry in library.entries()]


def strategy_entry(library: Library, entry: Found[StrategyMeta] | Broken) -> StrategyInfo:
    match entry:
        case Broken():
            return StrategyInfo(
                id=entry.id or entry.path.stem, source=_source(entry.path, STRATEGIES), path=str(entry.path), error=_file_problem(entry)
            )
        case Found():
            source = library.source(entry.id)
            try:
                return strategy_document(build(source), path=str(entry.path))
            except StrategyBroken as problem:
                error = FileProblem(message=problem.message, file=problem.file, line=problem.line)
                return StrategyInfo(id=entry.id, source=source.origin, path=str(entry.path), error=error)


def strategy_document(loaded: LoadedStrategy, *, path: str | None = None) -> StrategyInfo:
    meta = loaded.meta
    return StrategyInfo(
        id=meta.id,
        name=meta.name,
        version=meta.version,
        description=meta.description or first_line(loaded),
        author=meta.author,
        symbols=meta.symbols,
        sha256=loaded.source.sha256,
        source=loaded.source.origin,
        params_schema=dict(loaded.params_schema()),
        path=path,
    )


def first_line(loaded: LoadedStrategy) -> str:
    """Return the first line of a strategy's docstring."""
    return (loaded.strategy_class.__doc__ or "").strip().partition("\n")[0]


def adapter_document(
    entry: Found[AdapterMeta] | Broken, connected: Collection[str] = (), environment: Mapping[str, str] | None = None
) -> AdapterInfo:
    """Return an adapter; `connected` are the accounts whose updates come in."""
    source = _source(entry.path, ADAPTERS)
    match entry:
        case Broken():
            return AdapterInfo(id=entry.id or entry.path.stem, source=source, path=str(entry.path), error=_file_problem(entry))
        case Found():
            meta = entry.meta
            accounts = [account_id(meta.id, mode) for mode in meta.modes]
            return AdapterInfo(
                id=meta.id,
                name=meta.name,
                version=meta.version,
                description=meta.description,
                modes=list(meta.modes),
                features=list(meta.features),
                connected=any(account in connected for account in accounts),
                accounts=accounts,
                source=source,
                path=str(entry.path),
                variables={mode: _variables(meta, mode, Environment() if environment is None else environment) for mode in meta.modes},
            )


def _variables(meta: AdapterMeta, mode: Mode, environment: Mapping[str, str]) -> Variables:
    options = replace(meta, credentials=meta.options)
    wanted, missing = missing_variables(meta, mode, {}), missing_variables(meta, mode, environment)
    optional, unset = missing_variables(options, mode, {}), missing_variables(options, mode, environment)
    return Variables(
        set=[*(name for name in wanted if name not in missing), *(name for name in optional if name not in unset)],
        missing=list(missing),
        options=list(unset),
    )


def _source(path: Path, built_in: Path) -> Source:
    return "builtin" if path.parent == built_in else "plugin"


def _file_problem(entry: Broken) -> FileProblem:
    return FileProblem(message=entry.reason, file=str(entry.path), line=entry.line)
