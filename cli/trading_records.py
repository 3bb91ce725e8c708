"""What is on record of trading, opened without making anything."""

from collections.abc import Generator
from contextlib import contextmanager

from cli.context import has_records
from weaver.errors import NotFound
from weaver.settings import Settings
from weaver.walle.database import Database
from weaver.walle.run_money import TradingRecords


@contextmanager
def trading_records(settings: Settings) -> Generator[TradingRecords | None, None, None]:
    """Give what is on record, None where nothing was ever stored: reading makes no database."""
    if not has_records(settings):
        yield None
        return
    database = Database.open(settings.database_url)
    try:
        yield TradingRecords.of(database)
    finally:
        database.close()


@contextmanager
def required_trading(settings: Settings, kind: str, name: str) -> Generator[TradingRecords, None, None]:
    """Give what is on record, to look for one thing; raise NotFound where nothing was ever stored."""
    with trading_records(settings) as records:
        if records is None:
            raise NotFound(kind, name, f"Nothing is stored in {settings.home_path} yet.")
        yield records
