"""One streaming connection for all who listen: it lives in a thread of its own, and nothing it says is lost on the way to them."""

import asyncio
import logging
import threading
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from weaver.broker import StreamDown, StreamUp
from weaver.errors import Refused, Unavailable
from weaver.veda.alpaca_parts.rows import Row

log = logging.getLogger(__name__)

JOIN_SECONDS = 4
"""How long the end of a connection's thread is waited for."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The connection is over for good, with an error or by wish."""

    error: Refused | Unavailable | None = None


Item = Row | StreamUp | StreamDown | Ended


class Connection(Protocol):
    """The stream in its thread, on that thread's event loop."""

    @abstractmethod
    async def serve(self) -> None:
        """Stay connected until cancelled, or refused."""

    @abstractmethod
    async def hang_up(self) -> None:
        """Close what is open."""

    @abstractmethod
    async def want(self, symbols: frozenset[str]) -> None:
        """Subscribe to exactly these symbols."""


class Listener:
    """One who listens, on their own event loop. `symbols` is empty where a stream has none; with `beside`, what is told comes
    out at that other listener."""

    def __init__(self, symbols: Iterable[str] = (), *, beside: "Listener | None" = None) -> None:
        self.symbols = frozenset(symbols)
        self.is_up = False
        self._loop = asyncio.get_running_loop()
        self._items: asyncio.Queue[Item] = asyncio.Queue() if beside is None else beside._items

    def tell(self, item: Item) -> None:
        """Hand over an item, from any thread."""
        try:
            self._loop.call_soon_threadsafe(self._items.put_nowait, item)
        except RuntimeError:
            log.debug("The loop of a listener is closed; nobody is there to be told.")

    async def items(self) -> AsyncIterator[Row | StreamUp | StreamDown]:
        """Yield what is said until the connection is over. Raises what ended it."""
        while True:
            item = await self._items.get()
            if not isinstance(item, Ended):
                yield item
            elif item.error is not None:
                raise item.error
            else:
                return


class Feed:
    """Opens the connection when the first listener joins and closes it when the last one leaves: Alpaca allows one an account."""

    def __init__(self, name: str, make: "Callable[[Feed], Connection]") -> None:
        self._name = name
        self._make = make
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()  # listeners come and go on their loops, messages come on the connection's
        self._subscribed: frozenset[str] | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._connection: Connection | None = None

    def join(self, listener: Listener) -> None:
        """Take a listener in, who is told StreamUp when the connection stands and their symbols are subscribed to."""
        with self._lock:
            self._listeners.append(listener)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=f"alpaca-{self._name}", daemon=True)
                self._thread.start()
            self._raise_up()
        self._update_symbols()

    async def leave(self, listener: Listener) -> None:
        """Tell a listener nothing more; after the last one the connection ends."""
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)
            is_last = not self._listeners
        if is_last:
            await self.close()
        else:
            self._update_symbols()

    async def close(self) -> None:
        """End the connection and all who listen, within JOIN_SECONDS."""
        with self._lock:
            thread = self._thread
            self._end(Ended())
            if self._loop is not None and self._stop is not None:
                self._loop.call_soon_threadsafe(self._stop.set)
            self._let_go()
        if thread is not None:
            await asyncio.to_thread(thread.join, JOIN_SECONDS)

    def symbols(self) -> frozenset[str]:
        """Return what anybody wants to hear of."""
        return frozenset().union(*(listener.symbols for listener in self._listeners))

    def say(self, row: Row, symbol: str | None = None) -> None:
        """Tell a message to those who want it."""
        with self._lock:
            for listener in self._listeners:
                if symbol is None or symbol in listener.symbols:
                    listener.tell(row)

    def up(self, subscribed: Iterable[str]) -> None:
        """Tell that the connection stands, and which symbols are subscribed to."""
        with self._lock:
            self._subscribed = frozenset(subscribed)
            self._raise_up()

    def down(self, reason: str) -> None:
        """Tell those who were told that the connection stands that it does not."""
        with self._lock:
            self._subscribed = None
            for listener in self._listeners:
                if listener.is_up:
                    listener.is_up = False
                    listener.tell(StreamDown(reason))

    def refused(self, error: Refused) -> None:
        """End all who listen with an error that trying again does not mend. Whoever joins later gets a connection of their own."""
        with self._lock:
            self._end(Ended(error))
            self._let_go()

    def _raise_up(self) -> None:
        for listener in self._listeners:
            if not listener.is_up and self._subscribed is not None and listener.symbols <= self._subscribed:
                listener.is_up = True
                listener.tell(StreamUp())

    def _end(self, end: Ended) -> None:
        self._subscribed = None
        for listener in self._listeners:
            listener.tell(end)
        self._listeners.clear()

    def _update_symbols(self) -> None:
        with self._lock:
            if self._loop is not None and self._connection is not None:
                asyncio.run_coroutine_threadsafe(self._connection.want(self.symbols()), self._loop)

    def _run(self) -> None:
        asyncio.run(self._main())

    async def _main(self) -> None:
        with self._lock:
            if self._thread is not threading.current_thread():
                return  # closed before it began
            self._loop, stop = asyncio.get_running_loop(), asyncio.Event()
            self._stop = stop
            connection = self._connection = self._make(self)
        await connection.want(self.symbols())
        serving = asyncio.create_task(connection.serve())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        problem = serving.exception() if serving.done() and not serving.cancelled() else None
        if problem is not None:
            log.error("The stream '%s' broke.", self._name, exc_info=problem)
        await _cancelled(serving)
        await _cancelled(stopping)
        with self._lock:
            if self._connection is connection:  # nobody closed it: those who listen must not wait for ever
                self._end(Ended(Unavailable(f"Alpaca's stream '{self._name}' ended by itself.")))
                self._let_go()
        await connection.hang_up()

    def _let_go(self) -> None:
        self._thread = self._loop = self._stop = self._connection = None


async def _cancelled(task: "asyncio.Task[Any]") -> None:
    """Cancel a task until it is over: in Python 3.11 `asyncio.wait_for`, which the SDK uses, may swallow a cancellation."""
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=0.1)
