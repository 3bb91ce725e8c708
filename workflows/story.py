"""How a run reads in the Temporal UI."""

from collections.abc import Sequence

from weaver.walle.model import RunError
from workflows.inputs import BacktestInput, Progress


def listed(symbols: Sequence[str], *, most: int = 5) -> str:
    """Return the first symbols and how many more there are."""
    rest = len(symbols) - most
    return ", ".join(symbols[:most]) + (f" and {rest} more" if rest > 0 else "")


def details(request: BacktestInput, status: str, progress: Progress, error: RunError | None, ignored: Sequence[str]) -> str:
    """Return a run's present state as Markdown."""
    lines = [f"**{request.strategy[:200]}** on {listed(request.symbols)}, {request.timeframe}: **{status}**"]
    if progress.bars_total:
        lines += [
            "",
            "| bars | done | windows | equity | orders | fills | trades |",
            "|---|---|---|---|---|---|---|",
            f"| {progress.bars_done:,} of {progress.bars_total:,} | {progress.percent:.1f} % | {progress.windows:,} "
            f"| {progress.equity if progress.equity is not None else '-'} "
            f"| {progress.orders:,} | {progress.fills:,} | {progress.trades:,} |",
        ]
    if error:
        place = f" ({error.file}:{error.line})" if error.file and error.line else ""
        lines += ["", f"`{error.code}`{place}: {error.message[:2000]}"]
    if ignored:
        lines += ["", *(f"- ignored: {note}" for note in ignored)]
    return "\n".join(lines)
