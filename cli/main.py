"""The `weaver` command: loads the command asked for and turns errors into exit codes.

Exit codes: 0 done, 1 a run ended in error, 2 bad input, 3 a service is unreachable, 130 interrupted.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import typer

from cli.errors import INTERRUPTED, exit_code, report
from weaver.errors import WeaverError


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command lives, and its line in the list of commands."""

    module: str
    summary: str
    is_group: bool = False


COMMANDS: dict[str, Entry] = {
    "backtest": Entry("backtest", "Run a strategy over stored bars and show the result."),
    "trade": Entry("trade", "Run a strategy on an exchange, with paper or live money."),
    "runs": Entry("runs", "List runs; show what they did; start, pause, resume and stop them.", is_group=True),
    "orders": Entry("orders", "Place, show, list, cancel and amend orders.", is_group=True),
    "positions": Entry("positions", "Show what accounts hold."),
    "account": Entry("account", "Show an account: money, limits, kill switch, differences to its venue."),
    "kill": Entry("kill", "Refuse new orders on an account and cancel all that work."),
    "rearm": Entry("rearm", "Allow orders on an account again."),
    "report": Entry("report", "Write a finished run as one self-contained HTML page."),
    "data": Entry("data", "Import, list, inspect and export bars.", is_group=True),
    "strategies": Entry("strategies", "List strategies, or show one with its parameters."),
    "adapters": Entry("adapters", "List where can be traded, and which variables that needs."),
    "notify": Entry("notify", "List notification channels and what waits for them; try them.", is_group=True),
    "new": Entry("new", "Write a starter file, e.g. a new strategy.", is_group=True),
    "check": Entry("check", "Look for look-ahead and hidden memory in a strategy."),
    "export": Entry("export", "Write all records, events and results as plain files."),
    "disk": Entry("disk", "Show what takes how much room."),
    "up": Entry("up", "Run Temporal, the worker and the API here until Ctrl-C."),
    "deploy": Entry("deploy", "Bring new code to a fleet of workers while runs go on.", is_group=True),
    "backup": Entry("backup", "Write histories, records, bars and results to one file."),
    "restore": Entry("restore", "Put a backup into an empty home."),
    "migrate": Entry("migrate", "Bring WallE's database to the newest tables."),
    "doctor": Entry("doctor", "Check that this machine and home can run Weaver."),
    "demo": Entry("demo", "Backtest every shipped strategy on the shipped prices, then trade half a minute."),
}

_HELP = """Backtests and trading as durable workflows.

Start with: weaver demo, then weaver backtest sma-cross --symbol AAPL --param fast=10 --param slow=30

Every command takes --json: exactly one JSON document on stdout, all else on stderr.
Exit codes: 0 done, 1 run ended in error, 2 bad input, 3 service unreachable.
WEAVER_HOME (default ./.weaver) holds the databases, bars and results."""


def build(called: str | None) -> typer.Typer:
    """Return the application with the command `called` loaded; the others are there by name and summary only."""
    app = typer.Typer(name="weaver", help=_HELP, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
    app.callback()(_root)
    for name, entry in COMMANDS.items():
        if name == called:
            register: Callable[[typer.Typer], None] = import_module(f"cli.commands.{entry.module}").add_to
            register(app)
        else:
            app.command(name, help=entry.summary)(_not_loaded)
    return app


def _root() -> None:
    """Backtests and trading as durable workflows."""


_root.__doc__ = _HELP


def _not_loaded() -> None:
    """Stand in the list of commands for one that was not called."""


def run(arguments: list[str]) -> int:
    """Run `weaver` with these arguments and return its exit code."""
    called = next((argument for argument in arguments if not argument.startswith("-")), None)
    asks_for_group = len(arguments) == 1 and called in COMMANDS and COMMANDS[called].is_group
    if not arguments or asks_for_group:
        arguments = [*arguments, "--help"]
    try:
        answer: object = build(called)(arguments, prog_name="weaver", standalone_mode=False)
    except WeaverError as problem:
        report(problem, as_json="--json" in arguments)
        return exit_code(problem)
    except typer.TyperException as problem:
        report(problem, as_json="--json" in arguments)
        return 2
    if answer == INTERRUPTED and "--json" in arguments:
        report(WeaverError("Interrupted."), as_json=True)
    return answer if isinstance(answer, int) else 0


def main() -> None:
    """Entry point of the installed command."""
    try:
        code = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # `weaver ... | head`: the reader has gone, which is no failure. Python would complain again at its exit.
        sys.stderr.close()
        code = 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    if "temporalio" in sys.modules:
        from workflows.leaving import leave

        leave(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
