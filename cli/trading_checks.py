"""What can be refused before trading starts: the adapter, its mode and variables, live money, the symbols, the id."""

import os

from cli.checks import check_id, check_strategy
from cli.homes import Home
from cli.trading_records import trading_records
from weaver.errors import BadValue, LiveNotArmed, MissingCredentials, UnknownName
from weaver.glados.requests import RunCreate
from weaver.plugins import Found
from weaver.settings import Settings
from weaver.veda.exchange import AdapterMeta, Mode
from weaver.veda.library import AdapterLibrary, account_id, missing_variables
from weaver.walle.leases import SymbolLeased


def check_trading(request: RunCreate, settings: Settings) -> None:
    """Raise BadInput, AdapterBroken or StrategyBroken when the run would be refused. Writes nothing, needs no server.

    Variables and arming are the worker's; they are looked at here when the worker will be started from this environment.
    """
    check_strategy(request, settings)
    mode: Mode = "live" if request.mode == "live" else "paper"
    meta = check_account(request.account, settings)
    if mode == "live":
        if not request.confirm_live:
            raise LiveNotArmed("Live trading uses real money. Say that you mean it: --confirm-live", field="confirm_live")
        if "cash" not in request.model_fields_set:
            raise BadValue("cash", None, "the run's budget in live trading, such as --cash 1000")
    if will_start_stack(settings):
        if mode == "live" and settings.arm_live != "yes":
            raise LiveNotArmed("Live trading is not armed: set WEAVER_ARM_LIVE=yes in the worker's environment.", field="mode")
        missing = missing_variables(meta, mode, os.environ)
        if missing:
            raise MissingCredentials(meta.id, mode, missing)
    _check_leases(request, settings)
    if request.id:
        check_id(request.id, settings)


def check_account(account: str, settings: Settings) -> AdapterMeta:
    """Return the adapter of an account. Raises AdapterNotFound with the nearest, AdapterBroken, BadValue for a mode it has not."""
    adapter, _, mode = account.rpartition("-")
    meta = AdapterLibrary.open(settings.adapter_folders).meta(adapter)
    if mode not in meta.modes:
        raise BadValue("mode", mode, f"{' or '.join(meta.modes)}, since adapter '{adapter}' trades in no other")
    return meta


def check_known_account(account: str, settings: Settings) -> None:
    """Raise UnknownName with the nearest for an account that was never used and that no adapter has."""
    known = {
        account_id(entry.id, mode)
        for entry in AdapterLibrary.open(settings.adapter_folders).entries()
        if isinstance(entry, Found)
        for mode in entry.meta.modes
    }
    with trading_records(settings) as records:
        known |= {one.id for one in records.accounts.accounts()} if records else set()
    if account not in known:
        raise UnknownName("account", account, known)


def will_start_stack(settings: Settings) -> bool:
    """Tell whether a run started now brings its own worker up."""
    return settings.temporal_address is None and Home(settings.home_path).running() is None


def _check_leases(request: RunCreate, settings: Settings) -> None:
    with trading_records(settings) as records:
        leases = records.trading.leases(request.account) if records else []
    for lease in leases:
        if lease.symbol in request.symbols and lease.run_id != request.id:
            raise SymbolLeased(lease.symbol, request.account, lease.run_id)
