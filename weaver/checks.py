"""What can be refused before a run starts, for whoever starts one: the strategy, its parameters, the data, the account."""

from collections.abc import Mapping

from weaver.errors import BadInput, BadValue, LiveNotArmed, MissingCredentials, UnknownName
from weaver.glados.requests import RunCreate
from weaver.market import Timeframe
from weaver.marvin.loader import Library, LoadedStrategy, build
from weaver.plugins import Found
from weaver.settings import Settings
from weaver.veda.exchange import AdapterMeta, Mode
from weaver.veda.library import AdapterLibrary, account_id, missing_variables
from weaver.walle.bars import Catalogue
from weaver.walle.leases import SymbolLeased
from weaver.walle.run_money import TradingRecords
from weaver.walle.trading_model import OrderRecord


def check_backtest(request: RunCreate, settings: Settings) -> None:
    """Raise BadInput, or StrategyBroken, when the backtest would be refused. Writes nothing, needs no server."""
    check_strategy(request, settings)
    check_symbols(request, settings)
    Catalogue.open(settings.bars_location).pin(request.symbols, Timeframe(request.timeframe), start=request.start, end=request.end)


def check_trading(
    request: RunCreate, settings: Settings, records: TradingRecords | None, environment: Mapping[str, str] | None = None
) -> None:
    """Raise BadInput, AdapterBroken or StrategyBroken when the paper or live run would be refused. Writes nothing, needs no server.

    `environment` is the worker's, where it is known: then its variables and whether live trading is armed are looked at too.
    """
    check_strategy(request, settings)
    mode: Mode = "live" if request.mode == "live" else "paper"
    meta = check_account(request.account, settings)
    if mode == "live":
        check_confirmed(is_confirmed=request.confirm_live, what="Live trading")
        if "cash" not in request.model_fields_set:
            raise BadValue("cash", None, "the run's budget in live trading, such as 1000")
    if environment is not None:
        if mode == "live" and settings.arm_live != "yes":
            raise LiveNotArmed("Live trading is not armed: set WEAVER_ARM_LIVE=yes in the worker's environment.", field="mode")
        missing = missing_variables(meta, mode, environment)
        if missing:
            raise MissingCredentials(meta.id, mode, missing)
    for lease in records.trading.leases(request.account) if records else ():
        if lease.symbol in request.symbols and lease.run_id != request.id:
            raise SymbolLeased(lease.symbol, request.account, lease.run_id)


def check_strategy(request: RunCreate, settings: Settings) -> LoadedStrategy:
    """Return the strategy that the request names, once its parameters and number of symbols are seen to fit it."""
    loaded = build(Library.open(settings.strategy_folders).source(request.strategy))
    loaded.create(loaded.parse_params(request.params))
    if loaded.meta.symbols == "one" and len(request.symbols) > 1:
        raise BadInput(
            f"symbols = {', '.join(request.symbols)}: strategy '{request.strategy}' trades one symbol, {len(request.symbols)} were given.",
            field="symbols",
        )
    return loaded


def check_symbols(request: RunCreate, settings: Settings) -> None:
    """Raise UnknownName with the nearest for a symbol without bars; BadInput, naming the ways to get some, for an empty catalogue."""
    stored = Catalogue.open(settings.bars_location).symbols()
    if not stored:
        raise BadInput(
            "No bars are stored yet. Import some: weaver data import FILE --symbol S; or the shipped ones: weaver demo", field="symbols"
        )
    for symbol in request.symbols:
        if symbol not in stored:
            raise UnknownName("symbol", symbol, stored)


def check_account(account: str, settings: Settings) -> AdapterMeta:
    """Return the adapter of an account. Raises AdapterNotFound with the nearest, AdapterBroken, BadValue for a mode it has not."""
    adapter, _, mode = account.rpartition("-")
    meta = AdapterLibrary.open(settings.adapter_folders).meta(adapter)
    if mode not in meta.modes:
        raise BadValue("mode", mode, f"{' or '.join(meta.modes)}, since adapter '{adapter}' trades in no other")
    return meta


def check_known_account(account: str, settings: Settings, records: TradingRecords | None) -> None:
    """Raise UnknownName with the nearest for an account that was never used and that no adapter has."""
    known = {
        account_id(entry.id, mode)
        for entry in AdapterLibrary.open(settings.adapter_folders).entries()
        if isinstance(entry, Found)
        for mode in entry.meta.modes
    }
    known |= {one.id for one in records.accounts.accounts()} if records else set()
    if account not in known:
        raise UnknownName("account", account, known)


def check_terms(order: OrderRecord, terms: Mapping[str, object]) -> None:
    """Raise BadValue unless the new terms are some that the order has, at least one."""
    if not terms:
        raise BadInput("Nothing to amend: give a quantity, limit_price or stop_price.", field="terms")
    for name in ("limit_price", "stop_price"):
        if name in terms and getattr(order, name) is None:
            raise BadValue(name, terms[name], f"none, since a {order.order_type} order has no such price")


def check_confirmed(*, is_confirmed: bool, what: str) -> None:
    """Raise LiveNotArmed unless the request says that real money is meant."""
    if not is_confirmed:
        raise LiveNotArmed(f"{what} uses real money. Say that you mean it: --confirm-live, or confirm_live: true", field="confirm_live")
