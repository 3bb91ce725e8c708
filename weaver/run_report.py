"""The report of a run on record: what its windows wrote, and the bars of its span."""

from datetime import timedelta

from weaver.errors import BadInput
from weaver.market import Bars
from weaver.report import RunReport
from weaver.settings import Settings
from weaver.walle.bars import Catalogue
from weaver.walle.model import RunRecord, StoredResult
from weaver.walle.results import RunFiles
from weaver.walle.run_money import budget_of


def run_report(run: RunRecord, result: StoredResult, settings: Settings) -> tuple[RunReport, str | None]:
    """Return what a run's page shows, and why it has no price charts, if so: bars that are stored no more."""
    files = RunFiles(settings.results_location, run.id)
    bars, why_none = _bars(run, result, settings)
    report = RunReport(
        run_id=run.id,
        strategy=run.strategy,
        symbols=run.symbols,
        timeframe=run.timeframe,
        initial_cash=float(budget_of(run)),
        stats=result.stats,
        bars=bars,
        equity=files.equity(run.windows),
        fills=files.fills(run.windows),
        trades=files.trades(run.windows),
        params=run.params,
        provenance=result.provenance,
        result_digest=result.result_digest,
        status=run.status.value,
    )
    return report, why_none


def _bars(run: RunRecord, result: StoredResult, settings: Settings) -> tuple[dict[str, Bars], str | None]:
    if result.start_time is None or result.end_time is None:
        return {}, None
    catalogue = Catalogue.open(settings.bars_location)
    after = result.end_time + timedelta(microseconds=1)
    try:
        pin = catalogue.pin(run.symbols, run.timeframe, start=result.start_time, end=after)
    except BadInput as problem:
        return {}, str(problem)
    return {series.symbol: catalogue.load(series) for series in pin.series}, None
