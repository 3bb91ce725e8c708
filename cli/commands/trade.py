"""`weaver trade`: run a strategy on an exchange, with made-up or real money, by flags, by a request file, or both."""

import asyncio
from importlib import import_module
from typing import Annotated, Any, cast

import typer

from cli import options, trading_options
from cli.checks import check_trade
from cli.context import AsJson, read_settings
from cli.errors import RUN_ERROR
from cli.render import emit, say
from cli.requests import parse_params, read_file, zoneless
from cli.stack import Server, running_server, server
from cli.traded import traded_document
from cli.trading_outcome import show_traded
from cli.trading_records import trading_records
from cli.trading_requests import create_trading, given, parse_risk
from weaver.documents.runs import error_document
from weaver.glados.requests import RunCreate
from weaver.glados.runs import RunStatus
from weaver.settings import Settings
from weaver.walle.model import RunError
from weaver.walle.run_money import money_of


def add_to(app: typer.Typer) -> None:
    app.command("trade")(trade)


def trade(
    strategy: Annotated[str | None, typer.Argument(help="Id of a strategy; see: weaver strategies", show_default=False)] = None,
    mode: trading_options.Mode = None,
    adapter: trading_options.Adapter = None,
    symbol: trading_options.Symbols = None,
    timeframe: trading_options.TimeframeText = None,
    param: options.Params = None,
    duration: trading_options.Duration = None,
    at_end: trading_options.AtEnd = None,
    cash: trading_options.Cash = None,
    risk: trading_options.Risk = None,
    allow_short: options.AllowShort = None,
    fractional: options.Fractional = None,
    leverage: options.Leverage = None,
    start_paused: trading_options.StartPaused = None,
    confirm_live: trading_options.ConfirmLive = None,
    id: options.RunId = None,
    tag: options.Tags = None,
    file: options.RequestFile = None,
    detach: Annotated[bool, typer.Option("--detach", help="Start it on the running stack and return at once.")] = False,
    as_json: AsJson = False,
) -> None:
    """Trade a strategy on an exchange and show its orders as they come.

    With no server running, an embedded one is started for the run. Ctrl-C stops the run as --at-end says; a second one
    leaves without waiting. On a stack that lasts (weaver up) the run goes on after --detach.

    Example: weaver trade sma-cross --mode paper --symbol SIM/USD --timeframe 5s --param fast=2 --param slow=5 --for 2m
    """
    flags: dict[str, Any] = {
        "strategy": strategy,
        "mode": mode,
        "adapter": adapter,
        "symbols": symbol,
        "timeframe": timeframe,
        "for": duration,
        "at_end": at_end,
        "cash": cash,
        "allow_short": allow_short,
        "fractional": fractional,
        "leverage": leverage,
        "start_paused": start_paused,
        "confirm_live": confirm_live,
        "id": id,
        "tags": tag,
    }
    fields = read_file(file) if file else {}
    if "duration" in fields and duration is not None:
        del fields["duration"]  # the same field by its other name
    fields |= given(flags)
    _merge(fields, "params", parse_params(param or []))
    _merge(fields, "risk", parse_risk(risk or []))
    request = create_trading(fields)
    settings = read_settings()
    for name in zoneless(fields):
        say(f"{name} {fields[name]} has no time zone: taken as UTC.")
    check_trade(request, settings)
    if detach:
        _start_only(request, settings, as_json=as_json)
    else:
        _run(request, settings, as_json=as_json)


def _merge(fields: dict[str, Any], name: str, values: dict[str, object]) -> None:
    """Put single values over those of the file; a file that holds no object there is left for RunCreate to refuse."""
    present = fields.get(name) or {}
    if values and isinstance(present, dict):
        fields[name] = {**cast(dict[str, object], present), **values}


def _start_only(request: RunCreate, settings: Settings, *, as_json: bool) -> None:
    with running_server(settings) as where:
        from cli.trading import start  # Temporal's SDK is loaded once it is known that there is somebody to talk to

        run_id = asyncio.run(start(where, request))
    if where.is_ours and not where.lasts:
        say("The stack that runs now ends with the command that started it; the run goes on when one runs again: weaver up")
    if as_json:
        emit({"run_id": run_id, "status": RunStatus.PENDING.value})
    else:
        say(f"Started {run_id}. Look: weaver runs show {run_id}. Stop it: weaver runs stop {run_id}")


def _run(request: RunCreate, settings: Settings, *, as_json: bool) -> None:
    with server(settings, started_by="weaver trade", meanwhile=lambda: import_module("cli.trading")) as where:
        from cli.trading import Watching, trade_to_end  # it is loaded by now

        watching = Watching()
        try:
            ended = asyncio.run(trade_to_end(where, request, settings, watching))
        except KeyboardInterrupt:
            _say_how_to_go_on(watching.run_id, where)
            raise
        if ended is None:
            _say_how_to_go_on(watching.run_id, where)
            raise KeyboardInterrupt
    show_ended(ended.run_id, ended.status, ended.error, settings, as_json=as_json)
    if ended.error:
        place = f"{ended.error.file}:{ended.error.line}: " if ended.error.file else ""
        say(f"Run {ended.run_id} ended in error ({ended.error.code}): {place}{ended.error.message}")
        raise typer.Exit(RUN_ERROR)
    if not as_json:
        say(f"More: weaver runs orders|fills|decisions {ended.run_id}")


def show_ended(run_id: str, status: RunStatus, error: RunError | None, settings: Settings, *, as_json: bool) -> None:
    """Print what a run came to; of one that never was on record, as little as is known."""
    with trading_records(settings) as records:
        run = records.known_run(run_id) if records else None
        if records is None or run is None:
            if as_json:
                nothing = {"run_id": run_id, "status": status.value, "equity": None, "orders": [], "fills": [], "positions": []}
                emit(nothing | ({"error": error_document(error).model_dump()} if error else {}))
            return
        orders, fills, money = records.orders(run_id=run_id), records.fills(run_id=run_id), money_of(records, run)
    if as_json:
        emit(traded_document(run, money, orders, fills, error) | {"status": status.value})
    else:
        show_traded(run, money, orders, fills)


def _say_how_to_go_on(run_id: str | None, where: Server) -> None:
    if run_id is None:
        return
    goes_on = "It goes on" if where.lasts else "Its stack ends now; it goes on when one runs again (weaver up)"
    say(f"No longer waiting for {run_id}. {goes_on}. Look: weaver runs show {run_id}. Stop it: weaver runs stop {run_id}")
