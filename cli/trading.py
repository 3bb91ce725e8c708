"""Start a paper or live run on a server, and watch it trade until it ends. Loads Temporal's SDK."""

import asyncio
import signal
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

from rich.status import Status
from rich.text import Text
from temporalio.client import Client

from cli.context import has_records
from cli.render import err, money, say
from cli.running import looking_for_a_worker
from cli.stack import Server
from cli.trading_news import RunNews
from weaver.documents.values import decimal_text
from weaver.errors import NotAllowed, NotFound, Unavailable
from weaver.glados.requests import RunCreate
from weaver.settings import Settings
from weaver.walle.database import Database
from weaver.walle.run_money import TradingRecords
from workflows.client import connect, result, state, stop
from workflows.inputs import RunResult, RunState, StopRequest
from workflows.trading_client import start_trading

LOOK_SECONDS = 0.5
ASK_SECONDS = 1.0
PATIENCE_SECONDS = 60.0
"""How long a server that has gone away is waited for."""


async def start(where: Server, request: RunCreate) -> str:
    """Start a paper or live run and return its id."""
    return await start_trading(await connect(where.address, where.namespace), request)


@dataclass(slots=True)
class Watching:
    """A run as it is watched: its id once it has one, and what Ctrl-C has asked for so far."""

    run_id: str | None = None
    stop_asked: bool = False
    left: bool = False


async def trade_to_end(where: Server, request: RunCreate, settings: Settings, watching: Watching) -> RunResult | None:
    """Start a run, show it live on stderr, and return what it came to; None when the person left before its end.

    The first Ctrl-C asks the run to stop as its `at_end` says and goes on watching; the second one leaves it alone.
    """
    client = await connect(where.address, where.namespace)
    run_id = watching.run_id = await start_trading(client, request)
    say(f"Run {run_id} trades {', '.join(request.symbols)} on {request.account}. Ctrl-C stops it, at the end: {request.at_end}.")
    if request.start_paused:
        say(f"It is prepared only, and trades from here on: weaver runs start {run_id}")
    async with looking_for_a_worker(client, say), _ctrl_c(client, run_id, watching) as leaving:
        with _status(f"{request.strategy} on {', '.join(request.symbols[:3])}: starting") as show, _records(settings) as records:
            return await _watch(client, run_id, request, records, show, leaving)


async def _watch(
    client: Client,
    run_id: str,
    request: RunCreate,
    records: "_Records",
    show: Callable[[str], None],
    leaving: asyncio.Event,
) -> RunResult | None:
    news = RunNews(run_id)
    ended = asyncio.create_task(_result(client, run_id))
    gone = asyncio.create_task(leaving.wait())
    asked = 0.0
    try:
        while True:
            await asyncio.wait({ended, gone}, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if leaving.is_set():
                return None
            over = ended.done()  # before the look, so that the last look is after the end
            for line in await asyncio.to_thread(records.lines, news):
                say(line)
            if over:
                return ended.result()
            if err.is_terminal and time.monotonic() - asked >= ASK_SECONDS:
                asked = time.monotonic()
                with suppress(Unavailable, NotFound):
                    show(_described(await state(client, run_id), request))
    finally:
        for task in (ended, gone):
            task.cancel()


async def _result(client: Client, run_id: str) -> RunResult:
    """Return what the run came to. A server that goes away, as when it is started again, is waited for."""
    missing_since: float | None = None
    while True:
        began = time.monotonic()
        try:
            return await result(client, run_id)
        except Unavailable:
            now = time.monotonic()
            if missing_since is None or now - began > PATIENCE_SECONDS / 2:
                missing_since = now
            if now - missing_since > PATIENCE_SECONDS:
                raise
            await asyncio.sleep(LOOK_SECONDS)


@asynccontextmanager
async def _ctrl_c(client: Client, run_id: str, watching: Watching) -> AsyncGenerator[asyncio.Event, None]:
    """Take the first Ctrl-C as the wish to stop the run, the second as the wish to leave; gives what the second one sets."""
    leaving = asyncio.Event()
    stops: list[asyncio.Task[None]] = []

    def interrupted() -> None:
        if watching.stop_asked:
            watching.left = True
            leaving.set()
            return
        watching.stop_asked = True
        say("Stopping the run. Ctrl-C again leaves without waiting for it.")
        stops.append(asyncio.create_task(_stop(client, run_id)))

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, interrupted)
    try:
        yield leaving
    finally:
        loop.remove_signal_handler(signal.SIGINT)
        if stops:  # who leaves does not wait for the run's end; but that it is to stop is told
            await asyncio.wait(stops)


async def _stop(client: Client, run_id: str) -> None:
    try:
        await stop(client, run_id, StopRequest())
    except NotAllowed:
        return  # it has come to its end meanwhile
    except (NotFound, Unavailable) as problem:
        say(f"{problem} It is not stopped.")


def _described(now: RunState, request: RunCreate) -> str:
    """Return a run's present state as one line."""
    parts = [f"{request.strategy} on {', '.join(request.symbols[:3])}", now.status.value]
    if now.progress.equity is not None:
        parts.append(f"equity {money(now.progress.equity)}")
    if now.live:
        parts += [f"{decimal_text(quantity)} {symbol}" for symbol, quantity in list(now.live.positions.items())[:3]]
        if now.live.working_orders:
            parts.append(f"{len(now.live.working_orders)} working")
        if now.live.pause_reason:
            parts.append(now.live.pause_reason)
        if now.live.next_tick:
            parts.append(f"next bar ends {now.live.next_tick:%H:%M:%S}Z")
    return " | ".join(parts)


@contextmanager
def _status(text: str) -> Generator[Callable[[str], None], None, None]:
    """Give what writes the line at the bottom of the terminal; where there is none nothing is written."""
    if not err.is_terminal:
        yield lambda _text: None
        return
    with Status(Text(text), console=err) as line:
        yield lambda text: line.update(Text(text))


class _Records:
    """WallE, opened once there is something to open: a worker elsewhere may be the first to write."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._database: Database | None = None
        self._records: TradingRecords | None = None

    def lines(self, news: RunNews) -> list[str]:
        """Return what is new."""
        if self._records is None:
            if not has_records(self._settings):
                return []
            self._database = Database.open(self._settings.database_url)
            self._records = TradingRecords.of(self._database)
        return news.lines(self._records)

    def close(self) -> None:
        if self._database is not None:
            self._database.close()


@contextmanager
def _records(settings: Settings) -> Generator[_Records, None, None]:
    records = _Records(settings)
    try:
        yield records
    finally:
        records.close()
