"""What goes in and out of an order's workflow, its activities and its messages."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from weaver.glados.risk import Budget, RiskLimits
from weaver.orders import OrderRequest, Role, Side
from weaver.walle.trading_model import OrderChange, OrderRecord
from workflows.inputs import Ask
from workflows.message import Message


class OrderWish(Message):
    """An order that a decision wants. `is_exit` ones go first; `price` is the close it was sized at. One with a `lot` may be made smaller
    in such steps: its size was money, which may not suffice."""

    request: OrderRequest
    is_exit: bool
    price: Decimal | None
    lot: Decimal | None = None


class OrderInput(Message):
    """One order to be looked after. It is on record already (`order`), or is to be admitted first (`wish`).

    `send_before` is the end of its useful life: not sent by then, it is cancelled. `keeps_bracket` tells that the venue
    runs its exits; otherwise this workflow does. `ends_with_run` tells that its run keeps no orders when it ends.
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
    ends_with_run: bool = False
    send_before: datetime | None = None
    corr_id: str | None = None
    carried: "CarriedOrder | None" = None


class CarriedOrder(Message):
    """What an order takes into its next link, the `link`th: the order and its legs by id; changes up to `seen` have been told."""

    orders: dict[str, OrderRecord]
    seen: dict[str, int]
    cancels: list[str] = Field(default_factory=list)
    amendment: "AmendRequest | None" = None
    link: int = 0


class OrderState(Message):
    """The answer to an order's query `state` and to its updates. `refused` is the rule and text when a limit forbade it."""

    order: OrderRecord | None = None
    refused: tuple[str, str] | None = None
    error: str | None = None


class SendTask(Message):
    """An order to be sent, or to be asked for. `may_be_sent` tells that an earlier try may have reached the venue."""

    account: str
    order_id: str
    may_be_sent: bool = False
    send_before: datetime | None = None


class Sent(Message):
    """What came of it. `in_doubt`: sent, outcome unknown; `absent`: the venue does not know it, so it may be sent (again);
    `too_late`: not sent, its useful life is over."""

    outcome: Literal["known", "in_doubt", "absent", "too_late", "terms_differ"]
    changes: list[OrderChange] = Field(default_factory=list)
    text: str | None = None


class CancelTask(Message):
    """An order to be cancelled at the venue, or, when it never was sent, on record only."""

    account: str
    order_id: str
    reason: str | None = None


class SyncTask(Message):
    """An order whose changes, and whose legs' changes, after the numbers `seen` are wanted; with `ask` the venue is asked first."""

    account: str
    order_id: str
    seen: dict[str, int]
    ask: bool


class Synced(Message):
    """What changed of the order and its legs."""

    changes: list[OrderChange] = Field(default_factory=list)


class News(Message):
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


class ExitTask(Message):
    """An exit of a filled bracket that is to be placed."""

    account: str
    order_id: str
    role: Role


class ExitPlan(Message):
    """The exit for what is left of the position; None when nothing is."""

    wish: OrderWish | None = None


class PriceTask(Message):
    """A price to be waited for, at which an order of `side` could be filled."""

    account: str
    symbol: str
    side: Side
    price: Decimal


class QuoteTask(Message):
    """A symbol whose price is wanted, as an order of `side` would meet it."""

    account: str
    symbol: str
    side: Side


class PriceReached(Message):
    """The price that was there."""

    price: Decimal
