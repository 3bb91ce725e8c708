"""What goes in and out of a trading run's workflow, its activities and its messages: small models with references, never series."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import Field

from weaver.glados.requests import RunCreate
from weaver.glados.risk import Budget, RiskLimits
from weaver.glados.runs import RunStatus
from weaver.orders import OrderStatus, Role
from weaver.walle.trading_model import FillRecord, LedgerPosition, NotDone, OrderRecord
from workflows.inputs import Event, Progress
from workflows.message import Message
from workflows.order_inputs import OrderWish


class OpenTask(Message):
    """A paper or live run that wants to begin: adapter, credentials, arming and leases are checked. `now` is the workflow's time."""

    run_id: str
    request: RunCreate
    now: datetime


class Opened(Message):
    """The account is there, the symbols are leased. `first_end` is the end of the first bar to be acted on."""

    account: str
    first_end: datetime
    keeps_brackets: list[str] = Field(default_factory=list)
    """The symbols on which the venue keeps a bracket's exits itself."""
    exits_hold_positions: bool = False
    """Whether exits are to be cancelled before a position is closed at the market."""
    events: list[Event] = Field(default_factory=list)


class PinTask(Message):
    """A strategy and parameters to be pinned. `sha256` and `params` are given when a run's parameters change."""

    run_id: str
    request: RunCreate
    sha256: str | None = None
    params: dict[str, Any] | None = None
    corr_id: str | None = None


class Pinned(Message):
    """A pinned strategy. `plan` is the content-named reference of what every decision works from."""

    plan: str
    strategy_sha256: str
    params: dict[str, Any]
    warmup: int
    events: list[Event] = Field(default_factory=list)
    """`run.ParamsChanged` when parameters were given."""


class LeftUndone(Message):
    """A decision that is not done, or not all of it, and why: told with what the run has done next, to be put on record."""

    end: datetime
    reason: NotDone


class TickTask(Message):
    """A bar's end to be fetched for: `end` of the bar, `budget` and `cursor` for the run's ledger (see `RunLedger`).

    `first_end` is the first bar the run acts on; `warmup` bars before it are fetched as well when they are not stored yet.
    """

    run_id: str
    account: str
    symbols: list[str]
    timeframe: str
    end: datetime
    first_end: datetime
    warmup: int
    budget: Decimal
    cursor: int
    bars_done: int = 0
    is_paused: bool = False
    left_undone: LeftUndone | None = None


class Ledger(Message):
    """The run's money by its own fills as a decision sees it; `fills` are those since the tick before."""

    cash: Decimal
    positions: list[LedgerPosition] = Field(default_factory=list)
    working: list[OrderRecord] = Field(default_factory=list)
    fills: list[FillRecord] = Field(default_factory=list)
    cursor: int = 0


class Tick(Message):
    """What a bar's end brought. `fresh` are the symbols with a bar that ended now, with its close; nothing fresh, or `is_missed`,
    means that nothing is decided. `next_end` is the end of the next bar to wait for."""

    end: datetime
    next_end: datetime
    is_missed: bool = False
    fresh: dict[str, Decimal] = Field(default_factory=dict)
    ledger: Ledger
    equity: Decimal | None = None
    breach: str | None = None
    """What to say when the account has lost more than it may today."""
    flatten_on_breach: bool = False
    events: list[Event] = Field(default_factory=list)


class DecideTask(Message):
    """A bar's end to decide at. `state` is the strategy's declared state as JSON text, `weighted` as the decision before gave it."""

    run_id: str
    strategy: str
    plan: str
    account: str
    end: datetime
    first_end: datetime
    fresh: list[str]
    ledger: Ledger
    state: str | None = None
    weighted: list[str] = Field(default_factory=list)


class Amendment(Message):
    """New terms of a working order's remainder; what is absent stays. `quantity` is that of the whole order, fills included."""

    order_id: str
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None


class Decision(Message):
    """What a strategy saw, said and wants. `rejected` are wishes that make no order at all, with the reason."""

    end: datetime
    state: str | None = None
    seen: dict[str, dict[str, float | None]] = Field(default_factory=dict)
    notes: list[str] = Field(default_factory=list)
    intents: list[str] = Field(default_factory=list)
    orders: list[OrderWish] = Field(default_factory=list)
    cancels: list[str] = Field(default_factory=list)
    amendments: list[Amendment] = Field(default_factory=list)
    rejected: dict[str, str] = Field(default_factory=dict)
    weighted: list[str] = Field(default_factory=list)
    """Orders of target weights that may still work: a newer one on the same symbol cancels them."""
    events: list[Event] = Field(default_factory=list)


class AdmitTask(Message):
    """Orders that ask to be admitted, in the order in which they are to be sent. `end` is the bar they were decided at."""

    account: str
    run_id: str | None
    wishes: list[OrderWish]
    limits: RiskLimits | None = None
    budget: Budget | None = None
    run_day_loss: Decimal = Decimal(0)
    parent_id: str | None = None
    role: Role | None = None
    end: datetime | None = None
    corr_id: str | None = None


class Admission(Message):
    """`orders` are admitted and on record; `refused` are no orders: id → rule and text."""

    orders: list[OrderRecord] = Field(default_factory=list)
    refused: dict[str, tuple[str, str]] = Field(default_factory=dict)
    events: list[Event] = Field(default_factory=list)


class CloseTask(Message):
    """A run that ends: its leases are returned, its last money is put on record."""

    run_id: str
    account: str
    budget: Decimal
    bars_done: int = 0
    marks: dict[str, Decimal] = Field(default_factory=dict)
    """Each symbol's newest close."""
    left_undone: LeftUndone | None = None


class Closed(Message):
    """The run's money at its end; how many fills it had; positions of its own that it leaves."""

    equity: Decimal | None = None
    fills: int = 0
    positions: list[LedgerPosition] = Field(default_factory=list)


class FlattenTask(Message):
    """A run's own positions to be closed. `at` makes the orders' ids, so that a repeat wants the same orders."""

    run_id: str
    account: str
    budget: Decimal
    at: datetime


class FlattenPlan(Message):
    """The closing orders."""

    wishes: list[OrderWish]


class CarriedRun(Message):
    """All that a trading run takes into its next link."""

    status: RunStatus
    link: int
    opened: Opened
    pinned: Pinned
    started_at: datetime | None
    trade_until: datetime | None
    next_end: datetime
    state: str | None
    weighted: list[str] = Field(default_factory=list)
    cursor: int
    progress: Progress
    working: dict[str, OrderStatus] = Field(default_factory=dict)
    pause_reason: str | None = None
    last_decision: datetime | None = None
    ignored: list[str] = Field(default_factory=list)
    stop_flattens: bool = False
    marks: dict[str, Decimal] = Field(default_factory=dict)
    session: str | None = None
    opening_equity: Decimal | None = None
    heard: int = 0
    left_undone: LeftUndone | None = None


class TradingInput(RunCreate):
    """A `RunCreate`, as every door gives it; `carried` is set by the run itself when it continues as new."""

    carried: CarriedRun | None = None

    def as_asked(self) -> RunCreate:
        """Return the request alone."""
        return RunCreate.model_validate(self.model_dump(exclude={"carried"}))
