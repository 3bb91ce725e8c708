"""How to start trading runs, place and change orders, and stop accounts; for the CLI, the API and the worker alike."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from temporalio.client import Client, WorkflowExecutionStatus, WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from weaver.errors import AlreadyExists, BadInput, NotAllowed, NotFound, RiskRefused, Unavailable, WeaverError
from weaver.glados.requests import OrderCreate, RunCreate
from weaver.orders import OrderRequest
from weaver.walle.trading_model import OrderChange, OrderRecord
from workflows.account_inputs import AccountInput, AccountState, KillRequest
from workflows.client import answered, memo, run_id_for, status
from workflows.converter import BAD_PAYLOAD
from workflows.inputs import RUN_QUEUE, Ask, Event
from workflows.order_inputs import AmendRequest, CancelRequest, News, OrderInput, OrderState, OrderWish
from workflows.policies import MANUAL_ORDER_LIFE
from workflows.priorities import TRADES
from workflows.story import listed
from workflows.trading_names import ACCOUNT, ORDER, TRADING_RUN, account_workflow_id, looked_after_by, order_workflow_id

ORDER_ANSWER_SECONDS = 10.0
"""How long a person waits for what became of an order; it goes on being looked after."""
QUERY_SECONDS = 1.0


async def start_trading(client: Client, request: RunCreate, *, corr_id: str | None = None, asked: str | None = None) -> str:
    """Start a paper or live run and return its run id; see `start_backtest`."""
    mode = request.mode or "paper"
    run_id = run_id_for(request.model_copy(update={"mode": mode}))
    # As it was asked: that a live run's budget was named is seen by the field being there.
    given = request.model_dump(mode="json", exclude_unset=True) | {"id": run_id}
    try:
        await answered(
            client.start_workflow(
                TRADING_RUN,
                given,
                id=run_id,
                task_queue=RUN_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                memo=memo(corr_id, asked),
                priority=TRADES,
                static_summary=f"{mode.capitalize()} trading of {request.strategy[:80]} on {listed(request.symbols)}, {request.timeframe}",
            )
        )
    except WorkflowAlreadyStartedError:
        raise AlreadyExists("run", run_id, (await status(client, run_id)).value) from None
    return run_id


def order_id_for(request: OrderCreate) -> str:
    """Return the id asked for, or make one up: `m-<UTC seconds, hex>-<6 hex>`."""
    return request.client_order_id or f"m-{int(datetime.now(UTC).timestamp()):x}-{secrets.token_hex(3)}"


async def place_order(
    client: Client, request: OrderCreate, *, keeps_bracket: bool, reduce_only: bool = False, corr_id: str | None = None
) -> OrderState:
    """Place an order without any run and return what is known of it within some seconds.

    Raises RiskRefused with the rule, AlreadyExists when the id is taken.
    """
    order_id = order_id_for(request)
    terms = OrderRequest(
        client_order_id=order_id,
        symbol=request.symbol,
        side=request.side,
        order_type=request.order_type,
        quantity=request.quantity,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
        trail=request.trail,
        trail_percent=request.trail_percent,
        time_in_force=request.time_in_force,
        extended_hours=request.extended_hours,
        take_profit=request.take_profit,
        stop_loss=request.stop_loss,
        reduce_only=reduce_only,
    )
    asked = OrderInput(
        account=request.account,
        run_id=request.run_id,
        wish=OrderWish(request=terms, is_exit=reduce_only, price=None),
        keeps_bracket=keeps_bracket,
        send_before=datetime.now(UTC) + MANUAL_ORDER_LIFE,
        corr_id=corr_id,
    )
    try:
        await answered(
            client.start_workflow(
                ORDER,
                asked,
                id=order_workflow_id(order_id),
                task_queue=RUN_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                memo=memo(corr_id),
                priority=TRADES,
                static_summary=f"{terms.side} {terms.quantity.normalize():f} {terms.symbol}, {terms.order_type}",
            )
        )
    except WorkflowAlreadyStartedError:
        raise AlreadyExists("order", order_id, "placed before") from None
    await look_after_account(client, request.account)
    state = await _ask_order(client, order_id, "settled", None)
    if state.refused:
        raise RiskRefused(*state.refused)
    return state


async def cancel_order(client: Client, order_id: str, *, corr_id: str | None = None) -> OrderState:
    """Cancel an order and return it as it is once final, or after some seconds. Raises NotFound, NotAllowed when it is final."""
    parent = looked_after_by(order_id)
    return await _ask_order(client, parent, "cancel", CancelRequest(leg=order_id if order_id != parent else None, corr_id=corr_id))


async def amend_order(client: Client, order_id: str, terms: AmendRequest) -> OrderState:
    """Cancel an order and place its remainder with other terms, as `<id>.r<n>`. Raises NotFound, NotAllowed when it is final."""
    return await _ask_order(client, order_id, "amend", terms)


async def sync_order(client: Client, order_id: str, *, corr_id: str | None = None) -> OrderState:
    """Have the venue asked for an order and its legs now. Raises NotFound, NotAllowed when nobody looks after it any more."""
    return await _ask_order(client, looked_after_by(order_id), "sync", Ask(corr_id=corr_id))


async def _ask_order(client: Client, order_id: str, update: str, message: Ask | None) -> OrderState:
    handle = client.get_workflow_handle(order_workflow_id(order_id))
    arguments = [] if message is None else [message]
    call = handle.execute_update(update, args=arguments, result_type=OrderState)
    try:
        async with asyncio.timeout(ORDER_ANSWER_SECONDS):
            return await answered(call, order_id, "order")
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
        return await order_state(client, order_id)
    except WorkflowUpdateFailedError as problem:
        raise _refusal(problem, update) from problem
    except NotFound:
        state = await _ended_as(client, order_id)
        if update == "settled":
            return state
        how = state.order.status.value if state.order else "refused"
        raise NotAllowed(update, how, what="an order") from None


async def _ended_as(client: Client, order_id: str) -> OrderState:
    """Return an order as its workflow left it, which needs no worker. Raises NotFound when there is none, or it did not end by itself."""
    handle = client.get_workflow_handle(order_workflow_id(order_id), result_type=OrderState)
    described = await answered(handle.describe(), order_id, "order")
    if described.status is not WorkflowExecutionStatus.COMPLETED:
        raise NotFound("order", order_id, "Nobody looks after it any more.")
    return await answered(handle.result(), order_id, "order")


async def order_state(client: Client, order_id: str) -> OrderState:
    """Ask an order's workflow for its state. Raises Unavailable when no worker answers within a second, NotFound."""
    handle = client.get_workflow_handle(order_workflow_id(order_id))
    limit = timedelta(seconds=QUERY_SECONDS)
    return await answered(handle.query("state", result_type=OrderState, rpc_timeout=limit), order_id, "order")


