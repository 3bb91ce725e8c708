"""Stored bars: what there is, what is missing, new ones, candles to draw."""

import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from fastapi import APIRouter, File, Form, Query, UploadFile

from api.deps import PartsDep
from api.parameters import PagingDep, SymbolText, Text
from api.problems import problems
from weaver.charts import BarSeries, candles
from weaver.demo.importing import TIMEFRAME, import_shipped_prices
from weaver.documents.data import (
    CandleColumns,
    Coverage,
    Imported,
    ShippedPricesImported,
    StoredSymbol,
    candle_document,
    coverage_document,
    import_document,
)
from weaver.documents.values import Listing
from weaver.errors import BadValue
from weaver.glados.requests import UtcTime
from weaver.market import Timeframe
from weaver.walle.live_bars import LiveBars

router = APIRouter(tags=["data"])

_FILES = (".csv", ".csv.gz", ".parquet")


@router.get("/symbols", response_model=Listing[StoredSymbol], summary="List symbols with stored bars", responses=problems(422, 503))
def list_symbols(
    parts: PartsDep, paging: PagingDep, q: Annotated[Text | None, Query(max_length=64, description="looked for in symbols")] = None
) -> Listing[StoredSymbol]:
    """List symbols of which bars are stored, with their timeframes."""
    found = [symbol for symbol in parts.catalogue.symbols() if q is None or q.casefold() in symbol.casefold()]
    items = [StoredSymbol(symbol=symbol, timeframes=parts.catalogue.timeframes(symbol)) for symbol in paging.of(found)]
    return paging.listing(items, len(found))


@router.get("/data", response_model=Listing[Coverage], summary="Show what bars are stored", responses=problems(422, 503))
def list_data(
    parts: PartsDep,
    paging: PagingDep,
    symbol: SymbolText | None = None,
    timeframe: Annotated[Text | None, Query(max_length=16)] = None,
    q: Annotated[Text | None, Query(max_length=64, description="looked for in symbols")] = None,
) -> Listing[Coverage]:
    """List the stored series with first and last bar, number of bars, and gaps by their calendar."""
    names = [
        (one, length)
        for one in parts.catalogue.symbols()
        if symbol in (None, one) and (q or "").casefold() in one.casefold()
        for length in parts.catalogue.timeframes(one)
        if timeframe in (None, length)
    ]
    return paging.listing([coverage_document(parts.catalogue.coverage(*name)) for name in paging.of(names)], len(names))


@router.post("/data/import", response_model=Imported, summary="Import bars", responses=problems(413, 422, 503))
def import_data(
    parts: PartsDep,
    file: Annotated[UploadFile, File(description="a .csv, .csv.gz or .parquet file with time, open, high, low, close, volume")],
    symbol: Annotated[Text, Form(max_length=64, examples=["AAPL"])],
    timeframe: Annotated[Text, Form(max_length=16, examples=["1d"])] = "1d",
    adjust: Annotated[bool, Form(description="times Adj Close / Close, volume divided by it: splits and dividends")] = False,
    calendar: Annotated[Text | None, Form(max_length=16, description="XNYS or 24/7; by the symbol when absent")] = None,
    replace: Annotated[bool, Form(description="take the file's values where stored bars differ")] = False,
    fix: Annotated[bool, Form(description="sort rows, keep the last of duplicates, drop impossible bars")] = False,
) -> Imported:
    """Store the bars of a file, all or none, and report what was done and noticed. Bad rows are refused with their numbers unless `fix`."""
    with TemporaryDirectory(prefix="weaver-import-") as folder:
        path = Path(folder) / _name(file.filename or "")
        with path.open("wb") as stored:
            shutil.copyfileobj(file.file, stored)
        report = parts.catalogue.import_file(path, symbol, timeframe, adjust=adjust, calendar=calendar or None, replace=replace, fix=fix)
    return import_document(report)


@router.post("/data/samples", response_model=ShippedPricesImported, summary="Import the sample prices", responses=problems(422, 503))
def import_samples(parts: PartsDep) -> ShippedPricesImported:
    """Store the daily prices of five US shares, 2000 to 2013, that come with Weaver, adjusted for splits and dividends.

    Bars that are there are left alone; 422 when stored ones differ, since those are somebody's own.
    """
    found = import_shipped_prices(parts.catalogue)
    return ShippedPricesImported(symbols=found.symbols, timeframe=TIMEFRAME, added=found.added)


def _name(given: str) -> str:
    """Return a file name that is safe to write, with the ending that says what is in it."""
    name = re.sub(r"[^A-Za-z0-9._-]", "_", given)[-100:].lstrip(".")
    if not name.endswith(_FILES) or name in _FILES:
        raise BadValue("file", given, f"a file name that ends in {', '.join(_FILES)}")
    return name


@router.get("/candles", response_model=CandleColumns, summary="Show candles", responses=problems(404, 422, 503))
def get_candles(
    parts: PartsDep,
    symbol: SymbolText,
    timeframe: Annotated[Text, Query(max_length=16, description="of the stored bars", examples=["1d"])] = "1d",
    start: Annotated[UtcTime | None, Query(description="first bar start, inclusive")] = None,
    end: Annotated[UtcTime | None, Query(description="first bar start that is left out")] = None,
    limit: Annotated[int, Query(ge=1, le=5_000, description="most candles; of more bars, several make one candle")] = 1_000,
    adapter: Annotated[Text | None, Query(max_length=64, description="bars that runs on it have seen, instead")] = None,
) -> CandleColumns:
    """Give stored bars as columns, or the bars that paper and live runs have seen.

    More bars than `limit` are drawn as coarser candles: first open, highest high, lowest low, last close, summed volume.
    """
    length = Timeframe(timeframe)
    if adapter is not None:
        bars: BarSeries = LiveBars(parts.database).load(adapter, symbol, length.text, start=start, end=end)
    else:
        bars = parts.catalogue.load(parts.catalogue.pin([symbol], length, start=start, end=end).series[0])
    return candle_document(symbol, length.text, candles(bars, limit), len(bars))
