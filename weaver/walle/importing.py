"""Puts checked bars into a series, all of them or none."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from dataclasses import replace as changed_copy
from datetime import UTC, datetime

import numpy as np

from weaver.errors import BadData, BadValue
from weaver.market import Calendar, Ints, Timeframe, from_microseconds
from weaver.walle.checking import CheckedBars, checked
from weaver.walle.columns import NAMES, BarColumns, differing, joined
from weaver.walle.manifests import BarFile, Manifest, RetiredFile, change_manifest, read_manifest, series_folder
from weaver.walle.noticing import Notices, gaps, noticed
from weaver.walle.parquet import column_table, parquet_bytes, read_columns
from weaver.walle.reading import RawBars
from weaver.walle.store import Store

_NAMED = 5  # differing rows that a refusal names


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What an import did. Of the file's rows some were added, some the same as stored ones, some replaced stored ones;
    the rest were repeated, or dropped by `fix`. `mixed` warns that the stored bars were adjusted and these were not,
    or the other way round. `notices` are about the file's bars."""

    symbol: str
    timeframe: str
    calendar: Calendar
    adjusted: bool
    mixed: bool
    naive_times: bool
    first: datetime
    last: datetime
    rows: int
    added: int
    same: int
    replaced: int
    repeated: int
    sorted: bool
    duplicates_dropped: int
    impossible_dropped: int
    other_symbols: int
    notices: Notices


def import_into(
    store: Store,
    raw: RawBars,
    symbol: str,
    timeframe: Timeframe,
    *,
    adjust: bool,
    calendar: Calendar | None,
    replace: bool,
    fix: bool,
) -> ImportReport:
    """Check bars, then merge them into their series. See `Catalogue.import_bars`."""
    folder = series_folder(symbol, timeframe)
    stored = read_manifest(store, folder)
    known = calendar or (stored.calendar if stored else Calendar.of(symbol))
    good = checked(raw, timeframe, known, adjust=adjust, fix=fix)
    notices = noticed(good.bars, timeframe, known, adjusted=adjust)
    merge = _Merge(store, folder, good, timeframe, replace=replace, adjusted=adjust)

    def change(present: Manifest | None) -> Manifest:
        if present is not None and present.calendar is not known:
            raise BadValue("calendar", known.value, f"{present.calendar.value}, which the stored {symbol} {timeframe} has")
        return merge.into(present or Manifest(symbol=symbol, timeframe=timeframe.text, calendar=known, adjusted=adjust))

    change_manifest(store, folder, change)
    bars = good.bars
    return ImportReport(
        symbol=symbol,
        timeframe=timeframe.text,
        calendar=known,
        adjusted=adjust,
        mixed=merge.mixed,
        naive_times=raw.naive_times,
        first=from_microseconds(bars.starts[0]),
        last=from_microseconds(bars.starts[-1]),
        rows=len(raw.bars),
        added=merge.added,
        same=merge.same,
        replaced=merge.replaced,
        repeated=good.same_dropped,
        sorted=good.sorted,
        duplicates_dropped=good.duplicates_dropped,
        impossible_dropped=good.impossible_dropped,
        other_symbols=raw.others,
        notices=notices,
    )