def _refusal(problem: WorkflowUpdateFailedError, update: str) -> WeaverError:
    cause = problem.cause
    text = cause.message if isinstance(cause, ApplicationError) else str(cause)
    kind = cause.type if isinstance(cause, ApplicationError) else None
    if isinstance(cause, ApplicationError) and kind == "NotAllowed":
        return NotAllowed(update, str(cause.details[0]) if cause.details else "final", what="an order")
    return BadInput(text) if kind in ("BadInput", BAD_PAYLOAD) else Unavailable(text)


# Accounts.


async def look_after_account(client: Client, account: str) -> None:
    """Have an account looked after; one that is already is left alone."""
    await answered(
        client.start_workflow(
            ACCOUNT,
            AccountInput(account=account),
            id=account_workflow_id(account),
            task_queue=RUN_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            priority=TRADES,
            static_summary=f"Looks after {account}",
        )
    )


async def kill_account(client: Client, account: str, ask: KillRequest) -> None:
    """Tell the account's workflow to work the kill switch; it is started for that when nobody looks after the account."""
    await answered(
        client.start_workflow(
            ACCOUNT,
            AccountInput(account=account),
            id=account_workflow_id(account),
            task_queue=RUN_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            priority=TRADES,
            start_signal="kill",
            start_signal_args=[ask],
        )
    )


async def rearm_account(client: Client, account: str, ask: Ask) -> None:
    """Tell the account's workflow to allow orders again. Raises NotFound when nobody looks after the account."""
    await answered(client.get_workflow_handle(account_workflow_id(account)).signal("rearm", ask), account, "account")


async def account_state(client: Client, account: str) -> AccountState:
    """Ask an account's workflow for its state. Raises Unavailable when no worker answers within a second, NotFound."""
    handle = client.get_workflow_handle(account_workflow_id(account))
    limit = timedelta(seconds=QUERY_SECONDS)
    return await answered(handle.query("state", result_type=AccountState, rpc_timeout=limit), account, "account")


async def notice_account(client: Client, account: str, event: Event) -> None:
    """Tell the account's workflow what happened, for its history."""
    await _signal(client, account_workflow_id(account), "noticed", event)


async def look_at_account(client: Client, account: str) -> None:
    """Have the account compared with its venue now."""
    await _signal(client, account_workflow_id(account), "look", Ask())


async def look_after_order(client: Client, order: OrderRecord) -> None:
    """Have an order looked after that is on record; one that is already is left alone."""
    try:
        await answered(
            client.start_workflow(
                ORDER,
                OrderInput(account=order.account, run_id=order.run_id, order=order),
                id=order_workflow_id(order.id),
                task_queue=RUN_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=f"{order.side} {order.quantity.normalize():f} {order.symbol}, {order.order_type}, found at the venue",
            )
        )
    except WorkflowAlreadyStartedError:
        return  # it came to its end, which is on record or comes with the next comparison


async def tell_orders(client: Client, changes: Sequence[OrderChange]) -> None:
    """Tell the workflows of orders what changed; those that have come to their end need not hear it."""
    by_order: dict[str, list[OrderChange]] = {}
    for change in changes:
        by_order.setdefault(looked_after_by(change.order_id), []).append(change)
    await asyncio.gather(
        *(_signal(client, order_workflow_id(order_id), "changed", News(changes=news)) for order_id, news in by_order.items())
    )


async def _signal(client: Client, workflow_id: str, name: str, message: object) -> None:
    try:
        await client.get_workflow_handle(workflow_id).signal(name, message)
    except RPCError as problem:
        if problem.status is not RPCStatusCode.NOT_FOUND:
            raise Unavailable(f"Temporal does not answer: {problem.message}") from problem
