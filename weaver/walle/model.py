"""What WallE keeps of runs, as plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar, Union

from weaver.glados.runs import RunStatus

Json = Union[None, bool, int, float, str, Sequence["Json"], Mapping[str, "Json"]]  # noqa: UP007  # a name in quotes cannot be joined by |
"""Whatever JSON can say; floats are finite."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunError:
    """Why a run ended in error; `line` is 1-based in `file`."""

    message: str
    code: str
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run. `config` is the RunCreate it was started with; `bars_done` of `bars_total` and `windows` are its
    progress, `equity` its newest equity; `temporal_run_id` is the first execution's id, `address` the server's."""

    id: str
    strategy: str
    strategy_sha256: str | None = None
    mode: str
    status: RunStatus
    symbols: tuple[str, ...]
    timeframe: str
    params: Mapping[str, Json] = field(default_factory=dict[str, Json])
    config: Mapping[str, Json] = field(default_factory=dict[str, Json])
    error: RunError | None = None
    bars_done: int = 0
    bars_total: int | None = None
    windows: int = 0
    equity: Decimal | None = None
    created_at: datetime
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    updated_at: datetime | None = None
    tags: tuple[str, ...] = ()
    temporal_run_id: str | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much a run did; `bars` over all symbols, warm-up excluded."""

    bars: int
    windows: int
    orders: int
    fills: int
    trades: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResult:
    """The result of a run. `stats` by the names of greta.statistics, None where undefined; `start_time` and
    `end_time` are the first and last bar's start."""

    run_id: str
    result_digest: str
    provenance: Mapping[str, Json]
    start_time: datetime | None
    end_time: datetime | None
    timeframe: str
    symbols: tuple[str, ...]
    final_equity: Decimal
    counts: Counts
    duration_ms: int
    stats: Mapping[str, float | int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySourceRecord:
    """The source that a run is pinned to; `source` is the JSON text of marvin's StrategySource."""

    sha256: str
    strategy: str
    source: str
    saved_at: datetime


ORDERS, ACCOUNTS = "weaver.orders", "weaver.accounts"
"""The producers whose histories are no run's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """One event of a run's history, or of an order's or account's; `position` orders them within it.

    `run_id` is the id of the workflow whose history it is. The run that it is about is `about_run`.
    """

    id: str
    type: str
    version: int = 1
    run_id: str
    position: int
    corr_id: str
    causation_id: str | None = None
    ts: datetime
    producer: str
    payload: Mapping[str, Json]

    @property
    def about_run(self) -> str | None:
        """The run; None for an account's event, or that of an order without a run."""
        if self.producer not in (ORDERS, ACCOUNTS):
            return self.run_id
        run_id = self.payload.get("run_id")
        return run_id if isinstance(run_id, str) else None


ItemT = TypeVar("ItemT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[ItemT]):
    """Items of page number `page` (from 1) out of `total` items."""

    items: tuple[ItemT, ...]
    total: int
    page: int
    page_size: int
