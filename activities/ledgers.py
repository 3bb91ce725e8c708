"""A run's ledger as the engine knows money and orders: floats, and symbols by their place in the run."""

from collections.abc import Collection, Sequence
from decimal import Decimal

from weaver.greta.live import Holdings
from weaver.greta.matching import Legs, Order
from weaver.market import to_microseconds
from weaver.marvin.view import Execution
from weaver.orders import OrderType, Role
from weaver.walle.trading_model import OrderRecord
from workflows.trading_inputs import Ledger

_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT)


def holdings(ledger: Ledger, symbols: Sequence[str], weighted: Collection[str]) -> Holdings:
    """Return what the ledger says of `symbols`. `weighted` are the ids of working orders that target weights placed.

    An order of a symbol that is not the run's (placed by hand in its name) is none of the strategy's affair. Nor are the exits that a
    venue keeps for an entry which still works: in a backtest they live from its fill.
    """
    positions = {position.symbol: position for position in ledger.positions}
    held = [positions.get(symbol) for symbol in symbols]
    index = {symbol: at for at, symbol in enumerate(symbols)}
    entries = {record.id for record in ledger.working}
    living = [record for record in ledger.working if record.role is None or record.parent_id not in entries]
    return Holdings(
        cash=float(ledger.cash),
        quantities=[float(position.quantity) if position else 0.0 for position in held],
        average_prices=[_number(position.average_price) if position and position.quantity else None for position in held],
        working=[_order(record, index[record.symbol], record.id in weighted) for record in living if record.symbol in index],
        executions=[
            Execution(fill.order_id, fill.symbol, fill.side, float(fill.quantity), float(fill.price))
            for fill in ledger.fills
            if fill.symbol in index
        ],
    )


def _order(record: OrderRecord, symbol: int, weighted: bool) -> Order:
    bracket = record.request.is_bracket
    filled = float(record.filled_quantity)
    return Order(
        id=record.id,
        symbol=symbol,
        sign=record.side.sign,
        order_type=record.order_type,
        quantity=float(record.quantity),
        created_at=to_microseconds(record.created_at),
        limit=_number(record.limit_price),
        stop=_number(record.stop_price) if record.order_type in _STOPS else None,  # a venue may say where a trailing stop is
        trail=_number(record.trail),
        trail_percent=_number(record.trail_percent),
        time_in_force=record.time_in_force,
        role=record.role or (Role.ENTRY if bracket else None),
        parent=record.parent_id,
        legs=Legs(_number(record.take_profit), _number(record.stop_loss), _number(record.stop_loss_limit)) if bracket else None,
        reduce_only=record.reduce_only,
        weighted=weighted,
        filled=filled,
        notional=filled * float(record.filled_avg_price or 0),
        status=record.status,
    )


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
