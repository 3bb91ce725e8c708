"""Numbers of one API process for Prometheus: how long requests took, and what WallE and Temporal say when they are asked."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.deps import Parts
from api.streams.figures import Figures
from api.watched import Watched, look_at
from weaver.errors import Unavailable, Unusable
from weaver.glados.runs import RunStatus
from weaver.orders import OrderStatus
from weaver.walle.counting import orders_by_status, runs_by_status
from workflows.queues import QueueState, look_at_queues, queues_of

KEPT_SECONDS = 5.0
"""How long what was asked of WallE and Temporal is given again, however often it is scraped."""
_BUCKETS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_LAGS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0)
_STREAM = "text/event-stream"


class Metrics:
    """What one API process counts. Two processes are scraped each for itself."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        disable_created_metrics()  # a second series beside each, for a format that is not given
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._clock = clock
        self._requests = Histogram(
            "weaver_http_request_duration_seconds",
            "Time from a request to the end of its answer; of an event stream, to its beginning.",
            ["route", "method", "status"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._lags = Histogram(
            "weaver_sse_lag_seconds",
            "Time from an event in a history to its being sent on to those who listen.",
            buckets=_LAGS,
            registry=self.registry,
        )
        self._clients = Gauge("weaver_sse_clients", "Clients that listen to an event stream.", registry=self.registry)
        self._tails = Gauge("weaver_sse_tails", "Histories that are followed for them.", registry=self.registry)
        self._resets = Gauge(
            "weaver_sse_resets", "Clients told to fetch anew since the start: they were too slow, or away too long.", registry=self.registry
        )
        self._figures: Figures | None = None
        self._asking = asyncio.Lock()
        self._seen: _Seen | None = None
        self._seen_at = 0.0

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count an answered request. `route` is a template such as /api/v1/runs/{run_id}, never a path."""
        self._requests.labels(route, method, str(status)).observe(seconds)

    def _follow(self, figures: Figures) -> None:
        """Tell of event streams what `figures` counts, with the lags that it kept until now."""
        self._figures = figures
        for lag in figures.lags:
            self._lags.observe(lag)
        self._clients.set_function(lambda: figures.clients)
        self._tails.set_function(lambda: figures.tails)
        self._resets.set_function(lambda: figures.resets)
        figures.on_lag = self._lags.observe

    async def text(self, parts: Parts) -> bytes:
        """Return all numbers in Prometheus' text format. What does not answer is told by `weaver_reachable` 0 and left out."""
        if self._figures is not parts.hub.figures:
            self._follow(parts.hub.figures)
        async with self._asking:  # one scrape asks for all that come meanwhile
            if self._seen is None or self._clock() - self._seen_at > KEPT_SECONDS:
                self._seen, self._seen_at = await _look(parts), self._clock()
        now = CollectorRegistry()
        now.register(self._seen)
        return generate_latest(self.registry) + generate_latest(now)


class Timing:
    """Measures each request. It must see the scope that the routes are written into, so nothing after it may copy it."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status, is_told = 500, False

        def tell() -> None:
            nonlocal is_told
            if not is_told:
                is_told = True
                method = scope["method"] if scope["method"] in _METHODS else "other"
                self._metrics.answered(_template(scope), method, status, time.perf_counter() - began)

        async def send_timed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if Headers(raw=message["headers"]).get("content-type", "").startswith(_STREAM):
                    tell()
            await send(message)

        try:
            await self._app(scope, receive, send_timed)
        finally:
            tell()


@dataclass(frozen=True, kw_only=True, eq=False)  # a registry keeps its collectors by identity
class _Seen(Collector):
    """What WallE and Temporal said; None for one that did not answer."""

    runs: dict[RunStatus, int] | None
    orders: dict[OrderStatus, int] | None
    queues: Sequence[QueueState] | None
    watched: Watched | None

    def collect(self) -> Iterator[Metric]:
        reachable = GaugeMetricFamily("weaver_reachable", "1 when it answered the latest scrape.", labels=["part"])
        reachable.add_metric(["walle"], self.runs is not None)
        reachable.add_metric(["temporal"], self.queues is not None)
        yield reachable
        yield _by_status("weaver_runs", "Runs on record by status.", self.runs or {})
        yield _by_status("weaver_orders", "Orders of paper and live trading on record by status.", self.orders or {})
        yield from _of_queues(self.queues or ())
        if self.watched is not None:
            yield from self.watched.metrics()


def _by_status(name: str, told: str, counted: dict[RunStatus, int] | dict[OrderStatus, int]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=["status"])
    for status, count in counted.items():
        family.add_metric([status.value], count)
    return family


def _of_queues(queues: Sequence[QueueState]) -> Iterator[Metric]:
    labels = ["queue", "kind"]
    backlog = GaugeMetricFamily("weaver_task_queue_backlog", "Tasks that wait for a worker, about.", labels=labels)
    age = GaugeMetricFamily("weaver_task_queue_backlog_age_seconds", "How long the oldest of them has waited.", labels=labels)
    pollers = GaugeMetricFamily("weaver_task_queue_pollers", "Processes that asked for tasks in the last minutes.", labels=labels)
    for queue in queues:
        backlog.add_metric([queue.queue, queue.kind], queue.backlog)
        age.add_metric([queue.queue, queue.kind], queue.backlog_age_seconds)
        pollers.add_metric([queue.queue, queue.kind], queue.pollers)
    yield from (backlog, age, pollers)


async def _look(parts: Parts) -> _Seen:
    runs = orders = queues = watched = None
    accounts: list[str] = []
    with suppress(Unavailable, Unusable):  # told as unreachable
        runs, orders = await asyncio.to_thread(lambda: (runs_by_status(parts.database), orders_by_status(parts.database)))
        watched = await look_at(parts)
        accounts = [account.id for account in watched.accounts]
    with suppress(Unavailable):
        queues = await look_at_queues(await parts.temporal.client(), queues_of(accounts))
    return _Seen(runs=runs, orders=orders, queues=queues, watched=watched)


def _template(scope: Scope) -> str:
    """Return the matched route's template; one word for all that match none, or the numbers would grow with whoever guesses paths.

    A route knows its path from its router on; what is before it in the request's path is where the router is included.
    """
    template: str | None = getattr(scope.get("route"), "path", None)
    if template is None:
        return "none"
    path: str = scope["path"]
    before = path.split("/")[: max(1, path.count("/") - template.count("/") + 1)]
    return "/".join(before) + template
