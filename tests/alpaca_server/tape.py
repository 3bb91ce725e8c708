"""Where events go: first into the ledger, then to whoever listens."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from .clock import Clock
from .ledger import Entry, Kind, Ledger
from .orders import Order
from .wire import wire_time

Publish = Callable[[str, dict[str, Any]], None]


class Tape:
    """Writes what happens to orders, and tells the account's streams."""

    def __init__(self, clock: Clock, ledger: Ledger, publish: Publish) -> None:
        self.clock = clock
        self.ledger = ledger
        self._publish = publish
        self.tell_requests = False  # whether pending_new, pending_cancel and the like are streamed as well
        self.failures: list[Exception] = []  # what broke inside the venue; the server raises them when it ends

    def later(self, seconds: float, action: Callable[..., None], *arguments: Any) -> None:
        """Do something in `seconds` of real time, but not before the present action is done."""

        def act() -> None:
            try:
                action(*arguments)
            except Exception as error:  # noqa: BLE001 -- kept and raised in the end; on the event loop it would only be logged
                self.failures.append(error)

        loop = asyncio.get_running_loop()
        if seconds > 0:
            loop.call_later(seconds, act)
        else:
            loop.call_soon(act)

    def write(self, kind: Kind, order: Order, **facts: Any) -> Entry:
        """Write an entry about `order`."""
        return self.ledger.write(
            kind,
            time=wire_time(self.clock.stamp()),
            account=order.account,
            symbol=order.symbol,
            side=order.terms.side,
            order_id=order.id,
            client_order_id=order.client_order_id,
            **facts,
        )

    def tell(self, event: str, order: Order, *, execution_id: str | None = None, **facts: Any) -> None:
        """Stream an event with the order as it is now."""
        data = {
            "event": event,
            "execution_id": execution_id or str(uuid4()),
            "timestamp": wire_time(self.clock.stamp()),
            "order": order.body(),
            **facts,
        }
        self._publish(order.account, {"stream": "trade_updates", "data": data})

    def tell_request(self, event: str, order: Order) -> None:
        """Stream an event that most accounts never see, if the test asks for those."""
        if self.tell_requests:
            self.tell(event, order)
