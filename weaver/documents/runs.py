"""Runs as programs get them."""

from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from pydantic import Field

from weaver.documents.accounts import Position, position_document
from weaver.documents.orders import Order, order_document
from weaver.documents.values import Amount, Document, Moment, decimal_text, optional_decimal, optional_time, time_text
from weaver.glados.runs import RunStatus, actions
from weaver.walle.model import RunError, RunRecord
from weaver.walle.run_money import RunMoney, account_of


class RunProblem(Document):
    """Why a run ended in error."""

    message: str
    code: str = Field(examples=["strategy_broken"])
    file: str | None = None
    line: int | None = Field(default=None, description="in `file`, from 1")


class Progress(Document):
    """How far a run is. Bars are counted over all symbols, warm-up excluded."""

    bars_done: int
    bars_total: int | None = Field(description="null while it is not known, and in paper and live runs")
    pct: float | None = Field(description="0 to 100 of a backtest, 0 while the total is not known; null in paper and live runs")
    windows: int
    bars_per_s: float | None = Field(default=None, description="of a backtest, on average since it started")
    eta_s: float | None = Field(default=None, description="of a running backtest: seconds to its end at that speed")


class Run(Document):
    """One run. Its id is its workflow id."""

    id: str = Field(examples=["my-run"])
    strategy: str = Field(examples=["sma-cross"])
    strategy_sha256: str | None = Field(description="digest of the text that the run is pinned to")
    mode: str = Field(description="backtest, paper or live", examples=["backtest"])
    status: RunStatus
    symbols: list[str]
    timeframe: str
    params: dict[str, Any] = Field(description="as they hold now")
    config: dict[str, Any] = Field(description="the RunCreate that it was started with; of a run whose input was refused, what was given")
    error: RunProblem | None
    progress: Progress
    equity: Amount | None = Field(description="the newest that is known")
    created_at: Moment
    started_at: Moment | None
    stopped_at: Moment | None
    actions: list[str] = Field(description="what may be asked of it now: start, pause, resume, stop, set_params, delete")
    tags: list[str]
    account: str | None = Field(default=None, description="of a paper or live run: <adapter>-<mode>")
    temporal_url: str | None = Field(default=None, description="the run in the Temporal UI, where its address is known")


class Live(Document):
    """What only the workflow of an open paper or live run knows."""

    next_tick: Moment | None = Field(description="the end of the bar that is waited for")
    positions: dict[str, Amount]
    working_orders: dict[str, str] = Field(description="id to status")
    last_decision: Moment | None
    pause_reason: str | None
    ignored: list[str] = Field(default_factory=list, description="the last messages that its status forbade")


class RunDetail(Run):
    """A run with its money and, while it is open, what its workflow says of itself."""

    budget: Amount | None = Field(default=None, description="of a paper or live run, as the others below, by its own fills")
    cash: Amount | None = None
    realised_pnl: Amount | None = None
    unrealised_pnl: Amount | None = None
    positions: list[Position] = Field(default_factory=list[Position])
    working_orders: list[Order] = Field(default_factory=list[Order])
    live: Live | None = Field(default=None, description="null for a run that has ended, and when nobody answers")
    live_error: str | None = Field(default=None, description="why nobody answers")


def run_document(run: RunRecord, ui: str | None = None) -> Run:
    """Return a run; `ui` is the place of its namespace in the Temporal UI (see `ui_namespace`)."""
    return Run(**_fields(run, ui))


def run_detail(
    run: RunRecord, money: RunMoney | None = None, *, live: Live | None = None, live_error: str | None = None, ui: str | None = None
) -> RunDetail:
    """Return a run with its money, if it trades, and what its workflow says."""
    fields: dict[str, Any] = {**_fields(run, ui), "live": live, "live_error": live_error}
    if money is not None:
        account = account_of(run)
        fields |= {
            "budget": decimal_text(money.budget),
            "cash": decimal_text(money.cash),
            # Where a held symbol has no price: the last that the run knew itself.
            "equity": optional_decimal(run.equity if money.equity is None else money.equity),
            "realised_pnl": optional_decimal(money.realised),
            "unrealised_pnl": optional_decimal(money.unrealised),
            "positions": [position_document(one, account, money.marks.get(one.symbol)) for one in money.positions],
            "working_orders": [order_document(order) for order in money.working],
        }
    return RunDetail(**fields)


def ui_namespace(ui_url: str | None, namespace: str) -> str | None:
    """Return where the Temporal UI shows the runs of a namespace."""
    return None if not ui_url else f"{ui_url.rstrip('/')}/namespaces/{quote(namespace, safe='')}/workflows"


def error_document(error: RunError) -> RunProblem:
    return RunProblem(**asdict(error))


def percent_done(run: RunRecord) -> float:
    return round(100 * run.bars_done / run.bars_total, 2) if run.bars_total else 0.0


def _fields(run: RunRecord, ui: str | None) -> dict[str, Any]:
    return {
        "id": run.id,
        "strategy": run.strategy,
        "strategy_sha256": run.strategy_sha256,
        "mode": run.mode,
        "status": run.status,
        "symbols": list(run.symbols),
        "timeframe": run.timeframe,
        "params": dict(run.params),
        "config": dict(run.config),
        "error": error_document(run.error) if run.error else None,
        "progress": _progress(run),
        "equity": optional_decimal(run.equity),
        "created_at": time_text(run.created_at),
        "started_at": optional_time(run.started_at),
        "stopped_at": optional_time(run.stopped_at),
        "actions": list(actions(run.status, run.mode)),
        "tags": list(run.tags),
        "account": None if run.mode == "backtest" else account_of(run),
        "temporal_url": None if ui is None else f"{ui}/{quote(run.id, safe='')}",
    }


def _progress(run: RunRecord) -> Progress:
    speed = _speed(run)
    left = run.bars_total - run.bars_done if run.bars_total is not None else None
    is_running = run.status is RunStatus.RUNNING
    return Progress(
        bars_done=run.bars_done,
        bars_total=run.bars_total,
        pct=percent_done(run) if run.mode == "backtest" else None,
        windows=run.windows,
        bars_per_s=speed,
        eta_s=round(left / speed, 1) if speed and left is not None and is_running else None,
    )


def _speed(run: RunRecord) -> float | None:
    until = run.stopped_at or run.updated_at
    if run.mode != "backtest" or run.started_at is None or until is None or not run.bars_done:
        return None
    seconds = (until - run.started_at).total_seconds()
    return round(run.bars_done / seconds, 1) if seconds > 0 else None
