"""Opens and closes paper and live runs, admits their orders: what needs WallE only, beside the workflows."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal

from pydantic import TypeAdapter
from temporalio import activity

from activities.failures import translated
from activities.numbers import decided
from activities.trading_steps import RunSteps
from weaver.errors import BadValue, LiveNotArmed, MissingCredentials
from weaver.glados.requests import RunCreate
from weaver.glados.schedule import next_bar_end
from weaver.market import Timeframe
from weaver.orders import OrderRequest, OrderType, Side, TimeInForce, base36, client_order_id
from weaver.veda.exchange import EXITS_HOLD_POSITIONS, AdapterMeta, Mode, keeps_brackets
from weaver.veda.library import AdapterLibrary, missing_variables
from weaver.walle.accounts import Accounts
from weaver.walle.decisions import Decisions
from weaver.walle.leases import Leases
from weaver.walle.orders import Orders
from weaver.walle.records import Records
from weaver.walle.trading_model import AccountLimits, Admitted, LedgerPosition, NotAdmitted, OrderRecord, Wanted
from weaver.walle.trading_queries import TradingQueries
from workflows.inputs import Event
from workflows.order_inputs import OrderWish
from workflows.trading_inputs import Admission, AdmitTask, Closed, CloseTask, FlattenPlan, FlattenTask, Opened, OpenTask

_ORDER = TypeAdapter(OrderRecord)


class TradingRuns(RunSteps):
    """Works on WallE. `look_after` has an account looked after by its workflow; `adapters` lists what can be named now."""

    def __init__(
        self,
        *,
        adapters: Callable[[], AdapterLibrary],
        environment: Mapping[str, str],
        is_live_armed: bool,
        limits: AccountLimits,
        orders: Orders,
        accounts: Accounts,
        leases: Leases,
        queries: TradingQueries,
        decisions: Decisions,
        records: Records,
        look_after: Callable[[str], Awaitable[None]],
    ) -> None:
        self._adapters = adapters
        self._environment = environment
        self._is_live_armed = is_live_armed
        self._limits = limits
        self._orders = orders
        self._accounts = accounts
        self._leases = leases
        self._queries = queries
        self._decisions = decisions
        self._records = records
        self._look_after = look_after

    @activity.defn(name="open_trading")
    async def open(self, task: OpenTask) -> Opened:
        with translated():
            request = task.request
            meta = await asyncio.to_thread(self._checked, request)
            await asyncio.to_thread(self._leases.take, request.account, request.symbols, task.run_id, task.now)
            await self._look_after(request.account)
            timeframe = Timeframe(request.timeframe)
            first_end = await asyncio.to_thread(next_bar_end, request.symbols, timeframe, task.now)
            return Opened(
                account=request.account,
                first_end=first_end,
                keeps_brackets=[symbol for symbol in request.symbols if keeps_brackets(meta, symbol)],
                exits_hold_positions=EXITS_HOLD_POSITIONS in meta.features,
            )

    def _checked(self, request: RunCreate) -> AdapterMeta:
        """Refuse what must not trade, before anything is leased or started; return what the adapter says of itself."""
        mode: Mode = "live" if request.mode == "live" else "paper"
        adapter = request.account.rpartition("-")[0]
        meta = self._adapters().meta(adapter)
        check_mode(adapter, mode, meta.modes)
        if mode == "live":
            check_live(is_armed=self._is_live_armed, is_confirmed=request.confirm_live)
        missing = missing_variables(meta, mode, self._environment)
        if missing:
            raise MissingCredentials(adapter, mode, missing)
        return meta

    @activity.defn(name="admit_orders")
    def admit(self, task: AdmitTask) -> Admission:
        with translated():
            wanted = [
                Wanted(
                    request=wish.request,
                    account=task.account,
                    run_id=task.run_id,
                    price=wish.price,
                    lot=wish.lot,
                    parent_id=task.parent_id,
                    role=task.role,
                )
                for wish in task.wishes
            ]
            answers = self._answers(wanted, task)
            if task.end is not None:
                decided(task.end, datetime.now(UTC))
            if task.run_id is not None and task.end is not None:
                self._decisions.verdicts(task.run_id, task.end, [_verdict(answer) for answer in answers])
            admitted = [answer for answer in answers if isinstance(answer, Admitted)]
            refused = [answer for answer in answers if isinstance(answer, NotAdmitted)]
            events = [
                Event(type=change.event, payload=order_payload(change.order), corr_id=task.corr_id)
                for answer in admitted
                for change in answer.changes
                if change.number == 1
            ]
            events += [Event(type="risk.Refused", payload=_refusal(answer, task), corr_id=task.corr_id) for answer in refused]
            return Admission(
                orders=[answer.order for answer in admitted],
                refused={answer.order_id: (answer.rule, answer.message) for answer in refused},
                events=events,
            )

    def _answers(self, wanted: list[Wanted], task: AdmitTask) -> "list[Admitted | NotAdmitted]":
        if task.account.endswith("-live") and not self._is_live_armed:
            text = "Live trading is not armed: set WEAVER_ARM_LIVE=yes on the worker."
            return [NotAdmitted(order_id=one.request.client_order_id, rule="live_not_armed", message=text) for one in wanted]
        return self._orders.admit(
            wanted,
            limits=self._limits,
            run_limits=task.limits,
            run_day_loss=task.run_day_loss,
            budget=task.budget,
            at=datetime.now(UTC),
        )

    @activity.defn(name="plan_flattening")
    def plan_flattening(self, task: FlattenTask) -> FlattenPlan:
        with translated():
            ledger = self._queries.ledger(task.run_id, task.budget)
            held = [position for position in ledger.positions if position.quantity]
            return FlattenPlan(wishes=[_closing(position, number, task) for number, position in enumerate(held, start=1)])

    @activity.defn(name="close_trading")
    def close(self, task: CloseTask) -> Closed:
        with translated():
            self._leases.release(task.run_id)
            if undone := task.left_undone:
                self._decisions.not_done(task.run_id, undone.end, undone.reason)
            ledger = self._queries.ledger(task.run_id, task.budget)
            known = all(position.symbol in task.marks for position in ledger.positions if position.quantity)
            worth = sum((position.quantity * task.marks.get(position.symbol, Decimal(0)) for position in ledger.positions), Decimal(0))
            equity = ledger.cash + worth if known else None
            self._records.set_progress(task.run_id, bars_done=task.bars_done, bars_total=None, equity=equity, at=datetime.now(UTC))
            fills = self._queries.fills(run_id=task.run_id, page_size=1).total
            return Closed(equity=equity, fills=fills, positions=[position for position in ledger.positions if position.quantity])


def check_mode(adapter: str, mode: Mode, modes: tuple[Mode, ...]) -> None:
    """Raise BadValue for a mode in which an adapter does not trade."""
    if mode not in modes:
        raise BadValue("mode", mode, f"{' or '.join(modes)}, since adapter '{adapter}' trades in no other")


def check_live(*, is_armed: bool, is_confirmed: bool) -> None:
    """Raise LiveNotArmed unless the worker is armed and the request confirms that real money is meant."""
    if not is_armed:
        raise LiveNotArmed("Live trading is not armed: set WEAVER_ARM_LIVE=yes on the worker.", field="mode")
    if not is_confirmed:
        raise LiveNotArmed("Live trading needs a confirmation: --confirm-live, or confirm_live: true in the request.", field="confirm_live")


def order_payload(order: OrderRecord) -> dict[str, object]:
    """Return the payload of an `orders.*` event: the whole order, as the workflows' messages carry it."""
    return _ORDER.dump_python(order, mode="json") | {"client_order_id": order.id}


