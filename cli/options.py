"""The flags of a run, as annotated types; their names and defaults are RunCreate's, which checks the values."""

from pathlib import Path
from typing import Annotated

import typer


def _option(text: str, *names: str, panel: str | None = None) -> typer.models.OptionInfo:
    return typer.Option(*names, help=text, show_default=False, rich_help_panel=panel)


_COSTS = "Costs (absent: none)"

Symbols = Annotated[list[str] | None, _option("Symbol of stored bars; may be given several times.")]
TimeframeText = Annotated[str | None, _option("Length of a bar: 1m, 15m, 1h, 1d ... (default 1d)")]
Start = Annotated[str | None, _option("First bar start, inclusive; UTC unless it has a zone. Default: the first bar.")]
End = Annotated[str | None, _option("First bar start that is no longer part of the run. Default: after the last bar.")]
Params = Annotated[list[str] | None, _option("Parameter as name=value; may be given several times.")]
Cash = Annotated[str | None, _option("Cash at the start (default 100000).")]
CommissionBps = Annotated[str | None, _option("Basis points of quantity x fill price.", panel=_COSTS)]
CommissionPerShare = Annotated[str | None, _option("Money a unit.", panel=_COSTS)]
CommissionPerOrder = Annotated[str | None, _option("Money once an order.", panel=_COSTS)]
CommissionMin = Annotated[str | None, _option("At least this much an order with a fill.", panel=_COSTS)]
SlippageBps = Annotated[str | None, _option("Basis points of the price, always adverse.", panel=_COSTS)]
SlippageVolumeShare = Annotated[str | None, _option("Times (quantity / bar volume)^2 of the price.", panel=_COSTS)]
ParticipationCap = Annotated[str | None, _option("Largest share of a bar's volume that fills; 0.1 = 10 %.", panel=_COSTS)]
AllowShort = Annotated[bool | None, _option("Allow short positions.", "--allow-short")]
Fractional = Annotated[bool | None, _option("Lots of 1e-6 shares instead of whole shares.", "--fractional")]
Leverage = Annotated[str | None, _option("Largest gross exposure, in multiples of equity (default 1).")]
WindowBars = Annotated[str | None, _option("Steps a window; the result does not depend on it.")]
RunId = Annotated[str | None, _option("Id of the run; made up when absent.", "--id")]
Tags = Annotated[list[str] | None, _option("Tag to find the run by; may be given several times.")]
RequestFile = Annotated[Path | None, _option("JSON file with the run's fields; flags win over it.")]
