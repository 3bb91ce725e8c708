"""`weaver backtest`: run a strategy over stored bars, by flags, by a request file, or both."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from typing import Annotated, Any

import typer

from cli import options
from cli.checks import check_request
from cli.context import AsJson, read_settings, required_runs
from cli.errors import RUN_ERROR
from cli.outcome import backtest_document, show_result
from cli.render import emit, say
from cli.requests import create, parse_params, read_file, zoneless
from cli.stack import Server, running_server, server
from weaver.errors import BadValue, NotFound
from weaver.glados.requests import RunCreate
from weaver.glados.runs import RunStatus
from weaver.settings import Settings


def add_to(app: typer.Typer) -> None:
    app.command("backtest")(backtest)


def backtest(
    strategy: Annotated[str | None, typer.Argument(help="Id of a strategy; see: weaver strategies", show_default=False)] = None,
    symbol: options.Symbols = None,
    timeframe: options.TimeframeText = None,
    start: options.Start = None,
    end: options.End = None,
    param: options.Params = None,
    cash: options.Cash = None,
    commission_bps: options.CommissionBps = None,
    commission_per_share: options.CommissionPerShare = None,
    commission_per_order: options.CommissionPerOrder = None,
    commission_min: options.CommissionMin = None,
    slippage_bps: options.SlippageBps = None,
    slippage_volume_share: options.SlippageVolumeShare = None,
    participation_cap: options.ParticipationCap = None,
    allow_short: options.AllowShort = None,
    fractional: options.Fractional = None,
    leverage: options.Leverage = None,
    window_bars: options.WindowBars = None,
    id: options.RunId = None,
    tag: options.Tags = None,
    file: options.RequestFile = None,
    detach: Annotated[bool, typer.Option("--detach", help="Start it on the running stack and return at once.")] = False,
    as_json: AsJson = False,
) -> None:
    """Backtest a strategy over stored bars and show the result.

    With no server running, an embedded one is started for the run; WEAVER_TEMPORAL_ADDRESS names another one.

    Example: weaver backtest sma-cross --symbol AAPL --start 2004-01-01 --end 2013-01-01 --param fast=10 --param slow=30
    """
    flags: dict[str, Any] = {
        "strategy": strategy,
        "symbols": symbol,
        "timeframe": timeframe,
        "start": start,
        "end": end,
        "cash": cash,
        "allow_short": allow_short,
        "fractional": fractional,
        "leverage": leverage,
        "window_bars": window_bars,
        "id": id,
        "tags": tag,
    }
    costs = {
        "commission_bps": commission_bps,
        "commission_per_share": commission_per_share,
        "commission_per_order": commission_per_order,
        "commission_min": commission_min,
        "slippage_bps": slippage_bps,
        "slippage_volume_share": slippage_volume_share,
        "participation_cap": participation_cap,
    }
    fields = read_file(file) if file else {}
    fields |= _given(flags)
    _merge(fields, "costs", _given(costs))
    _merge(fields, "params", parse_params(param or []))
    request = create(fields)
    if request.mode not in (None, "backtest"):
        raise BadValue("mode", request.mode, "backtest")
    settings = read_settings()
    for name in zoneless(fields):
        say(f"{name} {fields[name]} has no time zone: taken as UTC.")
    check_request(request, settings)
    if detach:
        _start_only(request, settings, as_json=as_json)
    else:
        _run(request, settings, as_json=as_json)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _merge(fields: dict[str, Any], name: str, values: Mapping[str, Any]) -> None:
    """Put single values over those of the file; a file that holds no object there is left for RunCreate to refuse."""
    present = fields.get(name, {})
    if values and isinstance(present, dict):
        fields[name] = {**present, **values}


def _start_only(request: RunCreate, settings: Settings, *, as_json: bool) -> None:
    with running_server(settings) as where:
        from cli.running import start  # Temporal's SDK is loaded once it is known that there is somebody to talk to

        run_id = asyncio.run(start(where, request))
    if where.is_ours and not where.lasts:
        say("The stack that runs now ends with the command that started it; the run goes on when one runs again: weaver up")
    if as_json:
        emit({"run_id": run_id, "status": RunStatus.PENDING.value})
    else:
        say(f"Started {run_id}. Follow it: weaver runs show {run_id}. Stop it: weaver runs stop {run_id}")


def _run(request: RunCreate, settings: Settings, *, as_json: bool) -> None:
    with server(settings, started_by="weaver backtest", meanwhile=_load_sdk) as where:
        from cli.running import run_to_end

        started: list[str] = []
        try:
            ended = asyncio.run(run_to_end(where, request, started.append))
        except KeyboardInterrupt:
            _say_how_to_go_on(started, where)
            raise
    result = None
    with required_runs(settings, ended.run_id) as queries:
        run = queries.run(ended.run_id)
        with suppress(NotFound):  # it ended before it had anything to sum up
            result = queries.result(ended.run_id)
    if as_json:
        emit(backtest_document(ended.run_id, ended.status.value, result, ended.error))
    elif result:
        show_result(run, result)
    if ended.error:
        place = f"{ended.error.file}:{ended.error.line}: " if ended.error.file else ""
        say(f"Run {ended.run_id} ended in error ({ended.error.code}): {place}{ended.error.message}")
        raise typer.Exit(RUN_ERROR)
    if not as_json:
        say(f"More: weaver runs fills|trades|equity|decisions {ended.run_id}; as a page: weaver report {ended.run_id} --html report.html")


def _load_sdk() -> None:
    """Load Temporal's SDK while the stack starts."""
    import_module("cli.running")


def _say_how_to_go_on(started: list[str], where: Server) -> None:
    for run_id in started:
        goes_on = "It goes on" if where.lasts else "Its stack ends now; it goes on when one runs again (weaver up)"
        say(f"No longer waiting for {run_id}. {goes_on}. Look: weaver runs show {run_id}. Stop it: weaver runs stop {run_id}")
