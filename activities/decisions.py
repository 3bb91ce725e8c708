"""Pins the strategies of live runs and asks them. Runs in single-slot processes: the user's code works here."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from temporalio import activity

from activities.beacon import Beacon
from activities.ledgers import holdings
from activities.live_plans import LivePlan, LivePlans
from activities.recorded_bars import RecordedBars
from activities.records import described
from activities.telling import Seen, Told, seen, told
from activities.trading_steps import StrategySteps
from activities.working import working
from weaver.errors import BadInput
from weaver.greta.live import Answer, ask
from weaver.greta.moment import Moment
from weaver.greta.revisions import successor
from weaver.market import Timeframe, to_microseconds
from weaver.marvin.guard import user_code
from weaver.marvin.loader import Library, build
from weaver.marvin.source import StrategySource
from weaver.orders import client_order_id
from weaver.walle.decisions import Decisions
from weaver.walle.model import RunRecord, StrategySourceRecord
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from weaver.walle.results import RunFiles
from weaver.walle.trading_model import DecisionRecord
from workflows.inputs import Event
from workflows.order_inputs import OrderWish
from workflows.trading_inputs import Amendment, DecideTask, Decision, Pinned, PinTask


class LiveDecisions(StrategySteps):
    """Works on WallE's records and recorded bars. `folders` hold drop-in strategies, besides the built-in ones."""

    def __init__(
        self,
        *,
        records: Records,
        queries: Queries,
        decisions: Decisions,
        bars: RecordedBars,
        results: str,
        folders: Sequence[Path],
        beacon: Beacon,
    ) -> None:
        self._records = records
        self._queries = queries
        self._decisions = decisions
        self._bars = bars
        self._results = results
        self._folders = folders
        self._beacon = beacon
        self._plans = LivePlans(results, queries, beacon)

    @activity.defn(name="pin_strategy", no_thread_cancel_exception=True)
    def pin(self, task: PinTask) -> Pinned:
        """Pin the strategy's text and parameters: the file's as it is now, or the text stored under `sha256`.

        `params` are all of them, in place of the request's.
        """
        request = task.request
        raw = request.params if task.params is None else task.params
        with working(self._beacon, request.strategy):
            source = self._source(task)
            with self._beacon.user_code():
                loaded = build(source)
                params = loaded.parse_params(raw)
                strategy = loaded.create(params)
                with user_code(request.strategy, loaded.filenames):
                    warmup = max(0, int(strategy.warmup()))
                    stored: dict[str, Any] = params.model_dump(mode="json")
            if loaded.meta.symbols == "one" and len(request.symbols) > 1:
                raise BadInput(
                    f"symbols = {request.symbols}: expected one symbol, since '{request.strategy}' trades one. "
                    'A strategy for several says so in META: symbols="many".',
                    field="symbols",
                )
            plan = LivePlan.of(request, sha256=source.sha256, params=stored, warmup=warmup)
            now = datetime.now(UTC)
            self._records.save_source(StrategySourceRecord(sha256=source.sha256, strategy=source.id, source=source.to_json(), saved_at=now))
            known = self._queries.run(task.run_id)
            self._records.register_run(_pinned(known, plan))
            reference = RunFiles(self._results, task.run_id).write_text("plan", plan.to_json())
        return Pinned(
            plan=reference,
            strategy_sha256=source.sha256,
            params=stored,
            warmup=warmup,
            events=[] if task.params is None else [_params_changed(task, known, stored)],
        )

    @activity.defn(name="decide", no_thread_cancel_exception=True)
    def decide(self, task: DecideTask) -> Decision:
        """Ask the strategy, and put what it saw and wants on record. Follows from the task and the recorded bars alone."""
        with working(self._beacon, task.strategy):
            try:
                answer, everything, words = self._asked(task)
            finally:
                self._bars.make_room()
            self._decisions.save(
                DecisionRecord(
                    run_id=task.run_id,
                    bar_end=task.end,
                    seen={symbol: dict(values) for symbol, values in everything.items()},
                    notes=tuple(words.notes),
                    intents=tuple(words.intents),
                    orders=tuple(one.request.client_order_id for one in answer.wishes.orders),
                )
            )
        return _decision(task, answer, words)

    def _asked(self, task: DecideTask) -> tuple[Answer, Seen, Told]:
        """Return what the strategy wants, all that it saw, and as much of that as is told."""
        ready = self._plans.get(task.run_id, task.plan)
        plan, timeframe = ready.plan, Timeframe(ready.plan.timeframe)
        adapter = task.account.rpartition("-")[0]
        bars = [
            self._bars.until(
                adapter,
                symbol,
                timeframe,
                end=task.end,
                first_end=task.first_end,
                warmup=plan.warmup,
                fresh=symbol in task.fresh,
            )
            for symbol in plan.symbols
        ]
        money = holdings(task.ledger, plan.symbols, task.weighted)
        with self._beacon.user_code():
            end = to_microseconds(task.end)
            moment = Moment(bars, ready.strategy, end=end, fresh=frozenset(task.fresh), name=plan.strategy)
            answer = ask(moment, money, plan.setup(), prefix=client_order_id(task.run_id, ""), state=task.state)
        everything = seen(moment, money)
        return answer, everything, told(everything, answer, money)

    def _source(self, task: PinTask) -> StrategySource:
        if task.sha256 is None:
            return Library.open(self._folders).source(task.request.strategy)
        return StrategySource.from_json(self._queries.source(task.sha256).source)


