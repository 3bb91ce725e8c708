"""The line to the venue's REST API: each request is sent once, in a thread, within time limits, and its failure is named.

Alpaca's SDK repeats every request on 429 and 504, orders included, and never times out; here both are undone.
"""

import asyncio
import ssl
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from typing import Any, TypeVar

import requests
from alpaca.common.exceptions import APIError
from alpaca.common.rest import RESTClient
from alpaca.data.historical import CryptoHistoricalDataClient, StockHistoricalDataClient
from alpaca.trading.client import TradingClient
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from weaver import telemetry
from weaver.errors import NotConnected, Refused, Unavailable, WeaverError
from weaver.veda.alpaca_parts.failures import Failure, meaning, outcome_open
from weaver.veda.alpaca_parts.rows import Garbled
from weaver.veda.alpaca_parts.settings import Settings, Timing
from weaver.veda.limiter import Limiter

Found = TypeVar("Found")

THREADS = 4
"""Requests at a time; a cancel has a thread of its own besides."""


class Door(Enum):
    """Which of the venue's APIs a request goes to. The market data doors share a host and a rate limit."""

    TRADING = "trading"
    STOCKS = "stocks"
    CRYPTO = "crypto"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request. `path` is without the version; `fields` are query parameters, or the JSON body of a POST."""

    door: Door
    path: str
    fields: Mapping[str, object] = field(default_factory=dict[str, object])
    method: str = "GET"

    @property
    def changes(self) -> bool:
        return self.method != "GET"

    @property
    def kind(self) -> str:
        """Method and what it is about, without ids."""
        return f"{self.method} /{self.path.strip('/').split('/')[0]}"

    @property
    def what(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(slots=True)
class _Answer:
    """What came of a request in its thread. Errors are carried, not raised, so that none of them is another's context:
    the SDK's and the HTTP library's hold the request with its keys."""

    body: object = None
    failure: Failure | None = None
    error: WeaverError | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class _Timed(HTTPAdapter):
    """Gives each request time limits; the session has no setting for them."""

    def __init__(self, timing: Timing) -> None:
        super().__init__(max_retries=0)
        self._limits = (timing.connect, timing.read)

    def send(self, *passed: Any, **named: Any) -> requests.Response:
        return super().send(*passed, **{**named, "timeout": self._limits})


class _Once(RESTClient):
    """A client of the SDK that sends each request once and within limits, and tells of every answer's head."""

    def prepare(self, timing: Timing, seen: Callable[[requests.Response], None]) -> requests.Session:
        """Undo the SDK's repeats and set time limits; return the session, which the caller closes."""
        self._retry = 0
        self._retry_codes = []
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Timed(timing))

        def hook(answer: requests.Response, **_: object) -> None:
            seen(answer)

        self._session.hooks["response"].append(hook)
        return self._session


class _Trading(_Once, TradingClient):
    pass


class _Stocks(_Once, StockHistoricalDataClient):
    pass


class _Crypto(_Once, CryptoHistoricalDataClient):
    pass


