"""What goes in and out of the workflows, activities and messages of trading: small models with references, never series."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from weaver.glados.requests import RunCreate
from weaver.glados.risk import Budget, RiskLimits
from weaver.glados.runs import RunStatus
from weaver.orders import OrderRequest, OrderStatus, Role, Side
from weaver.walle.trading_model import FillRecord, LedgerPosition, OrderChange, OrderRecord
from workflows.inputs import Ask, Event, Progress

TRADING_RUN, ORDER, ACCOUNT = "TradingRun", "Order", "Account"
MARVIN_QUEUE = "weaver-marvin"
_LEG = re.compile(r"\.(tp|sl)\d*$")


def veda_queue(account: str) -> str:
    """Return the queue of what is ordered at an account."""
    return f"weaver-veda-{account}"


def data_queue(account: str) -> str:
    """Return the queue of what is read from an account's venue: bars, updates, reconciliation."""
    return f"weaver-veda-{account}-data"


def order_workflow_id(order_id: str) -> str:
    """Return the id of the workflow that looks after an order. A bracket's legs are looked after by their parent's."""
    return f"order-{order_id}"


def looked_after_by(order_id: str) -> str:
    """Return the id of the order whose workflow looks after `order_id`: a bracket's for its legs, else the order itself."""
    return _LEG.sub("", order_id)


def account_workflow_id(account: str) -> str:
    """Return the id of the workflow that looks after an account."""
    return f"account-{account}"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# A run's start.


class OpenTask(_Model):
    """A paper or live run that wants to begin: adapter, credentials, arming and leases are checked. `now` is the workflow's time."""

    run_id: str
    request: RunCreate
    now: datetime


class Opened(_Model):
    """The account is there, the symbols are leased. `first_end` is the end of the first bar to be acted on."""

    account: str
    first_end: datetime
    keeps_brackets: list[str] = Field(default_factory=list)
    """The symbols on which the venue keeps a bracket's exits itself."""
    exits_hold_positions: bool = False
    """Whether exits are to be cancelled before a position is closed at the market."""
    events: list[Event] = Field(default_factory=list)


class PinTask(_Model):
    """A strategy and parameters to be pinned. `sha256` and `params` are given when a run's parameters change."""

    run_id: str
    request: RunCreate
    sha256: str | None = None
    params: dict[str, Any] | None = None
    corr_id: str | None = None


class Pinned(_Model):
    """A pinned strategy. `plan` is the content-named reference of what every decision works from."""

    plan: str
    strategy_sha256: str
    params: dict[str, Any]
    warmup: int
    events: list[Event] = Field(default_factory=list)
    """`run.ParamsChanged` when parameters were given."""


# Ticks.


class TickTask(_Model):
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


class Ledger(_Model):
    """The run's money by its own fills as a decision sees it; `fills` are those since the tick before."""

    cash: Decimal
    positions: list[LedgerPosition] = Field(default_factory=list)
    working: list[OrderRecord] = Field(default_factory=list)
    fills: list[FillRecord] = Field(default_factory=list)
    cursor: int = 0


class Tick(_Model):
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


class DecideTask(_Model):
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


class OrderWish(_Model):
    """An order that a decision wants. `is_exit` ones go first; `price` is the close it was sized at."""

    request: OrderRequest
    is_exit: bool
    price: Decimal | None


class Amendment(_Model):
    """New terms of a working order's remainder; what is absent stays. `quantity` is that of the whole order, fills included."""

    order_id: str
    quantity: Decimal | None = None
    limit_price: Decimal | None = None
    stop_price: Decimal | None = None


class Decision(_Model):
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


class AdmitTask(_Model):
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


class Admission(_Model):
    """`orders` are admitted and on record; `refused` are no orders: id → rule and text."""

    orders: list[OrderRecord] = Field(default_factory=list)
    refused: dict[str, tuple[str, str]] = Field(default_factory=dict)
    events: list[Event] = Field(default_factory=list)


class CloseTask(_Model):
    """A run that ends: its leases are returned, its last money is put on record."""

    run_id: str
    account: str
    budget: Decimal
    bars_done: int = 0
    marks: dict[str, Decimal] = Field(default_factory=dict)
    """Each symbol's newest close."""


class Closed(_Model):
    """The run's money at its end; how many fills it had; positions of its own that it leaves."""

    equity: Decimal | None = None
    fills: int = 0
    positions: list[LedgerPosition] = Field(default_factory=list)


class FlattenTask(_Model):
    """A run's own positions to be closed. `at` makes the orders' ids, so that a repeat wants the same orders."""

    run_id: str
    account: str
    budget: Decimal
    at: datetime


class FlattenPlan(_Model):
    """The closing orders."""

    wishes: list[OrderWish]


# Orders.


