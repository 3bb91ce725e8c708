"""What open workflows say of themselves, as programs get it."""

from weaver.documents.accounts import LookedAfter
from weaver.documents.runs import Live
from weaver.documents.values import decimal_text, optional_time
from workflows.account_inputs import AccountState
from workflows.inputs import RunState


def live_document(state: RunState) -> Live | None:
    """Return what a run says of itself; None for a backtest, which has nothing to add to what is on record."""
    if state.live is None:
        return None
    return Live(
        next_tick=optional_time(state.live.next_tick),
        positions={symbol: decimal_text(quantity) for symbol, quantity in state.live.positions.items()},
        working_orders=dict(state.live.working_orders),
        last_decision=optional_time(state.live.last_decision),
        pause_reason=state.live.pause_reason,
        ignored=list(state.ignored),
    )


def account_live(state: AccountState) -> LookedAfter:
    """Return what the workflow that looks after an account says."""
    return LookedAfter(is_listening=state.is_listening, last_reconciled=optional_time(state.last_reconciled), problem=state.problem)
