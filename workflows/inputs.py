"""What goes in and out of workflows, activities and messages: small models with references, never series."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import Field

from weaver.glados.requests import RunCreate
from weaver.glados.runs import RunStatus
from weaver.walle.model import RunError
from workflows.message import Message

BACKTEST_RUN = "BacktestRun"
RUN_QUEUE = "weaver"
GRETA_QUEUE = "weaver-greta"


class Ask(Message):
    """A message to a run; `corr_id` names the request it came from."""

    corr_id: str | None = None


class StopRequest(Ask):
    """Stop; `flatten` closes the positions of a trading run (a backtest has none to close)."""

    flatten: bool = False


class ParamsChange(Ask):
    """New values of some parameters."""

    params: dict[str, Any] = Field(default_factory=dict)


class Progress(Message):
    """How far a run is. Bars are counted over all symbols, warm-up excluded; equity in the quote currency."""

    bars_done: int = 0
    bars_total: int = 0
    windows: int = 0
    equity: Decimal | None = None
    orders: int = 0
    fills: int = 0
    trades: int = 0

    @property
    def percent(self) -> float:
        """0 to 100; 0 while the total is unknown."""
        return 100 * self.bars_done / self.bars_total if self.bars_total else 0.0


class LiveState(Message):
    """What only the workflow of a paper or live run knows. `working_orders` id → status; `heard` counts what orders have told it."""

    account: str
    next_tick: datetime | None = None
    positions: dict[str, Decimal] = Field(default_factory=dict)
    working_orders: dict[str, str] = Field(default_factory=dict)
    last_decision: datetime | None = None
    pause_reason: str | None = None
    heard: int = 0


class RunState(Message):
    """The answer to the query `state`, and to every update. `ignored` are the last messages that the status forbade."""

    run_id: str
    status: RunStatus
    strategy: str
    symbols: list[str]
    timeframe: str
    progress: Progress = Progress()
    error: RunError | None = None
    started_at: datetime | None = None
    actions: list[str] = Field(default_factory=list)
    ignored: list[str] = Field(default_factory=list)
    live: LiveState | None = None


class RunResult(Message):
    """What a run came to. `result_digest` is absent when it ended before it had anything to sum up."""

    run_id: str
    status: RunStatus
    result_digest: str | None = None
    progress: Progress = Progress()
    error: RunError | None = None


class Event(Message):
    """A domain event as an activity reports it; its place in the history gives id, time and run."""

    type: str
    payload: dict[str, Any]
    corr_id: str | None = None


class Registration(Message):
    """A run to be put on record. `first_link` is the Temporal run id of the chain's first link."""

    run_id: str
    first_link: str
    request: RunCreate
    created_at: datetime
    mode: str = "backtest"


class StatusChange(Message):
    """A run's new status and the event that tells of it. `corr_id` is that of the message that asked for it."""

    run_id: str
    strategy: str
    mode: str
    status: RunStatus
    event: str
    at: datetime
    error: RunError | None = None
    corr_id: str | None = None


class Recorded(Message):
    """What was put on record, as events."""

    events: list[Event] = Field(default_factory=list)


class ResolveTask(Message):
    """A request whose strategy and data are to be pinned."""

    run_id: str
    request: RunCreate


class Resolved(Message):
    """A pinned request. `plan` is the content-named reference of what every window works from."""

    plan: str
    strategy_sha256: str
    fingerprint: str
    bars_total: int
    warmup: int


class WindowTask(Message):
    """The steps `[first_step, first_step + steps)` of a run's timeline, from the state that the window before left."""

    run_id: str
    strategy: str
    plan: str
    state: str | None = None
    number: int = 0
    first_step: int = 0
    steps: int


class WindowDone(Message):
    """What a window came to. `next_step` is the first step it did not do: fewer than asked when it was told to stop."""

    state: str
    next_step: int
    is_last: bool
    progress: Progress
    events: list[Event] = Field(default_factory=list)


class FinishTask(Message):
    """Windows to be summed up into the run's result; `is_partial` when the run was stopped before its end."""

    run_id: str
    strategy: str
    plan: str
    state: str
    windows: int
    started_at: datetime
    is_partial: bool = False


class Finished(Message):
    """The stored result's digest and last equity."""

    result_digest: str
    final_equity: Decimal


class ArchiveTask(Message):
    """One link of a run's history (its Temporal run id), to be put into WallE."""

    run_id: str
    link: str


class Archived(Message):
    """How many events were stored."""

    stored: int


class Pulse(Message):
    """What a compute activity says while it works: the run's progress so far."""

    bars_done: int
    bars_total: int


class Carried(Message):
    """All that a run takes into its next link."""

    status: RunStatus
    link: int
    resolved: Resolved
    started_at: datetime | None
    state: str | None
    next_window: int
    next_step: int
    progress: Progress
    ignored: list[str] = Field(default_factory=list)


class BacktestInput(RunCreate):
    """A `RunCreate`, as every door gives it; `carried` is set by the run itself when it continues as new."""

    carried: Carried | None = None

    def as_asked(self) -> RunCreate:
        """Return the request alone."""
        return RunCreate.model_validate(self.model_dump(exclude={"carried"}))
