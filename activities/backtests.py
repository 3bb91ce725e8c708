"""Pins, replays and sums up backtests. Runs in single-slot processes: the user's code works here, and the CPU."""

import contextvars
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
from temporalio import activity
from temporalio.exceptions import ApplicationError, CancelledError

from activities.beacon import Beacon
from activities.failures import translated
from activities.memory import give_back
from activities.plans import Plan
from activities.prepared import PreparedPlans
from activities.replaying import replay, with_open_orders
from activities.steps import FINISH, RESOLVE, WINDOW, BacktestSteps
from weaver.errors import BadInput, StrategyBroken, Unavailable
from weaver.greta.engine import Pulse as EnginePulse
from weaver.greta.records import Window
from weaver.greta.results import summarise
from weaver.greta.seen import seen_bars
from weaver.greta.state import EngineState
from weaver.market import Calendar, Timeframe, from_microseconds
from weaver.marvin.guard import user_code
from weaver.marvin.loader import Library, build
from weaver.walle.bars import Catalogue
from weaver.walle.model import Counts, RunRecord, StoredResult, StrategySourceRecord
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from weaver.walle.results import RunFiles
from workflows.inputs import Event, Finished, FinishTask, Progress, Pulse, Resolved, ResolveTask, WindowDone, WindowTask


class Backtests(BacktestSteps):
    """Works on WallE's records, bars and run files. `folders` hold drop-in strategies, besides the built-in ones."""

    def __init__(
        self, *, records: Records, queries: Queries, catalogue: Catalogue, results: str, folders: Sequence[Path], beacon: Beacon
    ) -> None:
        self._records = records
        self._queries = queries
        self._catalogue = catalogue
        self._results = results
        self._folders = folders
        self._beacon = beacon
        self._plans = PreparedPlans(catalogue, queries, beacon)

    @activity.defn(name=RESOLVE, no_thread_cancel_exception=True)
    def resolve(self, task: ResolveTask) -> Resolved:
        request = task.request
        with self._working(request.strategy, lambda: 0, lambda: None):
            source = Library.open(self._folders).source(request.strategy)
            with self._beacon.user_code():
                loaded = build(source)
                params = loaded.parse_params(request.params)
                strategy = loaded.create(params)
                with user_code(request.strategy, loaded.filenames):
                    warmup = int(strategy.warmup())
                    stored_params: dict[str, Any] = params.model_dump(mode="json")
            if loaded.meta.symbols == "one" and len(request.symbols) > 1:
                raise BadInput(
                    f"symbols = {request.symbols}: expected one symbol, since '{request.strategy}' trades one. "
                    'A strategy for several says so in META: symbols="many".',
                    field="symbols",
                )
            pin = self._catalogue.pin(request.symbols, Timeframe(request.timeframe), start=request.start, end=request.end, warmup=warmup)
            plan = Plan.of(request, sha256=source.sha256, params=stored_params, pin=pin)
            now = datetime.now(UTC)
            self._records.save_source(StrategySourceRecord(sha256=source.sha256, strategy=source.id, source=source.to_json(), saved_at=now))
            known = self._queries.run(task.run_id)
            self._records.register_run(_pinned(known, plan))
            reference = RunFiles(self._results, task.run_id).write_text("plan", plan.to_json())
        return Resolved(
            plan=reference,
            strategy_sha256=source.sha256,
            fingerprint=pin.fingerprint,
            bars_total=pin.bars,
            warmup=warmup,
        )

    @activity.defn(name=WINDOW, no_thread_cancel_exception=True)
    def window(self, task: WindowTask) -> WindowDone:
        pulse = EnginePulse()
        files = RunFiles(self._results, task.run_id)
        beats: list[Pulse] = []
        with self._working(task.strategy, lambda: pulse.steps, lambda: beats[0] if beats else None):
            done = self._replayed(task, files, pulse, beats)
            if done.is_last:
                self._plans.release()  # before the rows become files, so that both are never held
            files.write_window(task.number, done.window)
            reference = files.write_text("state", done.state.to_json())
            progress = done.progress
            self._records.set_progress(
                task.run_id,
                bars_done=progress.bars_done,
                bars_total=progress.bars_total,
                equity=progress.equity,
                at=datetime.now(UTC),
                windows=progress.windows,
            )
        return WindowDone(
            state=reference,
            next_step=done.state.step,
            is_last=done.is_last,
            progress=progress,
            events=[
                Event(type="data.WindowReady", payload={"run_id": task.run_id} | done.range),
                Event(type="backtest.WindowCompleted", payload={"run_id": task.run_id} | _completed(progress)),
            ],
        )

    def _replayed(self, task: WindowTask, files: RunFiles, pulse: EnginePulse, beats: list[Pulse]) -> "_Replayed":
        """Replay the window, or what can be done of it; a stopped one ends with its open orders."""
        plan = Plan.model_validate_json(files.read_text(task.plan))
        prepared = self._plans.get(task.plan, plan)
        feed, total = prepared.feed, plan.pin.bars
        with self._beacon.user_code():
            state = EngineState.from_json(files.read_text(task.state)) if task.state else prepared.first_state()
            pulse.base = state.step

            def is_cut() -> bool:
                beats[:] = [Pulse(bars_done=prepared.bars_until(min(pulse.steps, feed.steps)), bars_total=total)]
                return activity.is_cancelled()

            state, window = replay(prepared, state, steps=task.steps, pulse=pulse, is_cut=is_cut)
        whole = state.step == min(task.first_step + task.steps, feed.steps)
        if not whole and (not _is_asked_to_stop() or state.step == task.first_step):
            raise _unfinished()
        files.write_seen(task.number, seen_bars(feed, task.first_step, state.step))
        is_last = state.step == feed.steps
        if is_last or not whole:
            window = with_open_orders(prepared, state, window)
        bars_done, totals = prepared.bars_until(state.step), state.totals
        return _Replayed(
            state=state,
            window=window,
            is_last=is_last,
            progress=Progress(
                bars_done=bars_done,
                bars_total=total,
                windows=task.number + 1,
                equity=_money(window.equity.equity[-1]),
                orders=totals.orders + len(state.orders),
                fills=totals.fills,
                trades=totals.trades,
            ),
            range={
                "symbols": plan.symbols,
                "from": _iso(int(feed.starts[task.first_step])),
                "to": _iso(int(feed.times[state.step - 1])),
                "bars": bars_done - prepared.bars_until(task.first_step),
                "fingerprint": plan.pin.fingerprint,
            },
        )

    @activity.defn(name=FINISH, no_thread_cancel_exception=True)
    def finish(self, task: FinishTask) -> Finished:
        files = RunFiles(self._results, task.run_id)
        with self._working(task.strategy, lambda: 0, lambda: None):
            plan = Plan.model_validate_json(files.read_text(task.plan))
            state = EngineState.from_json(files.read_text(task.state))
            if task.is_partial and state.orders:
                prepared = self._plans.get(task.plan, plan)
                last = files.read_windows(task.windows)[-1]
                files.write_window(task.windows - 1, with_open_orders(prepared, state, last))
            whole = Window(equity=files.equity(task.windows), fills=files.fills(task.windows), trades=files.trades(task.windows))
            times = whole.equity.times
            if len(times) != state.step:
                # A window's file was replaced by an attempt that did not know it was given up.
                raise Unavailable(f"The windows of run '{task.run_id}' hold {len(times)} steps, its state is at {state.step}.")
            calendars = {pin.calendar for pin in plan.pin.series}
            calendar = Calendar.ALWAYS if Calendar.ALWAYS in calendars else Calendar.XNYS
            outcome = summarise([whole], state, initial_cash=float(plan.cash), calendar=calendar)
            bars = self._queries.run(task.run_id).bars_done if task.is_partial else plan.pin.bars
            final_equity = _money(whole.equity.equity[-1])
            self._records.save_result(
                task.run_id,
                StoredResult(
                    run_id=task.run_id,
                    result_digest=outcome.digest,
                    provenance=plan.provenance,
                    start_time=from_microseconds(int(times[0])),
                    end_time=from_microseconds(int(times[-1])),
                    timeframe=plan.timeframe,
                    symbols=tuple(plan.symbols),
                    final_equity=final_equity,
                    counts=Counts(bars=bars, windows=task.windows, orders=outcome.orders, fills=outcome.fills, trades=outcome.trades),
                    duration_ms=max(0, round((datetime.now(UTC) - task.started_at).total_seconds() * 1000)),
                    stats=asdict(outcome.statistics),
                ),
            )
        return Finished(result_digest=outcome.digest, final_equity=final_equity)

    @contextmanager
    def _working(self, strategy: str, steps: Callable[[], int], pulse: Callable[[], Pulse | None]) -> Generator[None]:
        """Report to the parent and to Temporal while inside, and let errors out as Temporal's."""
        give_back()  # what the activity before left
        info = activity.info()
        context = contextvars.copy_context()

        def beat() -> None:
            now = pulse()
            context.run(activity.heartbeat, *([now] if now else []))

        with (
            translated(),
            self._beacon.activity(
                token=info.task_token,
                activity=info.activity_type,
                strategy=strategy,
                attempt=info.attempt,
                steps=steps,
                beat=beat,
            ),
        ):
            try:
                yield
            except SystemExit as leaving:  # a strategy's sys.exit() must not end the worker
                raise StrategyBroken(f"SystemExit: {leaving}", strategy=strategy) from leaving


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Replayed:
    """A window by itself, without the bars it came from; `range` says which those were."""

    state: EngineState
    window: Window
    is_last: bool
    progress: Progress
    range: dict[str, Any]


