"""What a run saw and decided at its bars, as programs get it, and its indicators as columns."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from weaver.documents.orders import Fill, fill_document, replayed_fill
from weaver.documents.values import Document, Listing, Moment, time_text
from weaver.greta.records import DecisionRow, OrderRow
from weaver.market import Floats, Ints
from weaver.orders import OrderStatus, client_order_id
from weaver.walle.replayed import CameOf, ReplayedBar, undefined, wanted_orders
from weaver.walle.trading_model import DecisionRecord, FillRecord, OrderRecord


class Decision(Document):
    """What a strategy saw, said and wanted at a bar's end, and what became of it. In a backtest an order is refused by the simulated
    venue, when its turn comes to be filled."""

    time: Moment
    seen: dict[str, Any] = Field(description="by symbol: close, position, and each indicator")
    notes: list[str]
    intents: list[str]
    orders: list[str] = Field(description="ids of the orders that it made")
    verdicts: list[dict[str, Any]] = Field(
        default_factory=list[dict[str, Any]],
        description="one for each order wanted: {order_id, admitted, rule?, message?}; of a backtest's order once it has ended",
    )
    skipped: str | None = Field(default=None, description="why there was no decision, or why it was not done")
    order_status: dict[str, str] = Field(default_factory=dict, description="of its orders and their legs")
    fills: list[Fill] = Field(default_factory=list[Fill])


class Decisions(Listing[Decision]):
    """One page of decisions."""

    notice: str | None = Field(default=None, description="what is not kept of the run, and why; null when nothing is lacking")


class IndicatorColumns(Document):
    """A symbol's indicators over time: columns of equal length."""

    symbol: str
    time: list[Moment] = Field(description="bar ends, from which on the values could be seen")
    close: list[float | None]
    indicators: dict[str, list[float | None]] = Field(description="by name; null where there was no value (yet)")
    bars: int = Field(description="how many bars are in the range, of which these were taken")
    notice: str | None = Field(default=None, description="what is not kept of the run, and why; null when nothing is lacking")


def decision_document(decision: DecisionRecord, orders: Iterable[OrderRecord], fills: Iterable[FillRecord]) -> Decision:
    """Return a bar of a paper or live run; `orders` are those that it made, with their legs, `fills` theirs."""
    return Decision(
        time=time_text(decision.bar_end),
        seen=dict(decision.seen),
        notes=list(decision.notes),
        intents=list(decision.intents),
        orders=list(decision.orders),
        verdicts=[dict(verdict) for verdict in decision.verdicts],
        skipped=decision.skipped,
        order_status={order.id: order.status.value for order in orders},
        fills=[fill_document(fill) for fill in fills],
    )


def replayed_decision(run_id: str, decision: DecisionRow, came_of: CameOf) -> Decision:
    """Return a bar of a backtest at which the strategy wanted something."""
    wanted = wanted_orders(decision)
    orders = [order for name in wanted for order in came_of.orders.get(name, ())]
    return Decision(
        time=time_text(decision.time),
        seen=json.loads(decision.seen, parse_constant=undefined),
        notes=json.loads(decision.notes),
        intents=json.loads(decision.intents),
        orders=[client_order_id(run_id, name) for name in wanted],
        verdicts=[_verdict(run_id, order) for order in orders if order.parent_id is None],
        order_status={client_order_id(run_id, order.id): order.status for order in orders},
        fills=[replayed_fill(run_id, fill) for name in wanted for fill in came_of.fills.get(name, ())],
    )


def _verdict(run_id: str, order: OrderRow) -> dict[str, Any]:
    refused = order.status == OrderStatus.REJECTED
    said = {"message": order.reject_reason} if order.reject_reason else {}
    return {"order_id": client_order_id(run_id, order.id), "admitted": not refused, **said}


def replayed_bar(run_id: str, bar: ReplayedBar, came_of: CameOf) -> Decision:
    """Return a bar of a backtest, whether or not something was wanted there."""
    if bar.decision is not None:
        return replayed_decision(run_id, bar.decision, came_of)
    return Decision(time=time_text(bar.time), seen=dict(bar.seen), notes=[], intents=[], orders=[])


def indicators_document(symbol: str, times: Ints, columns: Mapping[str, Floats], bars: int, notice: str | None = None) -> IndicatorColumns:
    """Return columns of which the first is the close, as a document."""
    known = {name: [value if math.isfinite(value) else None for value in column.tolist()] for name, column in columns.items()}
    close = known.pop("close")
    return IndicatorColumns(
        symbol=symbol, time=[time_text(time) for time in times.tolist()], close=close, indicators=known, bars=bars, notice=notice
    )
