"""The demo's second half: half a minute of trading on the simulated exchange, with made-up prices and no keys."""

import asyncio

import typer

from cli.checks import check_trade
from cli.errors import RUN_ERROR
from cli.render import say, show
from cli.stack import Server
from cli.traded import Document, traded_document
from cli.trading_outcome import show_traded
from cli.trading_records import required_trading
from weaver.glados.requests import RunCreate
from weaver.settings import Settings
from weaver.walle.model import RunRecord
from weaver.walle.run_money import RunMoney, money_of
from weaver.walle.trading_model import FillRecord, OrderRecord

SYMBOL = "SIM/USD"
REQUEST = RunCreate.model_validate(
    {
        "strategy": "sma-cross",
        "mode": "paper",
        "symbols": [SYMBOL],
        "timeframe": "1s",
        "params": {"fast": 2, "slow": 5, "quantity": 1},
        "for": "30s",
        "at_end": "flatten",
        "tags": ["demo"],
    }
)


class Traded:
    """What the demo's run came to."""

    def __init__(self, run: RunRecord, money: RunMoney, orders: list[OrderRecord], fills: list[FillRecord]) -> None:
        self.run = run
        self._money = money
        self._orders = orders
        self._fills = fills

    def document(self) -> Document:
        """Return it as `weaver trade --json` does."""
        return traded_document(self.run, self._money, self._orders, self._fills, None)

    def show(self) -> None:
        """Print it as tables."""
        show("")
        show_traded(self.run, self._money, self._orders, self._fills)


def trade(where: Server, settings: Settings) -> Traded:
    """Trade half a minute and return what it came to. Raises typer.Exit when the run ends in error."""
    from cli.trading import Watching, trade_to_end  # Temporal's SDK is loaded by now

    check_trade(REQUEST, settings)
    say(f"Now {REQUEST.strategy} trades {SYMBOL} on the simulated exchange for {REQUEST.duration}, a bar a second:")
    ended = asyncio.run(trade_to_end(where, REQUEST, settings, Watching()))
    if ended is None:
        raise KeyboardInterrupt
    if ended.error:
        say(f"Run {ended.run_id} ended in error ({ended.error.code}): {ended.error.message}")
        raise typer.Exit(RUN_ERROR)
    with required_trading(settings, "run", ended.run_id) as records:
        run = records.runs.run(ended.run_id)
        return Traded(run, money_of(records, run), records.orders(run_id=run.id), records.fills(run_id=run.id))
