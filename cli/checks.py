"""What commands refuse before they start anything: the checks of `weaver.checks`, on what this home has on record."""

from cli.context import stored_runs
from cli.homes import Home
from cli.trading_records import trading_records
from weaver.checks import check_backtest, check_trading
from weaver.checks import check_known_account as check_account_is_known
from weaver.environment import Environment
from weaver.errors import AlreadyExists, NotFound
from weaver.glados.requests import RunCreate
from weaver.settings import Settings


def check_request(request: RunCreate, settings: Settings) -> None:
    """Raise BadInput, or StrategyBroken, when the backtest would be refused."""
    check_backtest(request, settings)
    _check_id(request.id, settings)


def check_trade(request: RunCreate, settings: Settings) -> None:
    """Raise BadInput, AdapterBroken or StrategyBroken when the paper or live run would be refused.

    Variables and arming are the worker's; they are looked at here when the worker will be started from this environment.
    """
    with trading_records(settings) as records:
        check_trading(request, settings, records, Environment() if _will_start_stack(settings) else None)
    _check_id(request.id, settings)


def check_known_account(account: str, settings: Settings) -> None:
    """Raise UnknownName with the nearest for an account that was never used and that no adapter has."""
    with trading_records(settings) as records:
        check_account_is_known(account, settings, records)


def _will_start_stack(settings: Settings) -> bool:
    """Tell whether a run started now brings its own worker up."""
    return settings.temporal_address is None and Home(settings.home_path).running() is None


def _check_id(run_id: str | None, settings: Settings) -> None:
    """Raise AlreadyExists, with its status, when there is a run of that id."""
    if run_id is None:
        return
    with stored_runs(settings) as queries:
        if queries is None:
            return
        try:
            present = queries.run(run_id)
        except NotFound:
            return
        raise AlreadyExists("run", run_id, present.status.value)
