"""Which files make up a series: a small numbered file that is replaced as a whole.

A reader takes the newest manifest and so sees an import wholly or not at all. A writer adds the next number, which
only one can create. In a local folder writers also hold the series' lock, so that they take turns and do not
work twice; an object store has no locks, there the creation alone decides and the loser starts again.
"""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime
from urllib.parse import quote, unquote

from weaver.errors import BadValue, NotFound
from weaver.market import Calendar, Timeframe
from weaver.walle.noticing import Gaps
from weaver.walle.store import Store

_KEPT = 3  # newest manifests that stay, for readers that have just listed them

_SYMBOL = re.compile(r"(?!\.)(?!.*\.\.)[\w./\-^=]{1,32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BarFile:
    """One immutable file of bars: its name in the catalogue, rows, and first and last start (UTC microseconds)."""

    name: str
    period: str
    rows: int
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredFile:
    """A file that was replaced; `at` (ISO) says when."""

    name: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The files of one series in time order, and those they replaced that may still be read."""

    symbol: str
    timeframe: str
    calendar: Calendar
    adjusted: bool = False
    files: tuple[BarFile, ...] = ()
    retired: tuple[RetiredFile, ...] = ()
    gaps: Gaps = field(default_factory=lambda: Gaps(count=0, bars=0, first=()))

    @property
    def rows(self) -> int:
        return sum(file.rows for file in self.files)


def series_folder(symbol: str, timeframe: Timeframe) -> str:
    """Return the folder of a series: symbol/timeframe, with what a folder name cannot hold as %XX.

    Raises BadValue for what is no symbol.
    """
    if not _SYMBOL.fullmatch(symbol) or symbol.startswith("/"):
        raise BadValue("symbol", symbol, "at most 32 letters, digits and . / - _ ^ =")
    return f"{quote(symbol, safe='')}/{timeframe.text}"


def stored_symbols(store: Store) -> list[str]:
    return [unquote(folder) for folder in store.folders("") if stored_timeframes(store, unquote(folder))]


def stored_timeframes(store: Store, symbol: str) -> list[str]:
    """Return the timeframes in which a symbol has bars, shortest first."""
    folder = quote(symbol, safe="")
    names = [name for name in store.folders(folder) if store.names(f"{folder}/{name}/manifests")]
    return sorted(names, key=lambda name: Timeframe(name).seconds)


def read_manifest(store: Store, folder: str) -> Manifest | None:
    """Return the newest manifest of a series; None if there is no such series."""
    return _newest(store, folder)[1]


def change_manifest(store: Store, folder: str, change: Callable[[Manifest | None], Manifest | None]) -> None:
    """Replace a series' manifest by what `change` makes of it (None: no change), which may be called again
    when another writer was first."""
    with store.alone(folder):
        while True:
            number, present = _newest(store, folder)
            changed = change(present)
            if changed is None or changed == present:
                return
            name = _name(folder, number + 1)
            try:
                store.create(name, _to_json(changed).encode())
            except FileExistsError:
                continue  # another writer was first: on top of what it wrote
            numbers = _numbers(store, folder)
            if numbers and max(numbers) > number + 1:
                store.delete(name)  # others went on and cleared this number away before it was written
                continue
            for old in sorted(numbers)[:-_KEPT]:
                store.delete(_name(folder, old))
            return


def _newest(store: Store, folder: str) -> tuple[int, Manifest | None]:
    while numbers := _numbers(store, folder):
        try:
            return max(numbers), _from_json(store.read(_name(folder, max(numbers))).decode())
        except NotFound:
            continue  # writers went on since the listing
    return 0, None


def _numbers(store: Store, folder: str) -> list[int]:
    return [int(name.removesuffix(".json")) for name in store.names(f"{folder}/manifests")]


def _name(folder: str, number: int) -> str:
    return f"{folder}/manifests/{number:08d}.json"


def _to_json(manifest: Manifest) -> str:
    return json.dumps(asdict(manifest), indent=1, default=datetime.isoformat)


def _from_json(text: str) -> Manifest:
    values = json.loads(text)
    gaps = values["gaps"]
    return Manifest(
        symbol=values["symbol"],
        timeframe=values["timeframe"],
        calendar=Calendar(values["calendar"]),
        adjusted=values["adjusted"],
        files=tuple(BarFile(**file) for file in values["files"]),
        retired=tuple(RetiredFile(**file) for file in values["retired"]),
        gaps=Gaps(count=gaps["count"], bars=gaps["bars"], first=tuple(datetime.fromisoformat(time) for time in gaps["first"])),
    )
