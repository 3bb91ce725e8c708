"""The flags of paper and live runs and of orders, as annotated types; the models check the values."""

from typing import Annotated

import typer


def _option(text: str, *names: str) -> typer.models.OptionInfo:
    return typer.Option(*names, help=text, show_default=False)


Mode = Annotated[str | None, _option("paper or live (default paper).")]
Adapter = Annotated[str | None, _option("Where it trades; see: weaver adapters (default simulated).")]
Symbols = Annotated[list[str] | None, _option("Symbol, such as SIM/USD; may be given several times.", "--symbol")]
TimeframeText = Annotated[str | None, _option("Length of a bar: 5s, 1m, 15m, 1h, 1d ... (default 1d)")]
Duration = Annotated[str | None, _option("How long it trades: 90s, 2m, 8h, 5d; until stopped when absent.", "--for")]
AtEnd = Annotated[str | None, _option("At the end: cancel working orders, keep them, or flatten (default cancel).")]
Cash = Annotated[str | None, _option("The run's budget (default 100000; needed in live).")]
Risk = Annotated[list[str] | None, _option("Limit of this run as name=value, such as max_position=500; may be repeated.")]
StartPaused = Annotated[bool | None, _option("Prepare only; trade from weaver runs start on.", "--start-paused")]
ConfirmLive = Annotated[bool | None, _option("Say that real money is meant; live needs it.", "--confirm-live")]

Account = Annotated[str, typer.Option(help="Account: <adapter>-<mode>.")]
Type = Annotated[str | None, _option("market, limit, stop, stop_limit or trailing_stop; found from the prices when absent.", "--type")]
Limit = Annotated[str | None, _option("Limit price.")]
Stop = Annotated[str | None, _option("Stop price.")]
Trail = Annotated[str | None, _option("Distance of a trailing stop, in money.")]
TrailPercent = Annotated[str | None, _option("Distance of a trailing stop, in percent.")]
TimeInForce = Annotated[str | None, _option("day, gtc, ioc or fok (default day; gtc for symbols with a slash).", "--tif")]
ExtendedHours = Annotated[bool | None, _option("Also outside the session.", "--extended-hours")]
TakeProfit = Annotated[str | None, _option("Exit with a gain at this price, once filled.")]
StopLoss = Annotated[str | None, _option("Exit with a loss at this price, once filled.")]
Quantity = Annotated[str | None, _option("Units of the whole order, fills included.")]
