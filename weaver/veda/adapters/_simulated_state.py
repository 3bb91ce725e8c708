"""What the simulated exchange remembers of an account between two calls: money and working orders, small whatever happened before."""

import copy
import json
from dataclasses import asdict, dataclass, field
from dataclasses import fields as fields_of
from typing import Any

from weaver.greta.matching import Order
from weaver.orders import OrderRequest
from weaver.veda.adapters._simulated_faults import Fault, fault_from_dict, fault_to_dict
from weaver.veda.adapters._simulated_reports import dumps, request_from, to_json


@dataclass(slots=True)
class Traded:
    """A symbol. Times are microseconds: `done` is the time up to which orders have met its bars, `opened` the start of the bar at
    whose open orders that were waiting have been looked at, `used` what was filled of the bar that starts at `used_at`,
    `anchor` when its replay began. `timeframe` is that of the bars which orders meet."""

    symbol: str
    timeframe: str = "1m"
    done: int = 0
    opened: int = 0
    used: float = 0.0
    used_at: int = 0
    anchor: int = 0
    quantity: float = 0.0
    average: float | None = None


@dataclass(slots=True)
class Working:
    """An order that is not final. `request` is None for a leg; `met` is the start of the bar in which it filled last, `partial`
    the share that its first fill may have."""

    order: Order
    request: OrderRequest | None
    exchange_order_id: str
    submitted_at: int
    updated_at: int
    executions: int = 0
    met: int | None = None
    partial: float | None = None

    def copied(self) -> "Working":
        twin = copy.copy(self)
        twin.order = copy.copy(self.order)
        return twin


@dataclass(slots=True)
class State:
    """The account. `held` is a message kept back to come after the next one; `sequence` numbers messages and fills."""

    cash: float
    traded: list[Traded] = field(default_factory=list[Traded])
    working: list[Working] = field(default_factory=list[Working])
    faults: list[Fault] = field(default_factory=list[Fault])
    held: str | None = None
    sequence: int = 0

    def find(self, symbol: str) -> Traded | None:
        return next((traded for traded in self.traded if traded.symbol == symbol), None)

    def symbol(self, symbol: str) -> Traded:
        """Return the symbol, new if it was never asked for."""
        traded = self.find(symbol)
        if traded is None:
            traded = Traded(symbol)
            self.traded.append(traded)
        return traded

    def index(self, symbol: str) -> int:
        return self.traded.index(self.symbol(symbol))

    def to_text(self) -> str:
        return dumps(
            {
                "cash": self.cash,
                "traded": [_brief(traded, _TRADED) for traded in self.traded],
                "working": [_working_to_dict(working) for working in self.working],
                "faults": [fault_to_dict(fault) for fault in self.faults],
                "held": self.held,
                "sequence": self.sequence,
            }
        )

    @staticmethod
    def from_text(text: str) -> "State":
        parsed = json.loads(text)
        return State(
            cash=parsed["cash"],
            traded=[Traded(**fields) for fields in parsed["traded"]],
            working=[_working_from_dict(fields) for fields in parsed["working"]],
            faults=[fault_from_dict(fields) for fields in parsed["faults"]],
            held=parsed["held"],
            sequence=parsed["sequence"],
        )


_ORDER = {each.name: each.default for each in fields_of(Order)}
_TRADED = {each.name: each.default for each in fields_of(Traded)}


def _brief(value: Order | Traded, defaults: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that differ from their defaults."""
    fields = ((name, getattr(value, name), default) for name, default in defaults.items())
    return {name: content for name, content, default in fields if content != default}


def _working_to_dict(working: Working) -> dict[str, Any]:
    request = None if working.request is None else to_json(working.request)
    order = _brief(working.order, _ORDER)
    if working.order.legs is not None:
        order["legs"] = asdict(working.order.legs)
    return {
        "order": order,
        "request": request,
        "exchange_order_id": working.exchange_order_id,
        "submitted_at": working.submitted_at,
        "updated_at": working.updated_at,
        "executions": working.executions,
        "met": working.met,
        "partial": working.partial,
    }


def _working_from_dict(fields: dict[str, Any]) -> Working:
    order = fields.pop("order")
    request = fields.pop("request")
    defaults: dict[str, Any] = {"legs": None, "time_in_force": "gtc", "role": None, "status": "accepted"}
    return Working(order=Order.from_dict(defaults | order), request=None if request is None else request_from(request), **fields)