def _verdict(answer: Admitted | NotAdmitted) -> dict[str, str | bool]:
    """Return what became of a wish, for the record of its decision."""
    if isinstance(answer, Admitted):
        return {"order_id": answer.order.id, "admitted": True}
    return {"order_id": answer.order_id, "admitted": False, "rule": answer.rule, "message": answer.message}


def _refusal(answer: NotAdmitted, task: AdmitTask) -> dict[str, object]:
    wish = next(wish for wish in task.wishes if wish.request.client_order_id == answer.order_id)
    request = wish.request
    return {
        "run_id": task.run_id,
        "account": task.account,
        "order_id": answer.order_id,
        "rule": answer.rule,
        "message": answer.message,
        "symbol": request.symbol,
        "side": request.side.value,
        "quantity": str(request.quantity),
    }


def _closing(position: LedgerPosition, number: int, task: FlattenTask) -> OrderWish:
    is_fractional_equity = "/" not in position.symbol and position.quantity % 1 != 0
    request = OrderRequest(
        client_order_id=client_order_id(task.run_id, f"{base36(int(task.at.timestamp()))}-f{number}"),
        symbol=position.symbol,
        side=Side.SELL if position.quantity > 0 else Side.BUY,
        order_type=OrderType.MARKET,
        quantity=abs(position.quantity),
        time_in_force=TimeInForce.DAY if is_fractional_equity else TimeInForce.GTC,
        reduce_only=True,
    )
    return OrderWish(request=request, is_exit=True, price=None)