def _decision(task: DecideTask, answer: Answer, words: Told) -> Decision:
    wanted = answer.wishes
    orders = [OrderWish(request=one.request, is_exit=one.is_exit, price=one.price, lot=one.lot) for one in wanted.orders]
    still_working = {order.id for order in task.ledger.working} - set(wanted.cancels)
    payload: dict[str, Any] = {
        "run_id": task.run_id,
        "bar_end": _iso(task.end),
        "seen": words.seen,
        "notes": words.notes,
        "intents": words.intents,
        "orders": [one.request.client_order_id for one in orders],
        "rejected": words.rejected,
    }
    if words.left_out:
        payload["left_out"] = words.left_out
    return Decision(
        end=task.end,
        state=answer.state,
        seen=words.seen,
        notes=words.notes,
        intents=words.intents,
        orders=orders,
        cancels=wanted.cancels,
        amendments=[
            Amendment(order_id=one.order_id, quantity=one.quantity, limit_price=one.limit_price, stop_price=one.stop_price)
            for one in wanted.amendments
        ],
        rejected=wanted.rejected,
        weighted=[
            *(order_id for order_id in task.weighted if order_id in still_working),
            *(successor(one.order_id) for one in wanted.amendments if one.order_id in task.weighted),
            *(one.request.client_order_id for one in wanted.orders if one.weighted),
        ],
        events=[Event(type="strategy.DecisionMade", payload=payload, corr_id=f"{task.run_id}:{_iso(task.end)}")],
    )


def _params_changed(task: PinTask, known: RunRecord, params: dict[str, Any]) -> Event:
    payload = described(task.run_id, known.strategy, known.mode, known.status) | {"params": params}
    return Event(type="run.ParamsChanged", payload=payload, corr_id=task.corr_id)


def _pinned(known: RunRecord, plan: LivePlan) -> RunRecord:
    return RunRecord(
        id=known.id,
        strategy=plan.strategy,
        strategy_sha256=plan.strategy_sha256,
        mode=known.mode,
        status=known.status,
        symbols=tuple(plan.symbols),
        timeframe=plan.timeframe,
        params=plan.params,
        created_at=known.created_at,
        temporal_run_id=known.temporal_run_id,
    )


def _iso(time: datetime) -> str:
    return time.astimezone(UTC).isoformat().replace("+00:00", "Z")
