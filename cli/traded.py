"""The JSON that `weaver trade` and the demo print of a run that traded."""

from collections.abc import Iterable

from weaver.documents.accounts import position_document
from weaver.documents.orders import fill_document, order_document
from weaver.documents.runs import error_document
from weaver.documents.values import dumped, optional_decimal
from weaver.walle.model import RunError, RunRecord
from weaver.walle.run_money import RunMoney, account_of
from weaver.walle.trading_model import FillRecord, OrderRecord

Document = dict[str, object]


def traded_document(
    run: RunRecord, money: RunMoney, orders: Iterable[OrderRecord], fills: Iterable[FillRecord], error: RunError | None
) -> Document:
    """Return what `weaver trade --json` prints."""
    account = account_of(run)
    document: Document = {
        "run_id": run.id,
        "status": run.status.value,
        "equity": optional_decimal(run.equity if money.equity is None else money.equity),
        "realised_pnl": optional_decimal(money.realised),
        "unrealised_pnl": optional_decimal(money.unrealised),
        "orders": dumped(order_document(order) for order in orders),
        "fills": dumped(fill_document(fill) for fill in fills),
        "positions": dumped(position_document(one, account, money.marks.get(one.symbol)) for one in money.positions),
    }
    if error:
        document["error"] = error_document(error).model_dump()
    return document
