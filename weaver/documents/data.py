"""Stored bars as programs get them: what there is, what an import did."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from pydantic import Field

from weaver.charts import Candles
from weaver.documents.values import Amount, Document, Moment, decimal_text, time_text
from weaver.walle.bars import SeriesCoverage
from weaver.walle.importing import ImportReport
from weaver.walle.noticing import Gaps, Oddity


class GapsFound(Document):
    """Places where the calendar has bars and the series has none."""

    count: int = Field(description="how many places")
    bars: int = Field(description="how many bars are missing in them")
    first: list[Moment] = Field(description="the first few")


class OddityFound(Document):
    """Bars that are odd, and no reason to refuse them."""

    count: int
    first: list[Moment] = Field(description="the first few")


class Coverage(Document):
    """What is stored of one series; `first` and `last` are bar starts."""

    symbol: str = Field(examples=["AAPL"])
    timeframe: str = Field(examples=["1d"])
    calendar: str = Field(description="24/7 or XNYS")
    adjusted: bool
    first: Moment
    last: Moment
    bars: int
    files: int
    gaps: GapsFound


class Notices(Document):
    """What an import noticed in its bars."""

    gaps: GapsFound
    outside_sessions: OddityFound
    zero_volume: OddityFound
    moves: OddityFound = Field(description="moves of more than 40 % overnight in unadjusted prices")


class Imported(Document):
    """What an import did with the file's rows, and what it noticed."""

    symbol: str
    timeframe: str
    calendar: str
    first: Moment
    last: Moment
    adjusted: bool
    mixed: bool = Field(description="adjusted and unadjusted bars are mixed in the series now")
    naive_times: bool = Field(description="times had no zone and were taken as UTC")
    rows: int
    added: int
    same: int
    replaced: int
    repeated: int
    sorted: bool
    duplicates_dropped: int
    impossible_dropped: int
    other_symbols: int
    notices: Notices


class ShippedPricesImported(Document):
    """What of the shipped prices is stored now."""

    symbols: list[str]
    timeframe: str
    added: int = Field(description="bars that were not stored before")


class StoredSymbol(Document):
    """A symbol with stored bars."""

    symbol: str
    timeframes: list[str] = Field(description="shortest first")


class CandleColumns(Document):
    """Candles as columns of equal length; `time` is the start of a candle's first bar."""

    symbol: str
    timeframe: str = Field(description="of the stored bars")
    bars_per_candle: int = Field(description="1 unless there were more bars than asked for")
    time: list[Moment]
    open: list[Amount]
    high: list[Amount]
    low: list[Amount]
    close: list[Amount]
    volume: list[Amount]


def candle_document(symbol: str, timeframe: str, drawn: Candles, bars: int) -> CandleColumns:
    """Return candles that were drawn of so many bars."""
    texts = {name: [decimal_text(value) for value in getattr(drawn, name).tolist()] for name in ("open", "high", "low", "close", "volume")}
    size = -(-bars // len(drawn)) if len(drawn) else 1
    return CandleColumns(
        symbol=symbol, timeframe=timeframe, bars_per_candle=size, time=[time_text(time) for time in drawn.times.tolist()], **texts
    )


def coverage_document(series: SeriesCoverage) -> Coverage:
    return Coverage(
        symbol=series.symbol,
        timeframe=series.timeframe,
        calendar=series.calendar.value,
        adjusted=series.adjusted,
        first=time_text(series.first),
        last=time_text(series.last),
        bars=series.bars,
        files=series.files,
        gaps=_gaps(series.gaps),
    )


def import_document(report: ImportReport) -> Imported:
    notices = report.notices
    counts: dict[str, Any] = {name: value for name, value in asdict(report).items() if isinstance(value, bool | int)}
    return Imported(
        symbol=report.symbol,
        timeframe=report.timeframe,
        calendar=report.calendar.value,
        first=time_text(report.first),
        last=time_text(report.last),
        **counts,
        notices=Notices(
            gaps=_gaps(notices.gaps),
            outside_sessions=_oddity(notices.outside_sessions),
            zero_volume=_oddity(notices.zero_volume),
            moves=_oddity(notices.moves),
        ),
    )


def _gaps(gaps: Gaps) -> GapsFound:
    return GapsFound(count=gaps.count, bars=gaps.bars, first=_times(gaps.first))


def _oddity(oddity: Oddity) -> OddityFound:
    return OddityFound(count=oddity.count, first=_times(oddity.first))


def _times(times: tuple[datetime, ...]) -> list[str]:
    return [time_text(time) for time in times]