class Line:
    """Sends requests for one account. Needs an event loop; `close` ends it for good."""

    def __init__(self, settings: Settings, timing: Timing) -> None:
        self._settings = settings
        self._timing = timing
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="alpaca")
        self._urgent_thread = ThreadPoolExecutor(1, thread_name_prefix="alpaca-urgent")
        self._own = threading.local()  # a requests session is not for several threads
        self._sessions: list[requests.Session] = []
        self._lock = threading.Lock()
        self._closed = False
        trading, data = Limiter(patience=timing.patience), Limiter(patience=timing.patience)
        self._limiters = {Door.TRADING: trading, Door.STOCKS: data, Door.CRYPTO: data}

    async def send(self, request: Request, *, urgent: bool = False) -> object:
        """Send once and return the JSON of the answer, None for an empty one.

        Raises NotFound for a 404, otherwise what `weaver.veda.exchange` lists; MissingCredentials without keys, but for
        crypto's market data.
        """
        if request.door is not Door.CRYPTO:
            self._settings.require_keys()
        limiter = self._limiters[request.door]
        await limiter.enter(urgent=urgent)
        if self._closed:
            raise NotConnected("The adapter 'alpaca' was disconnected.")
        threads = self._urgent_thread if urgent else self._threads
        with telemetry.call(request.kind, **{"http.request.method": request.method, "url.path": request.path}) as call:
            answer = await asyncio.get_running_loop().run_in_executor(threads, partial(self._send, request))
            if answer.failure is not None:
                call.answered(answer.failure.status)
        limiter.observe(answer.headers)
        if answer.error is not None:
            raise answer.error
        if answer.failure is not None:
            wait = limiter.refused(answer.headers) if answer.failure.status == 429 else 0
            names = self._settings.key_names
            raise meaning(answer.failure, what=request.what, changes=request.changes, wait_seconds=wait, key_names=names)
        return answer.body

    async def read(self, request: Request, make: Callable[[object], Found]) -> Found:
        """Send as `send` does and return what `make` makes of the answer. One that cannot be read is no answer."""
        body = await self.send(request)
        try:
            return make(body)
        except Garbled as problem:
            raise outcome_open(f"{request.what}: Alpaca's answer cannot be read: {problem}", changes=request.changes) from problem

    def close(self) -> None:
        """Let go of threads and connections; a second call does nothing. Requests on their way end by themselves."""
        self._closed = True
        self._threads.shutdown(wait=False)
        self._urgent_thread.shutdown(wait=False)
        with self._lock:
            for session in self._sessions:
                session.close()

    def _send(self, request: Request) -> _Answer:
        if self._closed:
            return _Answer(error=NotConnected("The adapter 'alpaca' was disconnected."))
        self._own.seen = None
        answer = self._sent(request)
        seen: requests.Response | None = self._own.seen
        if seen is not None:
            answer.headers = seen.headers
            if answer.failure is None and 300 <= seen.status_code < 400:  # the SDK takes a redirect without a body for success
                answer.failure = Failure(status=seen.status_code, body="")
        return answer

    def _sent(self, request: Request) -> _Answer:
        client = self._client(request.door)
        fields = dict(request.fields)
        try:
            match request.method:
                case "POST":
                    return _Answer(body=client.post(request.path, fields))
                case "DELETE":
                    return _Answer(body=client.delete(request.path))
                case _:
                    return _Answer(body=client.get(request.path, fields))
        except APIError as problem:
            return _Answer(failure=Failure(status=problem.status_code or 0, body=str(problem)))
        except (requests.RequestException, HTTPError, ValueError, OSError) as problem:
            return _Answer(error=self._lost(request, problem))

    def _lost(self, request: Request, problem: Exception) -> WeaverError:
        """Name a failure without an answer. Its own text is left out: it may quote a header, and so a key."""
        if isinstance(problem, requests.exceptions.InvalidHeader):
            return Refused(f"The keys cannot be sent. Check {' and '.join(self._settings.key_names)}.")
        if _was_never_connected(problem):
            return Unavailable(f"{request.what}: no connection could be made to Alpaca ({type(problem).__name__}).")
        return outcome_open(f"{request.what}: no whole answer came from Alpaca ({type(problem).__name__})", changes=request.changes)

    def _client(self, door: Door) -> RESTClient:
        """Return the calling thread's client."""
        clients: dict[Door, RESTClient] | None = getattr(self._own, "clients", None)
        if clients is None:
            clients = self._own.clients = {}
        if door not in clients:
            clients[door] = self._made(door)
        return clients[door]

    def _made(self, door: Door) -> RESTClient:
        settings = self._settings
        client: _Once
        match door:
            case Door.TRADING:
                client = _Trading(
                    settings.key, settings.secret, paper=settings.mode == "paper", url_override=settings.trading_url, raw_data=True
                )
            case Door.STOCKS:
                client = _Stocks(settings.key, settings.secret, url_override=settings.data_url, raw_data=True)
            case Door.CRYPTO:
                keys = (settings.key, settings.secret) if settings.has_keys else (None, None)
                client = _Crypto(*keys, url_override=settings.data_url, raw_data=True)

        def seen(answer: requests.Response) -> None:
            self._own.seen = answer

        session = client.prepare(self._timing, seen)
        with self._lock:
            self._sessions.append(session)
        return client


def _was_never_connected(problem: BaseException) -> bool:
    """Tell whether a request certainly did not reach the venue: no connection, no name, no trust in its certificate.

    The HTTP library wraps the cause in `args` and `reason`. Whatever else broke may have broken after the request was sent.
    """
    if isinstance(problem, ConnectTimeoutError | NewConnectionError | ssl.SSLCertVerificationError | requests.ConnectTimeout):
        return True
    inner: list[object] = [*problem.args, getattr(problem, "reason", None)]
    return any(isinstance(cause, BaseException) and _was_never_connected(cause) for cause in inner)
