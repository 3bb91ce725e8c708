"""The strategy and the adapter of the chaos run, as files that are dropped in."""

BUSY = '''
"""Wants much of every symbol at each bar: something at once, some to rest, some to be cancelled and changed.

Its purchases and sales never meet, which the venue would refuse: only purchases rest, and what is to be filled at once waits for the
last such order of its symbol.
"""
from decimal import Decimal

from weaver.marvin import Buy, Cancel, Replace, Sell, Side, Strategy, StrategyMeta, StrategyParams

META = StrategyMeta(id="busy", name="Busy", symbols="many")


class Busy(Strategy[StrategyParams]):
    def decide(self, view):
        for symbol in view.symbols:
            seen = view[symbol]
            if not seen.fresh:
                continue
            close = Decimal(str(seen.close))
            priced = [order for order in seen.working_orders if order.limit]
            for number, order in enumerate(order for order in priced if order.side is Side.BUY):
                if number % 2:
                    yield Replace(order, limit=(close * Decimal("0.55")).quantize(Decimal("0.01")))
                else:
                    yield Cancel(order)
            yield Buy(Decimal("0.1"), symbol=symbol, limit=(close * Decimal("0.5")).quantize(Decimal("0.01")))
            yield Buy(Decimal("0.1"), symbol=symbol, limit=(close * Decimal("0.6")).quantize(Decimal("0.01")))
            if any(order.limit > 0.9 * seen.close for order in priced):
                continue
            if seen.position.quantity > 0.15:
                yield Sell(Decimal("0.1"), symbol=symbol, limit=(close * Decimal("0.95")).quantize(Decimal("0.01")))
            else:
                yield Buy(Decimal("0.2"), symbol=symbol, limit=(close * Decimal("1.05")).quantize(Decimal("0.01")))
'''

MORTAL = '''
"""Alpaca's adapter with one more way to die: before an order is sent. Its time-outs are short, so that silence costs little."""
from weaver.orders import OrderRequest
from weaver.veda import AdapterMeta, Context, OrderReport
from weaver.veda.adapters.alpaca import Alpaca
from weaver.veda.alpaca_parts.settings import Timing

from tests.chaos.trading.points import die_at
from tests.chaos.trading.worker import deaths

META = AdapterMeta(
    id="mortal",
    name="Alpaca, mortal",
    features=("equity_brackets", "crypto_data_without_keys", "crypto_fee_in_kind", "exits_hold_positions"),
    modes=("paper",),
    credentials=("ALPACA_{MODE}_API_KEY", "ALPACA_{MODE}_API_SECRET"),
    options=("ALPACA_{MODE}_BASE_URL", "ALPACA_{MODE}_STREAM_URL", "ALPACA_DATA_BASE_URL", "ALPACA_DATA_STREAM_URL"),
)


class Mortal(Alpaca):
    def __init__(self, context: Context) -> None:
        super().__init__(context, TIMING)

    async def submit(self, order: OrderRequest) -> OrderReport:
        die_at(deaths(), "before POST")
        return await super().submit(order)


TIMING = Timing(read=2.0)
'''
