"""An exchange that does what a test says, for answers that no venue of ours can be made to give."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, NoReturn

from weaver.broker import Fill, Holding, OrderReport
from weaver.errors import NotFound, WeaverError
from weaver.orders import OrderRequest
from weaver.veda.exchange import AdapterMeta, Context, Exchange

Answer = OrderReport | WeaverError | Callable[[], OrderReport | None] | None


class ScriptedExchange(Exchange):
    """Gives what is next in `submits`, `finds`, `cancels`, and by the venue's ids what is in `known`; `calls` is what it was asked.

    An answer that is an error is raised; one that can be called is called, so that a test sees how things stand at that moment.
    """

    meta = AdapterMeta(id="scripted", name="Scripted", version="1")

    def __init__(self, clock: Any) -> None:
        super().__init__(Context(account="simulated-paper", mode="paper", environment={}, clock=clock))
        self.submits: list[Answer] = []
        self.finds: list[Answer] = []
        self.cancels: list[Answer] = []
        self.known: dict[str, OrderReport] = {}
        self.fills: list[Fill] = []
        self.holdings: list[Holding] = []
        self.calls: list[tuple[str, str]] = []
        self.sent: list[OrderRequest] = []

    async def connect(self, *, trading: bool = True) -> None:
        assert trading

    async def disconnect(self) -> None:
        return

    async def submit(self, order: OrderRequest) -> OrderReport:
        self.calls.append(("submit", order.client_order_id))
        self.sent.append(order)
        answer = _given(self.submits.pop(0))
        assert answer is not None
        return answer

    async def find(self, client_order_id: str) -> OrderReport | None:
        self.calls.append(("find", client_order_id))
        return _given(self.finds.pop(0))

    async def cancel(self, exchange_order_id: str) -> None:
        self.calls.append(("cancel", exchange_order_id))
        _given(self.cancels.pop(0))

    async def order(self, exchange_order_id: str) -> OrderReport:
        self.calls.append(("order", exchange_order_id))
        if exchange_order_id not in self.known:
            raise NotFound("order", exchange_order_id)
        return self.known[exchange_order_id]

    async def fills_since(self, time: datetime) -> list[Fill]:
        return [fill for fill in self.fills if fill.time >= time]

    async def positions(self) -> list[Holding]:
        return self.holdings

    async def _nothing(self, *_: object, **__: object) -> NoReturn:
        raise AssertionError("sending and cancelling an order asks for nothing else")

    account = open_orders = orders_since = bars = latest_bar = quote = clock = calendar = _nothing
    trade_updates = bar_updates = _nothing


def a_holding(symbol: str, quantity: Decimal) -> Holding:
    return Holding(symbol=symbol, quantity=quantity, available=quantity, average_entry_price=None, market_value=None, unrealized_pnl=None)


def _given(answer: Answer) -> OrderReport | None:
    if isinstance(answer, WeaverError):
        raise answer
    if answer is None or isinstance(answer, OrderReport):
        return answer
    return answer()
