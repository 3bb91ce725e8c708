from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Barrier

import numpy as np
import pytest

from tests.walle.records import NOON, SECOND
from tests.walle.trading import a_bar
from weaver.market import to_microseconds
from weaver.walle.database import Database
from weaver.walle.live_bars import LiveBars
from weaver.walle.trading_model import BarRevision, LiveBar
from weaver.walle.trading_queries import TradingQueries

MINUTE = timedelta(minutes=1)
KEY = ("simulated", "AAPL", "1m")


@pytest.fixture
def bars(database: Database) -> LiveBars:
    return LiveBars(database)


def later(minutes: int, **changes: Decimal) -> LiveBar:
    return replace(a_bar(**changes), start=a_bar().start + minutes * MINUTE)


def test_bars_come_back_in_order_as_they_were_seen(bars: LiveBars, database: Database) -> None:
    assert bars.save([later(1), later(0), later(2)], NOON) == 3
    assert TradingQueries(database).live_bars(*KEY) == [later(0), later(1), later(2)]
    assert bars.last(*KEY) == later(2)
    assert bars.last("simulated", "AAPL", "5m") is None


def test_the_first_value_of_a_bar_stays_and_later_ones_are_kept_apart(bars: LiveBars) -> None:
    bars.save([later(0)], NOON)
    revised = later(0, close=Decimal("101.2"))
    assert bars.save([revised, later(1)], NOON + SECOND) == 1
    assert bars.last(*KEY) == later(1)
    assert bars.load(*KEY).close.tolist() == [101.1, 101.1]
    assert bars.revisions(*KEY) == [BarRevision(bar=revised, seen_at=NOON + SECOND)]


def test_the_same_value_is_no_revision_nor_is_a_revision_said_twice(bars: LiveBars) -> None:
    bars.save([later(0)], NOON)
    assert bars.save([later(0, close=Decimal("101.100"))], NOON + SECOND) == 0
    assert bars.revisions(*KEY) == []
    bars.save([later(0, volume=Decimal(6_000))], NOON + 2 * SECOND)
    bars.save([later(0, volume=Decimal(6_000))], NOON + 3 * SECOND)
    bars.save([later(0, volume=Decimal(7_000))], NOON + 4 * SECOND)
    assert [revision.bar.volume for revision in bars.revisions(*KEY)] == [6_000, 7_000]
    assert [revision.bar.volume for revision in bars.revisions(*KEY, start=later(1).start)] == []


def test_of_two_values_in_one_call_one_is_the_bar_and_the_other_a_revision(bars: LiveBars) -> None:
    assert bars.save([later(0), later(0, close=Decimal(100))], NOON) == 1
    closes = {bars.load(*KEY).close[0], *(float(revision.bar.close) for revision in bars.revisions(*KEY))}
    assert closes == {101.1, 100.0}


def test_series_are_apart_by_adapter_symbol_and_timeframe(bars: LiveBars) -> None:
    bars.save([a_bar(), a_bar(adapter="alpaca"), a_bar(symbol="MSFT"), a_bar(timeframe="5m")], NOON)
    assert len(bars.load(*KEY)) == 1


def test_a_range_holds_its_start_and_not_its_end(bars: LiveBars, database: Database) -> None:
    bars.save([later(number) for number in range(5)], NOON)
    start, end = later(1).start, later(3).start
    assert bars.load(*KEY, start=start, end=end).starts.tolist() == [to_microseconds(start), to_microseconds(later(2).start)]
    assert TradingQueries(database).live_bars(*KEY, start=start, end=end) == [later(1), later(2)]
    assert TradingQueries(database).live_bars(*KEY, limit=2) == [later(3), later(4)]


def test_no_bars_are_empty_columns(bars: LiveBars) -> None:
    columns = bars.load(*KEY)
    assert len(columns) == 0
    assert (columns.starts.dtype, columns.close.dtype) == (np.int64, np.float64)


@pytest.mark.parametrize("price", ["0.1", "123456.789012", "1e-8", "30000000000000000000", "0.30000000000000004"])
def test_a_price_comes_back_as_the_very_float_that_its_text_means(bars: LiveBars, price: str) -> None:
    bars.save([later(0, close=Decimal(price), high=Decimal(price))], NOON)
    assert bars.load(*KEY).close.tolist() == [float(price)]
    (last,) = [bars.last(*KEY)]
    assert last is not None
    assert last.close == Decimal(price)


def test_many_bars_are_saved_and_loaded_exactly(bars: LiveBars) -> None:
    series = [later(number, close=Decimal(number) / 7) for number in range(1_201)]
    assert bars.save(series, NOON) == 1_201
    columns = bars.load(*KEY)
    assert columns.close.tolist() == [float(str(bar.close)) for bar in series]
    assert columns.starts.tolist() == [to_microseconds(bar.start) for bar in series]
    assert bars.save(series, NOON) == 0
    assert bars.revisions(*KEY) == []


def test_many_who_save_one_bar_at_once_agree_on_its_value(bars: LiveBars, database: Database) -> None:
    def save(number: int) -> int:
        gate.wait(60)
        series = [later(minute, volume=Decimal(number)) for minute in range(20)]
        return bars.save(series if number % 2 else series[::-1], NOON + number * SECOND)

    gate = Barrier(8)
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(save, range(8))) == 20
    volume = {bar.start: bar.volume for bar in TradingQueries(database).live_bars(*KEY)}
    assert len(volume) == 20
    for start in volume:
        revised = {one.bar.volume for one in bars.revisions(*KEY, start=start, end=start + MINUTE)}
        assert revised | {volume[start]} == set(range(8))
