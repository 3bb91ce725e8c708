"""Brings in the shipped prices."""

from dataclasses import dataclass

from weaver.demo import demo_files
from weaver.walle.bars import Catalogue

TIMEFRAME = "1d"


@dataclass(frozen=True, slots=True)
class ShippedPrices:
    """The symbols of the shipped prices, and how many bars of theirs were not stored before."""

    symbols: list[str]
    added: int


def import_shipped_prices(catalogue: Catalogue) -> ShippedPrices:
    """Store the shipped daily prices, adjusted for splits and dividends; bars that are there are left alone."""
    files = demo_files()
    return ShippedPrices(
        list(files), sum(catalogue.import_file(file, symbol, TIMEFRAME, adjust=True).added for symbol, file in files.items())
    )