def _is_asked_to_stop() -> bool:
    details = activity.cancellation_details()
    return details is not None and details.cancel_requested


def _unfinished() -> Exception:
    """Return how a window ends that has nothing to hand in: cancelled, or to be done again by another process."""
    if _is_asked_to_stop():
        return CancelledError("stopped")
    return ApplicationError("the process ends before the window is done", type="WorkerStopping")


def _pinned(known: RunRecord, plan: Plan) -> RunRecord:
    return RunRecord(
        id=known.id,
        strategy=plan.strategy,
        strategy_sha256=plan.strategy_sha256,
        mode=known.mode,
        status=known.status,
        symbols=tuple(plan.symbols),
        timeframe=plan.timeframe,
        params=plan.params,
        bars_total=plan.pin.bars,
        created_at=known.created_at,
        temporal_run_id=known.temporal_run_id,
    )


def _completed(progress: Progress) -> dict[str, Any]:
    return {
        "progress": {"bars_done": progress.bars_done, "bars_total": progress.bars_total, "pct": round(progress.percent, 3)},
        "equity": str(progress.equity),
        "counts": {"windows": progress.windows, "orders": progress.orders, "fills": progress.fills, "trades": progress.trades},
    }


def _money(amount: float | np.float64) -> Decimal:
    """Return the shortest decimal that reads back as this float."""
    return Decimal(repr(float(amount)))


def _iso(microseconds: int) -> str:
    return from_microseconds(microseconds).isoformat().replace("+00:00", "Z")
