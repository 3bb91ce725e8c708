"""Tell runs and orders something, and ask them. Loads Temporal's SDK."""

from functools import partial

from temporalio.client import Client

from cli.stack import Server
from weaver.errors import NotAllowed, NotFound
from weaver.glados.requests import OrderCreate
from weaver.glados.runs import RunStatus
from weaver.walle.database import Database
from weaver.walle.queries import Queries
from weaver.walle.records import Records
from workflows.client import connect, state
from workflows.client import stop as stop_run
from workflows.client import tell as tell_run
from workflows.deleting import delete_run
from workflows.inputs import Ask, RunState, StopRequest
from workflows.order_inputs import AmendRequest, OrderState
from workflows.trading_client import amend_order, cancel_order, place_order


async def tell(where: Server, run_id: str, message: str, ask: Ask | None = None) -> RunState:
    """Send `start`, `pause`, `resume` or `set_params` and return the run's state after it."""
    return await tell_run(await connect(where.address, where.namespace), run_id, message, ask)


async def stop(where: Server, run_id: str, *, flatten: bool = False) -> RunStatus:
    """Stop a run and return its status then."""
    return await stop_run(await connect(where.address, where.namespace), run_id, StopRequest(flatten=flatten))


async def delete(where: Server, database: Database, results: str, run_id: str) -> None:
    """Delete a run that has ended."""
    await delete_run(partial(connect, where.address, where.namespace), Queries(database), Records(database), results, run_id)


async def delete_all(where: Server, database: Database, results: str, run_ids: list[str]) -> tuple[list[str], dict[str, str]]:
    """Delete runs one after the other; return those that are, and of those that are not why."""
    client = await connect(where.address, where.namespace)

    async def connected() -> Client:
        return client

    deleted: list[str] = []
    failed: dict[str, str] = {}
    for run_id in run_ids:
        try:
            await delete_run(connected, Queries(database), Records(database), results, run_id)
        except (NotAllowed, NotFound) as problem:  # it has changed meanwhile, which is no reason to leave the others
            failed[run_id] = str(problem)
        else:
            deleted.append(run_id)
    return deleted, failed


async def ask(where: Server, run_id: str) -> RunState:
    """Return the state that an open run tells of itself."""
    return await state(await connect(where.address, where.namespace), run_id)


async def place(where: Server, request: OrderCreate, *, keeps_bracket: bool) -> OrderState:
    """Place an order without any run."""
    return await place_order(await connect(where.address, where.namespace), request, keeps_bracket=keeps_bracket)


async def cancel(where: Server, order_id: str) -> OrderState:
    """Cancel an order."""
    return await cancel_order(await connect(where.address, where.namespace), order_id)


async def amend(where: Server, order_id: str, terms: AmendRequest) -> OrderState:
    """Place the remainder of an order with other terms."""
    return await amend_order(await connect(where.address, where.namespace), order_id, terms)
