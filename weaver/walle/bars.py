"""The catalogue of bars: imports, pins, loads and exports series."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from weaver.errors import BadValue, NoBars, UnknownName, Unusable
from weaver.glados.clock import bar_columns
from weaver.market import Bars, Calendar, Ints, Timeframe, from_microseconds, to_microseconds
from weaver.walle.columns import NAMES, BarColumns
from weaver.walle.compacting import compact
from weaver.walle.exporting import write_bars
from weaver.walle.importing import ImportReport, import_into
from weaver.walle.manifests import BarFile, Manifest, read_manifest, series_folder, stored_symbols, stored_timeframes
from weaver.walle.noticing import Gaps
from weaver.walle.parquet import read_columns
from weaver.walle.pins import DataPin, SeriesFingerprint, SeriesPin, joint_fingerprint
from weaver.walle.reading import RawBars, read_bars
from weaver.walle.store import Store, open_store

_FOREVER = 2**62  # microseconds: after every bar


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesCoverage:
    """What is stored of one series: first and last bar's start, number of bars, and gaps by its calendar."""

    symbol: str
    timeframe: str
    calendar: Calendar
    adjusted: bool
    first: datetime
    last: datetime
    bars: int
    gaps: Gaps
    files: int


class Catalogue:
    """Bars by symbol and timeframe, in a local folder or an object store.

    Each series lies in Parquet files, one for each period, named by their content and never changed. Raises
    Unusable if the place cannot be used, Unavailable if it does not answer.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @staticmethod
    def open(location: str) -> "Catalogue":
        """Open the catalogue at a local path or an fsspec URL; nothing is written until something is imported."""
        return Catalogue(open_store(location))

    def import_file(
        self,
        path: Path | str,
        symbol: str,
        timeframe: Timeframe | str,
        *,
        adjust: bool = False,
        calendar: Calendar | str | None = None,
        replace: bool = False,
        fix: bool = False,
    ) -> ImportReport:
        """Store the bars of a CSV (also .gz) or Parquet file. See `import_bars`, and `reading.read_bars` for the file."""
        series_folder(symbol, _timeframe(timeframe))  # a wrong name is refused before a large file is read
        raw = read_bars(Path(path), symbol)
        return self.import_bars(raw, symbol, timeframe, adjust=adjust, calendar=calendar, replace=replace, fix=fix)

    def import_bars(
        self,
        raw: RawBars,
        symbol: str,
        timeframe: Timeframe | str,
        *,
        adjust: bool = False,
        calendar: Calendar | str | None = None,
        replace: bool = False,
        fix: bool = False,
    ) -> ImportReport:
        """Store bars, all or none of them, and report what was done and noticed.

        Bars that are stored already are left alone if they are the same; others raise BadData unless `replace`.
        Bars that must not be stored raise BadData unless `fix` (see `checking.checked`). `calendar` is the
        symbol's own unless given; another than the stored series has raises BadValue.
        """
        return import_into(
            self._store, raw, symbol, _timeframe(timeframe), adjust=adjust, calendar=_calendar(calendar), replace=replace, fix=fix
        )

    def symbols(self) -> list[str]:
        """Return the symbols of which bars are stored."""
        return stored_symbols(self._store)

    def timeframes(self, symbol: str) -> list[str]:
        """Return the timeframes in which bars of a symbol are stored, shortest first."""
        return stored_timeframes(self._store, symbol)

    def series(self) -> list[SeriesCoverage]:
        """Return what is stored, by symbol and timeframe."""
        return [self.coverage(symbol, text) for symbol in stored_symbols(self._store) for text in stored_timeframes(self._store, symbol)]

    def coverage(self, symbol: str, timeframe: Timeframe | str) -> SeriesCoverage:
        """Return what is stored of one series. Raises UnknownName."""
        manifest = self._manifest(symbol, _timeframe(timeframe))
        return SeriesCoverage(
            symbol=symbol,
            timeframe=manifest.timeframe,
            calendar=manifest.calendar,
            adjusted=manifest.adjusted,
            first=from_microseconds(manifest.files[0].first),
            last=from_microseconds(manifest.files[-1].last),
            bars=manifest.rows,
            gaps=manifest.gaps,
            files=len(manifest.files),
        )

    def pin(
        self,
        symbols: Sequence[str],
        timeframe: Timeframe | str,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        warmup: int = 0,
    ) -> DataPin:
        """Hold on to the bars with start ≤ bar start < end, and up to `warmup` bars before, of each symbol.

        `start` and `end` may lie beyond what is stored. Raises UnknownName for a symbol, or a timeframe of it, that
        is not stored, NoBars if one has no bars in the range, BadValue if end ≤ start.
        """
        if start is not None and end is not None and _utc(end) <= _utc(start):
            raise BadValue("end", end.isoformat(), f"a time after start {start.isoformat()}")
        first = None if start is None else to_microseconds(_utc(start))
        until = _FOREVER if end is None else to_microseconds(_utc(end))
        series = tuple(self._pin(self._manifest(symbol, _timeframe(timeframe)), first, until, warmup) for symbol in symbols)
        return DataPin(
            series=series,
            fingerprint=joint_fingerprint([pin.fingerprint for pin in series]),
            bars=sum(pin.bars for pin in series),
        )

    def load(self, pin: SeriesPin) -> Bars:
        """Return the pinned bars, warm-up included. Raises NotFound if one of the files is gone."""
        starts: Ints = np.empty(pin.rows, np.int64)
        prices = {name: np.empty(pin.rows) for name in NAMES[1:]}
        filled = 0
        for name in pin.files:
            part = self._read(name)
            rows = slice(*np.searchsorted(part.starts, [pin.from_us, pin.to_us]))
            into = slice(filled, filled + rows.stop - rows.start)
            filled = into.stop
            if filled > pin.rows:
                break
            starts[into] = part.starts[rows]
            for column, values in prices.items():
                values[into] = part.column(column)[rows]
        if filled != pin.rows:
            what = f"The stored {pin.timeframe} bars of {pin.symbol}"
            raise Unusable(f"{what} are damaged: {filled} rows where {pin.rows} were. Import them again with --replace.")
        timeframe = Timeframe(pin.timeframe)
        times = bar_columns(starts, timeframe, pin.calendar)
        return Bars(
            symbol=pin.symbol,
            timeframe=timeframe,
            calendar=pin.calendar,
            starts=times.starts,
            ends=times.ends,
            sessions=times.sessions,
            calendar_sessions=times.calendar_sessions,
            **prices,
        )

    def export(
        self, symbol: str, timeframe: Timeframe | str, path: Path | str, *, start: datetime | None = None, end: datetime | None = None
    ) -> int:
        """Write bars to a .csv, .csv.gz or .parquet file that `import_file` reads back the same, and return how many."""
        return write_bars(self.load(self.pin([symbol], timeframe, start=start, end=end).series[0]), Path(path))

    def compact(self, in_use: Collection[str], *, older_than: timedelta = timedelta(days=1)) -> list[str]:
        """Delete files of bars that were replaced, or left behind by a killed import, and return their names.

        Those in `in_use` (the files that open runs have pinned) stay, and all that are younger than `older_than`,
        since a run may be pinning them just now. In an object store, which has no locks, compact while nothing is imported.
        """
        return compact(self._store, in_use, before=datetime.now(UTC) - older_than)

    def _manifest(self, symbol: str, timeframe: Timeframe) -> Manifest:
        manifest = read_manifest(self._store, series_folder(symbol, timeframe))
        if manifest is not None:
            return manifest
        timeframes = stored_timeframes(self._store, symbol)
        if timeframes:
            raise UnknownName("timeframe", timeframe.text, timeframes)
        raise UnknownName("symbol", symbol, stored_symbols(self._store))

    def _pin(self, manifest: Manifest, first: int | None, until: int, warmup: int) -> SeriesPin:
        files = manifest.files
        start = files[0].first if first is None else first
        at = next((number for number, file in enumerate(files) if file.last >= start), len(files))
        end = sum(file.first < until for file in files)
        if at >= end:
            raise _no_bars(manifest, first, until)
        before = int(np.searchsorted(self._starts(files[at]), start))
        while before < warmup and at > 0:
            at -= 1
            before += files[at].rows
        skipped = max(0, before - warmup)
        digest = SeriesFingerprint(manifest.symbol, manifest.timeframe, manifest.calendar)
        warm = min(before, warmup)
        rows, from_us, first_us, last_us = 0, 0, 0, 0
        for file in files[at:end]:
            part = self._read(file.name)
            chosen = slice(skipped, int(np.searchsorted(part.starts, until)))
            skipped = 0
            digest.add(part, chosen)
            starts = part.starts[chosen]
            if len(starts):
                from_us = from_us if rows else int(starts[0])
                last_us = int(starts[-1])
            if rows <= warm < rows + len(starts):
                first_us = int(starts[warm - rows])
            rows += len(starts)
        if rows <= warm:
            raise _no_bars(manifest, first, until)
        return SeriesPin(
            symbol=manifest.symbol,
            timeframe=manifest.timeframe,
            calendar=manifest.calendar,
            files=tuple(file.name for file in files[at:end]),
            from_us=from_us,
            first_us=first_us,
            to_us=last_us + 1,
            rows=rows,
            bars=rows - warm,
            fingerprint=digest.hexdigest(),
        )

    def _starts(self, file: BarFile) -> Ints:
        return read_columns(self._store.open(file.name), ["starts"])["starts"]

    def _read(self, name: str) -> BarColumns:
        return BarColumns(**read_columns(self._store.open(name), NAMES))


def _timeframe(timeframe: Timeframe | str) -> Timeframe:
    return Timeframe(timeframe) if isinstance(timeframe, str) else timeframe


def _calendar(calendar: Calendar | str | None) -> Calendar | None:
    if calendar is None:
        return None
    try:
        return Calendar(calendar)
    except ValueError:
        raise UnknownName("calendar", calendar, list(Calendar)) from None


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _no_bars(manifest: Manifest, first: int | None, until: int) -> NoBars:
    asked = f"from {_day(manifest.files[0].first if first is None else first)}" + (f" to {_day(until)}" if until < _FOREVER else " on")
    stored = f"{_day(manifest.files[0].first)} to {_day(manifest.files[-1].last)} ({manifest.rows} bars)"
    return NoBars(f"No {manifest.timeframe} bars of {manifest.symbol} {asked}. Stored: {stored}.")


def _day(microseconds: int) -> str:
    time = from_microseconds(microseconds).isoformat().replace("+00:00", "Z")
    return time.removesuffix("T00:00:00Z")
