"""A process that has loaded the program, for others to be forked from: loading it takes each a second."""

from multiprocessing import get_context

from cli.main import COMMANDS

CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload(
    [
        *(f"cli.commands.{entry.module}" for entry in COMMANDS.values()),
        # What they load only once they need it.
        *("pyarrow.parquet", "workflows.client", "workflows.trading_client", "weaver.walle.queries", "weaver.walle.bars"),
        *("psycopg", "pytest"),  # what tests load besides
    ]
)
