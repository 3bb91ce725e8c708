"""A run's result, for a stranger to read and for a program."""

import sys
from collections.abc import Sequence

from cli.render import out, short_time, show, table
from weaver.charts import terminal_equity
from weaver.documents.results import result_document
from weaver.documents.runs import error_document, run_detail
from weaver.greta.records import EquityColumns
from weaver.report_meanings import GROUPS, written
from weaver.walle.model import RunError, RunRecord, StoredResult


def backtest_document(run_id: str, status: str, result: StoredResult | None, error: RunError | None) -> dict[str, object]:
    """Return what `weaver backtest --json` prints; null where the run came to no result."""
    stored = result_document(result).model_dump() if result else {}
    document: dict[str, object] = {"run_id": run_id, "status": status}
    document |= {name: stored.get(name) for name in ("result_digest", "provenance", "stats", "counts")}
    if error:
        document["error"] = error_document(error).model_dump()
    return document


def run_with_result(run: RunRecord, result: StoredResult | None) -> dict[str, object]:
    """Return what `weaver runs show --json` prints."""
    return {**run_detail(run).model_dump(), "result": result_document(result).model_dump() if result else None}


def show_result(run: RunRecord, result: StoredResult) -> None:
    """Print what was run and what it came to, as tables."""
    period = f"{short_time(result.start_time)} to {short_time(result.end_time)}"
    counts = result.counts
    show(f"{run.strategy} on {listed(run.symbols)}, {run.timeframe} bars, {period}", style="bold")
    params = ", ".join(f"{name}={value}" for name, value in run.params.items())
    show(f"run {run.id} is {run.status.value}" + (f"; params {params}" if params else ""))
    rows = _in_columns(
        [[(meaning.label, written(meaning.name, result.stats.get(meaning.name))) for meaning in group] for group in GROUPS.values()]
    )
    table([heading for group in GROUPS for heading in (group, "")], rows, right=range(1, 2 * len(GROUPS), 2))
    windows = "1 window" if counts.windows == 1 else f"{counts.windows:,} windows"
    show(f"{counts.bars:,} bars in {windows}: {counts.orders:,} orders, {counts.fills:,} fills, {counts.trades:,} closed trades")
    show(f"digest {result.result_digest}")


def show_equity(equity: EquityColumns, title: str) -> None:
    """Draw equity against buy and hold, as wide as the terminal allows."""
    width = max(60, min(110, out.width))
    print(terminal_equity(equity.times, equity.equity, equity.benchmark, title=title, width=width, height=14, colour=sys.stdout.isatty()))


def listed(symbols: Sequence[str]) -> str:
    return ", ".join(symbols[:5]) + (f" and {len(symbols) - 5} more" if len(symbols) > 5 else "")


def _in_columns(groups: Sequence[Sequence[tuple[str, str]]]) -> list[list[str]]:
    """Lay groups of (label, value) side by side, filled up to the longest."""
    longest = max(len(group) for group in groups)
    return [[cell for group in groups for cell in (group[row] if row < len(group) else ("", ""))] for row in range(longest)]
