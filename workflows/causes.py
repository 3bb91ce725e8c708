"""Which event caused which: told from one link of a history alone, so that whoever reads it finds the same."""

import re
from collections.abc import Mapping
from typing import Any

_AFTER_ANOTHER = re.compile(r"\.(r|tp|sl)\d*$")
"""What an order's id ends with when it follows from another: the remainder of an amended one, a bracket's leg."""


class Causes:
    """The events of one link that may cause later ones, by their ids."""

    def __init__(self) -> None:
        self._created: str | None = None
        self._step: str | None = None
        self._stopping: str | None = None
        self._window: str | None = None
        self._breach: str | None = None
        self._tick: tuple[str | None, str] | None = None
        self._wanted: dict[str, str] = {}
        self._orders: dict[str, str] = {}

    def of(self, kind: str, payload: Mapping[str, Any], corr_id: str | None) -> str | None:
        """Return the id of the event that caused this one; None when that was no event of this link.

        `corr_id` is what the event itself names, None when nobody asked for it.
        """
        match kind:
            case "run.Started":
                return self._created
            case "run.Stopping":
                return self._breach if corr_id is None else None
            case "run.Stopped" | "run.Completed" | "run.Error":
                return self._stopping or self._step
            case "data.WindowReady":
                return self._step
            case "backtest.WindowCompleted":
                return self._window
            case "strategy.DecisionMade" | "data.Missing" | "risk.Breached":
                return self._tick[1] if self._tick and self._tick[0] == corr_id else None
            case "risk.Refused":
                order_id = str(payload.get("order_id"))
                return self._wanted.get(order_id) or self._orders.get(_AFTER_ANOTHER.sub("", order_id))
            case "orders.Created":
                return self._wanted.get(_order_id(payload)) or self._orders.get(str(payload.get("parent_id"))) or self._stopping
            case _ if kind.startswith("orders."):
                return self._orders.get(_order_id(payload)) or self._wanted.get(_order_id(payload))
            case _:
                return None

    def note(self, kind: str, payload: Mapping[str, Any], corr_id: str | None, event_id: str) -> None:
        """Remember an event for those that it will cause."""
        match kind:
            case "run.Created":
                self._created = self._step = event_id
            case "run.Started" | "backtest.WindowCompleted":
                self._step = event_id
            case "run.Stopping":
                self._stopping = event_id
            case "data.WindowReady":
                self._window = event_id
            case "clock.Tick":
                self._tick, self._step, self._breach = (corr_id, event_id), event_id, None
            case "strategy.DecisionMade":
                self._step = event_id
                self._wanted = dict.fromkeys(map(str, payload.get("orders") or ()), event_id)
            case "risk.Breached":
                self._breach = event_id
            case _ if kind.startswith("orders."):
                self._orders[_order_id(payload)] = event_id
            case _:
                return


def _order_id(payload: Mapping[str, Any]) -> str:
    return str(payload.get("id"))
