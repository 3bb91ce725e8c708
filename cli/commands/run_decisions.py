"""`weaver runs decisions`: each bar of a run: what was seen, said and wanted, and what became of it."""

from typing import Annotated

import typer

from cli.commands.run_messages import RunId
from cli.context import AsJson, read_settings, required_runs
from cli.render import emit, rounded, say, seconds_text, show, table
from cli.trading_lines import seen_lines, verdict_text, wish
from cli.trading_records import required_trading
from weaver.documents.decisions import decision_document, replayed_decision
from weaver.documents.values import decimal_text, dumped
from weaver.settings import Settings
from weaver.walle.made import Made
from weaver.walle.model import RunRecord
from weaver.walle.replayed import CameOf
from weaver.walle.results import RunFiles
from weaver.walle.trading_model import DecisionRecord


def add_to(app: typer.Typer) -> None:
    """Add the command to `weaver runs`."""
    app.command("decisions")(decisions)


def decisions(
    run_id: RunId,
    limit: Annotated[int, typer.Option(min=1, help="Last that many for people; --json has all.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show a run's bars: what the strategy saw, why and what it wanted, what was admitted, and what was filled; times are bar ends.

    Of a backtest only the bars at which the strategy wanted something are kept.

    Example: weaver runs decisions my-run --json
    """
    settings = read_settings()
    with required_runs(settings, run_id) as queries:
        run = queries.run(run_id)
    if run.mode == "backtest":
        _show_backtest(run, settings, limit, as_json=as_json)
    else:
        _show_trading(run, settings, limit, as_json=as_json)


def _show_backtest(run: RunRecord, settings: Settings, limit: int, *, as_json: bool) -> None:
    files = RunFiles(settings.results_location, run.id)
    came_of = CameOf.gathered(files.orders(run.windows), files.fills(run.windows))
    documents = [replayed_decision(run.id, one, came_of) for one in files.decisions(run.windows)]
    if as_json:
        emit(dumped(documents))
        return
    rows = [[one.time, "; ".join(one.intents), "; ".join(one.notes)] for one in documents]
    table(["bar end", "intents", "notes"], rows[-limit:])
    _say_more(len(rows) - limit)


def _say_more(more: int) -> None:
    if more > 0:
        say(f"{more} earlier ones are not shown; see --limit.")


def _show_trading(run: RunRecord, settings: Settings, limit: int, *, as_json: bool) -> None:
    with required_trading(settings, "run", run.id) as records:
        found = records.decisions(run.id) if as_json else records.trading.decisions(run.id, limit=limit + 1, newest=True)
        made = Made(records.orders(run_id=run.id), records.fills(run_id=run.id))
    if as_json:
        emit(dumped(decision_document(one, made.orders(one), made.fills(one)) for one in found))
        return
    for decision in found[-limit:]:
        _show_bar(decision, made)
    if not found:
        say(f"Run {run.id} has decided on no bar yet.")
    if len(found) > limit:
        say("Earlier ones are not shown; see --limit.")


def _show_bar(decision: DecisionRecord, made: Made) -> None:
    skipped = f"  skipped: {decision.skipped}" if decision.skipped else ""
    show(f"{seconds_text(decision.bar_end)}{skipped}", style="bold")
    for line in seen_lines(decision.seen):
        show(f"  {line}")
    for note in decision.notes:
        show(f"  note    {note}")
    for intent in decision.intents:
        show(f"  intent  {intent}")
    for verdict in decision.verdicts:
        show(f"  verdict {verdict_text(verdict)}  {verdict.get('order_id')}", style="" if verdict.get("admitted") else "red")
    for order in made.orders(decision):
        show(f"  order   {wish(order)}: {order.status.value.replace('_', ' ')}  {order.id}")
        for fill in made.of_order(order):
            show(f"  fill    {decimal_text(fill.quantity)} at {rounded(fill.price)}, {seconds_text(fill.time)}")