class OrderInput(_Model):
    """One order to be looked after. It is on record already (`order`), or is to be admitted first (`wish`).

    `send_before` is the end of its useful life: not sent by then, it is cancelled. `keeps_bracket` tells that the venue
    runs its exits; otherwise this workflow does.
    """

    account: str
    run_id: str | None = None
    order: OrderRecord | None = None
    wish: OrderWish | None = None
    limits: RiskLimits | None = None
    budget: Budget | None = None
    parent_id: str | None = None
    role: Role | None = None
    keeps_bracket: bool = True
    send_before: datetime | None = None
    corr_id: str | None = None
    carried: "CarriedOrder | None" = None


class CarriedOrder(_Model):
    """What an order takes into its next link, the `link`th: the order and its legs by id; changes up to `seen` have been told."""

    orders: dict[str, OrderRecord]
    seen: dict[str, int]
    cancels: list[str] = Field(default_factory=list)
    amendment: "AmendRequest | None" = None
    link: int = 0


class OrderState(_Model):
    """The answer to an order's query `state` and to its updates. `refused` is the rule and text when a limit forbade it."""

    order: OrderRecord | None = None
    refused: tuple[str, str] | None = None
    error: str | None = None


class SendTask(_Model):
    """An order to be sent, or to be asked for. `may_be_sent` tells that an earlier try may have reached the venue."""

    account: str
    order_id: str
    may_be_sent: bool = False
    send_before: datetime | None = None


class Sent(_Model):
    """What came of it. `in_doubt`: sent, outcome unknown; `absent`: the venue does not know it, so it may be sent (again);
    `too_late`: not sent, its useful life is over."""

    outcome: Literal["known", "in_doubt", "absent", "too_late", "terms_differ"]
    changes: list[OrderChange] = Field(default_factory=list)
    text: str | None = None


class CancelTask(_Model):
    """An order to be cancelled at the venue, or, when it never was sent, on record only."""

    account: str
    order_id: str
    reason: str | None = None


class SyncTask(_Model):
    """An order whose changes, and whose legs' changes, after the numbers `seen` are wanted; with `ask` the venue is asked first."""

    account: str
    order_id: str
    seen: dict[str, int]
    ask: bool


class Synced(_Model):
    """What changed of the order and its legs."""

    changes: list[OrderChange] = Field(default_factory=list)


class News(_Model):
    """A signal to an order (`changed`) or to its run (`order_changed`): what changed, as WallE numbered it.

    `refused` are orders that a limit forbade: id → rule and text; `problem` says why a person must look, and pauses the run.
    """

    changes: list[OrderChange] = Field(default_factory=list)
    refused: dict[str, tuple[str, str]] = Field(default_factory=dict)
    problem: str | None = None
    corr_id: str | None = None


class CancelRequest(Ask):
    """Cancel the order, or only one leg of its bracket."""

    leg: str | None = None


class AmendRequest(Ask):
    """Cancel, and place the remainder with these terms."""

    quantity: Decimal | None = Field(default=None, gt=0)
    limit_price: Decimal | None = Field(default=None, gt=0)
    stop_price: Decimal | None = Field(default=None, gt=0)


class ExitTask(_Model):
    """An exit of a filled bracket that is to be placed."""

    account: str
    order_id: str
    role: Role


class ExitPlan(_Model):
    """The exit for what is left of the position; None when nothing is."""

    wish: OrderWish | None = None


class PriceTask(_Model):
    """A price to be waited for, at which an order of `side` could be filled."""

    account: str
    symbol: str
    side: Side
    price: Decimal


class QuoteTask(_Model):
    """A symbol whose price is wanted, as an order of `side` would meet it."""

    account: str
    symbol: str
    side: Side


class PriceReached(_Model):
    """The price that was there."""

    price: Decimal


# Accounts.


class KillRequest(Ask):
    """Refuse new orders, cancel the working ones, and with `flatten` close every position."""

    flatten: bool = False
    reason: str = "asked for"


class AccountInput(_Model):
    """An account to be looked after. `kill` was asked for before this link, the `link`th, began."""

    account: str
    killed: bool = False
    kill: KillRequest | None = None
    link: int = 0


class AccountTask(_Model):
    """What an activity of an account is asked for."""

    account: str
    flatten: bool = False
    reason: str = ""
    at: datetime | None = None


class AccountDone(_Model):
    """What it did. `is_busy` tells that orders work or runs trade; `stop_runs` are to be stopped, with `flatten` when limits say so."""

    events: list[Event] = Field(default_factory=list)
    is_busy: bool = True
    stop_runs: list[str] = Field(default_factory=list)
    flatten: bool = False


class AccountState(_Model):
    """The answer to an account's query `state`."""

    account: str
    killed: bool
    is_listening: bool
    last_reconciled: datetime | None = None
    problem: str | None = None


# The run itself.


class CarriedRun(_Model):
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


class TradingInput(RunCreate):
    """A `RunCreate`, as every door gives it; `carried` is set by the run itself when it continues as new."""

    carried: CarriedRun | None = None

    def as_asked(self) -> RunCreate:
        """Return the request alone."""
        return RunCreate.model_validate(self.model_dump(exclude={"carried"}))