class _Merge:
    """The bars of one import on their way into a series; `added`, `same` and `replaced` count those of the last try."""

    def __init__(self, store: Store, folder: str, good: CheckedBars, timeframe: Timeframe, *, replace: bool, adjusted: bool) -> None:
        self._store = store
        self._folder = folder
        self._good = good
        self._timeframe = timeframe
        self._replace = replace
        self._adjusted = adjusted
        self.mixed = False
        self.added = self.same = self.replaced = 0

    def into(self, present: Manifest) -> Manifest:
        """Write the files that the import changes and return the manifest with them."""
        stored = {file.period: file for file in present.files}
        self.mixed = present.adjusted != self._adjusted and not self._replace
        changed = self._changed(stored)
        if not changed:
            return present
        # Nothing is written before every period was found to agree.
        files = stored | {period: self._write(period, bars) for period, bars in changed.items()}
        current = tuple(files[period] for period in sorted(files))
        names = {file.name for file in current}
        now = datetime.now(UTC).isoformat()
        gone = [RetiredFile(name=stored[period].name, at=now) for period in changed if period in stored]
        starts = [
            changed[file.period].starts if file.period in changed else read_columns(self._store.open(file.name), ["starts"])["starts"]
            for file in current
        ]
        return changed_copy(
            present,
            adjusted=self._adjusted if self._replace else present.adjusted,
            files=current,
            retired=tuple(file for file in (*present.retired, *gone) if file.name not in names),
            gaps=gaps(np.concatenate(starts), self._timeframe, present.calendar),
        )

    def _changed(self, stored: dict[str, BarFile]) -> dict[str, BarColumns]:
        """Return the merged bars of each period that the import changes. Raises BadData if stored bars differ."""
        self.added = self.same = self.replaced = 0
        changed: dict[str, BarColumns] = {}
        conflicts: list[str] = []
        rows: list[int] = []
        for period, chosen in _periods(self._good.bars.starts, self._timeframe):
            new = self._good.bars.take(chosen)
            if period not in stored:
                self.added += len(new)
                changed[period] = new
                continue
            old = BarColumns(**read_columns(self._store.open(stored[period].name), NAMES))
            of_old = np.searchsorted(old.starts, new.starts)
            of_old = np.minimum(of_old, len(old) - 1)
            there = old.starts[of_old] == new.starts
            differs = np.zeros(len(new), bool)
            differs[there] = differing(new.take(there), old.take(of_old[there]))
            self.added += int((~there).sum())
            self.same += int((there & ~differs).sum())
            self.replaced += int(differs.sum())
            if differs.any() and not self._replace:
                at = np.flatnonzero(differs)
                rows += self._good.rows[chosen][at].tolist()
                conflicts += [_conflict(new, old, row, int(of_old[row])) for row in at[: _NAMED - len(conflicts)]]
                continue
            if differs.any() or not there.all():
                kept = np.ones(len(old), bool)
                kept[of_old[differs]] = False
                merged = joined([old.take(kept), new.take(~there | differs)])
                changed[period] = merged.take(np.argsort(merged.starts, kind="stable"))
        if rows:
            named = "; ".join(f"row {row}: {text}" for row, text in zip(rows, conflicts, strict=False))
            raise BadData(
                f"{len(rows)} stored bars differ from the file's: {named}. Nothing was stored. --replace takes the file's.", rows=rows
            )
        return changed

    def _write(self, period: str, bars: BarColumns) -> BarFile:
        content = parquet_bytes(column_table({name: bars.column(name) for name in NAMES}))
        name = f"{self._folder}/{period}/{hashlib.sha256(content).hexdigest()[:24]}.parquet"
        self._store.write(name, content)
        return BarFile(name=name, period=period, rows=len(bars), first=int(bars.starts[0]), last=int(bars.starts[-1]))


def _periods(starts: Ints, timeframe: Timeframe) -> Iterator[tuple[str, slice]]:
    """Give each period that has bars, and the rows in it.

    A year of bars of an hour or longer, a month of bars of minutes, a day of shorter ones: at most 90,000 bars a
    file. So an appended day rewrites little, and a million one-minute bars open some dozen files.
    """
    unit = "Y" if timeframe.seconds >= 3_600 else "M" if timeframe.seconds >= 60 else "D"
    periods = starts.astype("datetime64[us]").astype(f"datetime64[{unit}]")
    firsts = np.flatnonzero(np.diff(periods.astype(np.int64), prepend=np.iinfo(np.int64).min) != 0)
    for first, end in zip(firsts, [*firsts[1:], len(starts)], strict=True):
        yield str(periods[first]), slice(int(first), int(end))


def _conflict(new: BarColumns, old: BarColumns, of_new: int, of_old: int) -> str:
    name = next(name for name in NAMES[1:] if new.column(name)[of_new] != old.column(name)[of_old])
    time = from_microseconds(new.starts[of_new]).isoformat()
    return f"{time} {name} is {float(new.column(name)[of_new])!r}, stored {float(old.column(name)[of_old])!r}"
