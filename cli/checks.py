"""What can be refused before anything starts: the strategy, its parameters, the data and the id of a run."""

from cli.context import stored_runs
from weaver.errors import AlreadyExists, BadInput, NotFound, UnknownName
from weaver.glados.requests import RunCreate
from weaver.market import Timeframe
from weaver.marvin.loader import Library, LoadedStrategy, build
from weaver.settings import Settings
from weaver.walle.bars import Catalogue


def check_request(request: RunCreate, settings: Settings) -> None:
    """Raise BadInput, or StrategyBroken, when the run would be refused. Writes nothing, needs no server."""
    check_strategy(request, settings)
    check_symbols(request, settings)
    Catalogue.open(settings.bars_location).pin(request.symbols, Timeframe(request.timeframe), start=request.start, end=request.end)
    if request.id:
        check_id(request.id, settings)


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
    stored = {series.symbol for series in Catalogue.open(settings.bars_location).series()}
    if not stored:
        raise BadInput(
            "No bars are stored yet. Import some: weaver data import FILE --symbol S; or the shipped ones: weaver demo", field="symbols"
        )
    for symbol in request.symbols:
        if symbol not in stored:
            raise UnknownName("symbol", symbol, stored)


def check_id(run_id: str, settings: Settings) -> None:
    """Raise AlreadyExists, with its status, when there is a run of that id."""
    with stored_runs(settings) as queries:
        if queries is None:
            return
        try:
            present = queries.run(run_id)
        except NotFound:
            return
        raise AlreadyExists("run", run_id, present.status.value)
