"""Deletes files of bars that nothing names any more."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from weaver.market import Timeframe
from weaver.walle.manifests import Manifest, change_manifest, series_folder, stored_symbols, stored_timeframes
from weaver.walle.store import Store


def compact(store: Store, in_use: Collection[str], *, before: datetime) -> list[str]:
    """Delete files that no manifest and nobody in `in_use` names and that are out of use since `before`; return their names."""
    deleted: list[str] = []
    for symbol in stored_symbols(store):
        for text in stored_timeframes(store, symbol):
            deleted += _compact_series(store, series_folder(symbol, Timeframe(text)), in_use, before)
    return deleted


def _compact_series(store: Store, folder: str, in_use: Collection[str], before: datetime) -> list[str]:
    deleted: list[str] = []

    def change(manifest: Manifest | None) -> Manifest | None:
        if manifest is None:
            return None
        kept = {file.name for file in manifest.files} | set(in_use)
        retired = {file.name: datetime.fromisoformat(file.at) for file in manifest.retired}
        periods = (period for period in store.folders(folder) if period != "manifests")
        for name in (f"{folder}/{period}/{name}" for period in periods for name in store.names(f"{folder}/{period}")):
            if name in kept:
                continue
            written = store.modified(name)
            # The same content imported anew has the same name: then the file is younger than its retirement.
            if max(retired.get(name, written), written) < before:
                store.delete(name)
                deleted.append(name)
        return replace(manifest, retired=tuple(file for file in manifest.retired if file.name not in deleted))

    change_manifest(store, folder, change)
    return deleted
