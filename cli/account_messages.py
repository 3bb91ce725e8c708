"""Tell accounts something, and ask them. Loads Temporal's SDK."""

from cli.stack import Server
from workflows.account_inputs import AccountState, KillRequest
from workflows.client import connect
from workflows.inputs import Ask
from workflows.trading_client import account_state, kill_account, rearm_account


async def ask(where: Server, account: str) -> AccountState:
    """Return what an account's workflow tells of itself."""
    return await account_state(await connect(where.address, where.namespace), account)


async def kill(where: Server, account: str, *, flatten: bool, reason: str) -> None:
    """Tell the account's workflow to work the kill switch."""
    await kill_account(await connect(where.address, where.namespace), account, KillRequest(flatten=flatten, reason=reason))


async def rearm(where: Server, account: str) -> None:
    """Tell the account's workflow to allow orders again."""
    await rearm_account(await connect(where.address, where.namespace), account, Ask())
