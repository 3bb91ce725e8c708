"""`weaver data fetch`: bars from an adapter into the catalogue."""

import asyncio
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.context import AsJson, check_home, read_settings
from cli.render import emit, err, say, short_time, show
from cli.requests import parse_time
from weaver.documents.values import time_text
from weaver.environment import Environment
from weaver.errors import BadValue
from weaver.glados.requests import SIMULATED
from weaver.market import Timeframe
from weaver.settings import Settings
from weaver.veda.clocks import SystemClock
from weaver.veda.exchange import AdapterMeta, Exchange, Mode
from weaver.veda.library import AdapterLibrary, missing_variables
from weaver.walle.bars import Catalogue
from weaver.walle.database import Database
from weaver.walle.fetching import Fetching, FetchReport
from weaver.walle.simulated import Simulations
from weaver.walle.store import open_store

_FEED = "_DATA_FEED"


def add_to(group: typer.Typer) -> None:
    """Add `fetch` to the group `data`."""
    group.command("fetch")(fetch)


def fetch(
    symbols: Annotated[list[str], typer.Argument(help="Symbols, such as AAPL or BTC/USD.", show_default=False)],
    adapter: Annotated[str, typer.Option(help="Where the bars come from: alpaca, simulated, or a file in plugins/adapters.")] = "alpaca",
    timeframe: Annotated[str, typer.Option(help="Length of a bar: 1m, 15m, 1h, 1d ...")] = "1d",
    start: Annotated[str | None, typer.Option(help="First bar start; by default the newest stored bar's.", show_default=False)] = None,
    end: Annotated[str | None, typer.Option(help="First bar start that is left out; by default now.", show_default=False)] = None,
    feed: Annotated[str | None, typer.Option(help="The adapter's feed of prices: iex or sip at Alpaca.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Store the bars of some symbols that are not stored yet. Interrupted, it goes on where it was the next time.

    Only bars of the exchange's sessions are kept. Crypto at Alpaca needs no keys; equities need ALPACA_PAPER_API_KEY and
    ALPACA_PAPER_API_SECRET.

    Example: weaver data fetch BTC/USD --timeframe 1m --start 2026-01-01
    """
    settings = read_settings()
    if settings.bars_url is None:
        check_home(settings)
    wish = _Wish(Timeframe(timeframe), parse_time("start", start), parse_time("end", end))
    with _exchange(settings, adapter, feed) as (exchange, source):
        fetching = Fetching(open_store(settings.bars_location), exchange, source=source)
        reports = asyncio.run(_fetch_all(fetching, exchange, list(dict.fromkeys(symbols)), wish))
    if as_json:
        emit([_document(report) for report in reports])
        return
    for report in reports:
        _show(report)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is wanted of each symbol. No start: from the newest stored bar on; no end: until now."""

    timeframe: Timeframe
    start: datetime | None
    end: datetime | None

    def begins(self, symbol: str, fetching: Fetching) -> datetime:
        start = self.start or fetching.last_start(symbol, self.timeframe)
        if start is None:
            raise BadValue("start", None, f"a time such as 2024-01-01, since no {self.timeframe} bars of {symbol} are stored to go on from")
        return start


@contextmanager
def _exchange(settings: Settings, adapter: str, feed: str | None) -> Generator[tuple[Exchange, str]]:
    """Give an exchange that is asked for bars only, and the name of what it is."""
    library = AdapterLibrary.open(settings.adapter_folders)
    meta = library.meta(adapter)
    environment, source = _with_feed(meta, feed)
    # Either mode's keys open the same prices.
    usable: list[Mode] = [mode for mode in meta.modes if not missing_variables(meta, mode, environment)]
    mode = usable[0] if usable else meta.modes[0]
    with _simulated_store(settings, adapter) as store:
        yield library.open_exchange(adapter, mode, environment=environment, clock=SystemClock(), store=store, trading=False), source


def _with_feed(meta: AdapterMeta, feed: str | None) -> tuple[Mapping[str, str], str]:
    """Return the environment with the feed asked for, and the source's name."""
    option = next((name for name in meta.options if name.endswith(_FEED)), None)
    if feed is not None and option is None:
        raise BadValue("--feed", feed, f"no feed, since adapter '{meta.id}' has only one")
    given = {**os.environ, option: feed} if feed is not None and option is not None else os.environ
    environment = Environment(given)
    chosen = environment.get(option, "") if option is not None else ""
    return environment, f"{meta.id} {chosen}".strip()


@contextmanager
def _simulated_store(settings: Settings, adapter: str) -> Generator[Simulations | None]:
    """Give the simulated exchange the store that it keeps its account in, others nothing."""
    if adapter != SIMULATED:
        yield None
        return
    check_home(settings)
    database = Database.open(settings.database_url)
    try:
        yield Simulations(database, Catalogue.open(settings.bars_location))
    finally:
        database.close()


async def _fetch_all(fetching: Fetching, exchange: Exchange, symbols: Sequence[str], wish: _Wish) -> list[FetchReport]:
    await exchange.connect(trading=False)
    try:
        with _bar() as bar:
            return [await _fetch_one(fetching, symbol, wish, _advance(bar, symbol)) for symbol in symbols]
    finally:
        await exchange.disconnect()


async def _fetch_one(fetching: Fetching, symbol: str, wish: _Wish, progress: Callable[[int, int], None]) -> FetchReport:
    now = await SystemClock().now()
    start = wish.begins(symbol, fetching)
    return await fetching.fetch(symbol, wish.timeframe, start=start, end=wish.end or now, now=now, progress=progress)


def _advance(bar: Progress, symbol: str) -> Callable[[int, int], None]:
    task = bar.add_task(symbol, total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=40),
        TextColumn("{task.percentage:>3.0f} %"),
        MofNCompleteColumn(),
        TextColumn("bars"),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )


def _document(report: FetchReport) -> dict[str, object]:
    times = {"start": time_text(report.start), "end": time_text(report.end)}
    return {**asdict(report), **times, "calendar": report.calendar.value, "absent": report.absent}


def _show(report: FetchReport) -> None:
    span = f"{short_time(report.start)} to {short_time(report.end)}"
    show(f"{report.symbol} {report.timeframe} ({report.calendar.value}), {span}", style="bold")
    show(f"{report.added:,} bars added, {report.had:,} stored before, {report.absent:,} that the venue does not have, of {report.due:,}")
    if report.dropped:
        show(f"{report.dropped:,} impossible bars dropped")
    if report.mixed:
        say(f"Careful: the stored {report.timeframe} bars of {report.symbol} are adjusted for dividends, the added ones are not.")
