"""Fills series of the catalogue from a venue: only what the calendar has and the catalogue lacks, piece by piece."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from weaver.broker import MarketBar
from weaver.errors import BadValue, NotFound, RateLimited
from weaver.glados.clock import bar_columns
from weaver.glados.schedule import bar_starts, stored_start
from weaver.market import DAY, MICROSECONDS, Calendar, Ints, Timeframe, from_microseconds, to_microseconds
from weaver.veda.exchange import Exchange
from weaver.walle.bars import Catalogue
from weaver.walle.columns import NAMES, BarColumns
from weaver.walle.manifests import read_manifest, series_folder
from weaver.walle.parquet import read_columns
from weaver.walle.reading import RawBars
from weaver.walle.store import Store

PIECE = 10_000
"""Bars asked for at once, and stored before the next are asked for: what an interrupted fetch loses at most."""
_APART = 100  # bars that are there already between two that are not: asked for again rather than in two requests
_SETTLED = timedelta(hours=1)
"""A bar that a venue does not have this long after it began will not come: until then it may only be late."""
_MOST_WAITS = 10  # for a venue that asks to wait, at one piece


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchReport:
    """What a fetch did. `due` bars are those of the calendar in the range, complete by now; `had` of them were stored before,
    `added` were fetched, `dropped` were impossible and left out, and `absent` are those that the venue does not have.
    `requests` counts the questions. `mixed` warns that the series was adjusted for dividends and what was added is not.
    """

    symbol: str
    timeframe: str
    calendar: Calendar
    start: datetime
    end: datetime
    due: int
    had: int
    added: int = 0
    dropped: int = 0
    requests: int = 0
    mixed: bool = False

    @property
    def absent(self) -> int:
        return self.due - self.had - self.added - self.dropped


Progress = Callable[[int, int], None]
"""Is told how many of the bars that were missing have been dealt with, of how many."""


class Fetching:
    """Brings bars from a connected exchange into the catalogue in `store`.

    `source` names where they come from (adapter and feed). What a source was asked for and does not have is remembered beside
    the series, so that it is not asked for again.
    """

    def __init__(self, store: Store, exchange: Exchange, *, source: str) -> None:
        self._store = store
        self._catalogue = Catalogue(store)
        self._exchange = exchange
        self._source = source

    def last_start(self, symbol: str, timeframe: Timeframe) -> datetime | None:
        """Return the start of the newest stored bar; None when none is stored."""
        manifest = read_manifest(self._store, series_folder(symbol, timeframe))
        return from_microseconds(manifest.files[-1].last) if manifest is not None and manifest.files else None

    async def fetch(
        self, symbol: str, timeframe: Timeframe, *, start: datetime, end: datetime, now: datetime, progress: Progress | None = None
    ) -> FetchReport:
        """Store the bars with start ≤ bar start < end that are complete at `now` and that are not stored.

        Bars that the calendar does not have (before the open, after the close) are left out, as live runs leave them out. Raises
        BadValue if end ≤ start, and what the exchange raises; the pieces that came before stay stored.
        """
        if end <= start:
            raise BadValue("end", end.isoformat(), f"a time after start {start.isoformat()}")
        folder = series_folder(symbol, timeframe)
        manifest = read_manifest(self._store, folder)
        calendar = manifest.calendar if manifest is not None else Calendar.of(symbol)
        due = bar_starts(symbol, timeframe, start, end, calendar_of=lambda _: calendar)
        due = due[bar_columns(due, timeframe, calendar).ends <= to_microseconds(now)]
        stored = self._stored(folder)
        missing = np.setdiff1d(due, stored)
        report = FetchReport(
            symbol=symbol,
            timeframe=timeframe.text,
            calendar=calendar,
            start=start,
            end=end,
            due=len(due),
            had=len(due) - len(missing),
        )
        wanted = missing[~_inside(missing, self._asked(folder))]
        done = 0
        for piece in _pieces(wanted, due):
            bars = await self._ask(symbol, timeframe, piece)
            report = replace(report, requests=report.requests + 1)
            if bars is not None:
                stored_now = self._catalogue.import_bars(bars, symbol, timeframe, calendar=calendar, fix=True)
                report = replace(
                    report,
                    added=report.added + stored_now.added,
                    dropped=report.dropped + stored_now.impossible_dropped,
                    mixed=report.mixed or stored_now.mixed,
                )
            self._remember(folder, int(piece[0]), min(int(piece[-1]) + 1, to_microseconds(now - _SETTLED)))
            done += len(piece)
            if progress is not None:
                progress(done, len(wanted))
        return report

    async def _ask(self, symbol: str, timeframe: Timeframe, piece: Ints) -> RawBars | None:
        """Return those bars of a piece that the venue has, None if it has none."""
        # Days are stamped later than they are stored. Otherwise not a whole bar more, which could be one too many for a page.
        beyond = DAY if timeframe.is_daily_or_longer else MICROSECONDS
        first, until = from_microseconds(piece[0]), from_microseconds(piece[-1] + beyond)
        for wait in range(_MOST_WAITS + 1):
            try:
                answer = await self._exchange.bars([symbol], timeframe, first, until)
            except RateLimited as problem:
                if wait == _MOST_WAITS:
                    raise
                await asyncio.sleep(problem.wait_seconds)
            else:
                return _raw(answer.get(symbol, []), timeframe, piece)
        raise AssertionError("the last try returns or raises")

    def _stored(self, folder: str) -> Ints:
        manifest = read_manifest(self._store, folder)
        files = manifest.files if manifest is not None else ()
        parts = [read_columns(self._store.open(file.name), ["starts"])["starts"] for file in files]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def _asked(self, folder: str) -> list[tuple[int, int]]:
        """Return the ranges of bar starts, in UTC microseconds, in which the source has no more than what is stored."""
        return [(begins, ends) for begins, ends in self._ranges(folder).get(self._source, [])]

    def _remember(self, folder: str, begins: int, ends: int) -> None:
        if ends <= begins:
            return
        name = _memory(folder)
        with self._store.alone(name):
            ranges = self._ranges(folder)
            known = sorted([*ranges.get(self._source, []), [begins, ends]])
            joined = known[:1]
            for first, last in known[1:]:
                if first <= joined[-1][1]:
                    joined[-1] = [joined[-1][0], max(joined[-1][1], last)]
                else:
                    joined.append([first, last])
            ranges[self._source] = joined
            self._store.write(name, json.dumps(ranges).encode())

    def _ranges(self, folder: str) -> dict[str, list[list[int]]]:
        try:
            return json.loads(self._store.read(_memory(folder)))
        except NotFound:
            return {}


def _memory(folder: str) -> str:
    return f"{folder}/fetched.json"


def _inside(starts: Ints, ranges: Sequence[tuple[int, int]]) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    inside = np.zeros(len(starts), bool)
    for begins, ends in ranges:
        inside |= (starts >= begins) & (starts < ends)
    return inside


def _pieces(wanted: Ints, due: Ints) -> Iterator[Ints]:
    """Cut the wanted starts where much is stored in between, and where a request would become too long."""
    if not len(wanted):
        return
    places = np.searchsorted(due, wanted)
    for run in np.split(np.arange(len(wanted)), np.flatnonzero(np.diff(places) > _APART) + 1):
        begun = places[run[0]]
        numbers = (places[run] - begun) // PIECE
        for piece in np.split(run, np.flatnonzero(np.diff(numbers)) + 1):
            yield wanted[piece]


def _raw(bars: Sequence[MarketBar], timeframe: Timeframe, piece: Ints) -> RawBars | None:
    """Return those bars that were missing as rows of an import."""
    by_start = {to_microseconds(stored_start(timeframe, bar.start)): bar for bar in bars}
    starts = np.intersect1d(np.fromiter(by_start, np.int64, len(by_start)), piece)
    if not len(starts):
        return None
    rows = [by_start[start] for start in starts.tolist()]
    columns = {name: np.array([float(getattr(bar, name)) for bar in rows]) for name in NAMES[1:]}
    return RawBars(bars=BarColumns(starts=starts, **columns), rows=np.arange(1, len(rows) + 1, dtype=np.int64))
