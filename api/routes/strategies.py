"""Strategies and adapters that are there."""

from fastapi import APIRouter

from api.deps import Parts, PartsDep
from api.parameters import PagingDep, Text
from api.problems import problems
from weaver.documents.plugins import AdapterInfo, StrategyInfo, adapter_document, strategy_entry
from weaver.documents.values import Listing
from weaver.errors import NotFound, UnknownName
from weaver.marvin.loader import Library
from weaver.veda.library import AdapterLibrary

router = APIRouter(tags=["strategies"])


@router.get("/strategies", response_model=Listing[StrategyInfo], summary="List strategies", responses=problems(422, 503))
def list_strategies(parts: PartsDep, paging: PagingDep) -> Listing[StrategyInfo]:
    """List shipped strategies and those of the plugin folders; a broken file is listed with its reason."""
    library = Library.open(parts.settings.strategy_folders)
    entries = library.entries()
    items = [strategy_entry(library, entry) for entry in paging.of(entries)]
    return paging.listing(items, len(entries))


@router.get("/strategies/{strategy_id}", response_model=StrategyInfo, summary="Show a strategy", responses=problems(404, 422, 503))
def get_strategy(parts: PartsDep, strategy_id: Text) -> StrategyInfo:
    """Show a strategy with the JSON schema of its parameters."""
    library = Library.open(parts.settings.strategy_folders)
    entries = {entry.id or entry.path.stem: entry for entry in reversed(library.entries())}
    if strategy_id not in entries:
        unknown = UnknownName("strategy", strategy_id, entries)
        raise NotFound("strategy", strategy_id, f"Did you mean '{unknown.nearest}'?" if unknown.nearest else "")
    return strategy_entry(library, entries[strategy_id])


@router.get("/adapters", response_model=Listing[AdapterInfo], summary="List exchange adapters", responses=problems(422, 503))
def list_adapters(parts: PartsDep, paging: PagingDep) -> Listing[AdapterInfo]:
    """List shipped adapters and those of the plugin folders, and whether updates of one of their accounts come in.

    Variables are told by name alone, as this process sees them; a worker has its own.
    """
    entries = AdapterLibrary.open(parts.settings.adapter_folders).entries()
    connected = _connected(parts)
    items = [adapter_document(entry, connected) for entry in paging.of(entries)]
    return paging.listing(items, len(entries))


def _connected(parts: Parts) -> set[str]:
    return {account.id for account in parts.accounts.accounts() if account.connected}
