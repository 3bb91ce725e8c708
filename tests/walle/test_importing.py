import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.walle.bar_files import HEADER, a_csv, daily, files_below
from weaver.errors import BadData, BadInput, BadValue, UnknownName
from weaver.market import Bars, Calendar
from weaver.walle.bars import Catalogue

SYMBOL = "ETH/USD"


@pytest.fixture
def bars_folder(tmp_path: Path) -> Path:
    return tmp_path / "bars"


@pytest.fixture
def catalogue(bars_folder: Path) -> Catalogue:
    return Catalogue.open(str(bars_folder))


def stored(catalogue: Catalogue, symbol: str = SYMBOL, timeframe: str = "1d") -> Bars:
    return catalogue.load(catalogue.pin([symbol], timeframe).series[0])


def times(bars: Bars) -> list[str]:
    return [str(time) for time in bars.starts.astype("datetime64[us]").astype("datetime64[s]")]


def test_a_csv_is_stored_as_it_is(catalogue: Catalogue, tmp_path: Path) -> None:
    report = catalogue.import_file(a_csv(tmp_path / "a.csv", *daily(3)), SYMBOL, "1d")
    assert (report.rows, report.added, report.same, report.replaced) == (3, 3, 0, 0)
    assert (report.first, report.last) == (datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 3, tzinfo=UTC))
    assert report.calendar is Calendar.ALWAYS
    bars = stored(catalogue)
    assert times(bars) == ["2024-01-01T00:00:00", "2024-01-02T00:00:00", "2024-01-03T00:00:00"]
    assert bars.open.tolist() == [101, 102, 103]
    assert bars.high.tolist() == [102, 103, 104]
    assert bars.low.tolist() == [100, 101, 102]
    assert bars.close.tolist() == [101, 102, 103]
    assert bars.volume.tolist() == [1001, 1002, 1003]


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz"])
@pytest.mark.parametrize("time", ["Date", "timestamp", "TIME", "Datetime"])
def test_the_time_column_has_one_of_four_names_in_any_case(catalogue: Catalogue, tmp_path: Path, name: str, time: str) -> None:
    header = f"open,HIGH,Low,{time},close,Volume,extra"
    catalogue.import_file(a_csv(tmp_path / name, "1,2,1,2024-01-01,2,5,x", header=header), SYMBOL, "1d")
    assert (stored(catalogue).low.tolist(), stored(catalogue).volume.tolist()) == ([1], [5])


@pytest.mark.parametrize(
    ("text", "naive"),
    [
        ("2024-01-01 09:30:00", True),
        ("2024-01-01T09:30", True),
        ("2024-01-01T09:30:00Z", False),
        ("2024-01-01T04:30:00-05:00", False),
        ("2024-01-01 09:30:00.000000000", True),
        ("2024-01-01 09:30:00 UTC", False),
        ("1704101400", False),
        ("1704101400000", False),
    ],
)
def test_times_are_read_in_any_usual_writing_and_naive_ones_are_utc_and_reported(
    catalogue: Catalogue, tmp_path: Path, text: str, naive: bool
) -> None:
    report = catalogue.import_file(a_csv(tmp_path / "a.csv", f"{text},1,1,1,1,1"), SYMBOL, "1m")
    assert report.naive_times is naive
    assert times(stored(catalogue, timeframe="1m")) == ["2024-01-01T09:30:00"]


def test_microseconds_are_kept(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.import_file(a_csv(tmp_path / "a.csv", "2024-01-01T00:00:00.123456Z,1,1,1,1,1"), SYMBOL, "1s")
    assert stored(catalogue, timeframe="1s").starts.tolist() == [1_704_067_200_123_456]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([datetime(2024, 1, 1), datetime(2024, 1, 2)], pa.timestamp("ns")),  # noqa: DTZ001  # naive is meant
        pa.array([datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)], pa.timestamp("ms", "America/New_York")),
        pa.array([datetime(2024, 1, 1).date(), datetime(2024, 1, 2).date()]),  # noqa: DTZ001  # as above
        pa.array(["2024-01-01", "2024-01-02"]),
        pa.array([1_704_067_200_000, 1_704_153_600_000]),
    ],
)
def test_a_parquet_file_with_any_kind_of_time_is_stored(catalogue: Catalogue, tmp_path: Path, column: Any) -> None:
    prices = {
        "Open": [1, 2],
        "High": [Decimal("1.5"), Decimal("2.5")],
        "Low": [1, 2],
        "Close": [1.25, 2.25],
        "Volume": pa.array([7, 8], pa.int32()),
    }
    pq.write_table(pa.table({"Timestamp": column, **prices}), tmp_path / "a.parquet")
    catalogue.import_file(tmp_path / "a.parquet", SYMBOL, "1d")
    assert times(stored(catalogue)) == ["2024-01-01T00:00:00", "2024-01-02T00:00:00"]
    assert stored(catalogue).high.tolist() == [1.5, 2.5]


def test_of_a_file_of_many_symbols_only_the_one_asked_for_is_taken(catalogue: Catalogue, tmp_path: Path) -> None:
    file = a_csv(
        tmp_path / "a.csv", "A,2024-01-02,1,1,1,1,1", "B,2024-01-02,2,2,2,2,2", "A,2024-01-03,3,3,3,3,3", header=f"Ticker,{HEADER}"
    )
    report = catalogue.import_file(file, "A", "1d")
    assert (report.rows, report.other_symbols) == (2, 1)
    assert stored(catalogue, "A").close.tolist() == [1, 3]
    with pytest.raises(UnknownName, match="No symbol 'C'"):
        catalogue.import_file(file, "C", "1d")


def test_daily_bars_stamped_at_midnight_of_new_york_begin_at_midnight_utc_of_their_date(catalogue: Catalogue, tmp_path: Path) -> None:
    rows = ["2024-03-08T05:00:00Z,1,1,1,1,1", "2024-03-11T04:00:00Z,1,1,1,1,1", "2024-03-12T04:00:00Z,1,1,1,1,1"]
    catalogue.import_file(a_csv(tmp_path / "a.csv", *rows), "AAPL", "1d")
    bars = stored(catalogue, "AAPL")
    assert times(bars) == ["2024-03-08T00:00:00", "2024-03-11T00:00:00", "2024-03-12T00:00:00"]
    assert str(bars.ends.astype("datetime64[us]").astype("datetime64[s]")[0]) == "2024-03-08T21:00:00"


def test_adjusting_moves_all_prices_and_the_volume(catalogue: Catalogue, tmp_path: Path) -> None:
    file = a_csv(tmp_path / "a.csv", "2024-01-01,80,120,60,100,1000,50", "2024-01-02,50,60,40,50,2000,50", header=f"{HEADER},Adj Close")
    report = catalogue.import_file(file, SYMBOL, "1d", adjust=True)
    bars = stored(catalogue)
    # The first day's factor is 50/100: prices are halved and the volume is doubled.
    assert [column.tolist() for column in (bars.open, bars.high, bars.low, bars.close, bars.volume)] == [
        [40, 50],
        [60, 60],
        [30, 40],
        [50, 50],
        [2000, 2000],
    ]
    assert report.adjusted


def test_adjusting_without_the_column_is_refused(catalogue: Catalogue, bars_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="Adj Close"):
        catalogue.import_file(a_csv(tmp_path / "a.csv", *daily(2)), SYMBOL, "1d", adjust=True)
    assert not bars_folder.exists()


BAD_ROWS = {
    "high below low": "2024-01-02,5,4,6,5,1",
    "open above high": "2024-01-02,9,8,6,7,1",
    "close below low": "2024-01-02,7,8,6,5,1",
    "a missing price": "2024-01-02,7,8,,7,1",
    "not a number": "2024-01-02,7,8,six,7,1",
    "NaN": "2024-01-02,7,NaN,6,7,1",
    "infinite": "2024-01-02,7,inf,6,7,1",
    "a negative price": "2024-01-02,7,8,-6,7,1",
    "a price of zero": "2024-01-02,0,0,0,0,1",
    "a negative volume": "2024-01-02,7,8,6,7,-1",
    "no volume": "2024-01-02,7,8,6,7,",
}


@pytest.mark.parametrize("row", BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_an_impossible_bar_is_refused_by_its_row_and_dropped_by_fix(
    catalogue: Catalogue, bars_folder: Path, tmp_path: Path, row: str
) -> None:
    file = a_csv(tmp_path / "a.csv", daily(1)[0], row, *daily(2, first=3))
    with pytest.raises(BadData, match="row 2") as refused:
        catalogue.import_file(file, SYMBOL, "1d")
    assert refused.value.rows == (2,)
    assert not bars_folder.exists()
    report = catalogue.import_file(file, SYMBOL, "1d", fix=True)
    assert (report.impossible_dropped, report.added) == (1, 3)


def test_a_last_digit_of_rounding_is_no_reason_to_refuse(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.import_file(a_csv(tmp_path / "a.csv", "2024-01-01,10.000000000001,10,9,9.5,1"), SYMBOL, "1d")
    assert len(stored(catalogue)) == 1


def test_rows_out_of_order_are_refused_and_sorted_by_fix(catalogue: Catalogue, bars_folder: Path, tmp_path: Path) -> None:
    file = a_csv(tmp_path / "a.csv", *reversed(daily(3)))
    with pytest.raises(BadData, match="not in time order: rows 2, 3") as refused:
        catalogue.import_file(file, SYMBOL, "1d")
    assert refused.value.rows == (2, 3)
    assert not bars_folder.exists()
    assert catalogue.import_file(file, SYMBOL, "1d", fix=True).sorted
    assert stored(catalogue).close.tolist() == [101, 102, 103]


def test_two_rows_of_one_time_that_differ_are_refused_and_fix_keeps_the_last(catalogue: Catalogue, tmp_path: Path) -> None:
    file = a_csv(tmp_path / "a.csv", *daily(2), "2024-01-02,5,5,5,5,5", "2024-01-02,6,6,6,6,6")
    with pytest.raises(BadData, match="rows 3, 4") as refused:
        catalogue.import_file(file, SYMBOL, "1d")
    assert refused.value.rows == (3, 4)
    assert catalogue.import_file(file, SYMBOL, "1d", fix=True).duplicates_dropped == 2
    assert stored(catalogue).close.tolist() == [101, 6]


def test_a_row_that_is_there_twice_is_taken_once(catalogue: Catalogue, tmp_path: Path) -> None:
    report = catalogue.import_file(a_csv(tmp_path / "a.csv", *daily(2), daily(2)[1]), SYMBOL, "1d")
    assert (report.added, report.repeated) == (2, 1)


def test_importing_the_same_again_changes_nothing(catalogue: Catalogue, bars_folder: Path, tmp_path: Path) -> None:
    file = a_csv(tmp_path / "a.csv", *daily(3))
    catalogue.import_file(file, SYMBOL, "1d")
    before = files_below(bars_folder)
    report = catalogue.import_file(file, SYMBOL, "1d")
    assert (report.added, report.same) == (0, 3)
    assert files_below(bars_folder) == before


def test_an_overlap_with_other_values_is_refused_unless_it_replaces(catalogue: Catalogue, bars_folder: Path, tmp_path: Path) -> None:
    catalogue.import_file(a_csv(tmp_path / "a.csv", *daily(3)), SYMBOL, "1d")
    before = files_below(bars_folder)
    other = a_csv(tmp_path / "b.csv", daily(1)[0], "2024-01-02,102,103,101,102.5,1002", *daily(2, first=3))
    with pytest.raises(BadData, match=r"row 2: 2024-01-02.* close is 102\.5, stored 102\.0") as refused:
        catalogue.import_file(other, SYMBOL, "1d")
    assert refused.value.rows == (2,)
    assert files_below(bars_folder) == before
    report = catalogue.import_file(other, SYMBOL, "1d", replace=True)
    assert (report.added, report.same, report.replaced) == (1, 2, 1)
    assert stored(catalogue).close.tolist() == [101, 102.5, 103, 104]


def test_an_import_may_lie_before_between_and_after_what_is_stored(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.import_file(a_csv(tmp_path / "a.csv", daily(1, first=5)[0], daily(1, first=9)[0]), SYMBOL, "1d")
    report = catalogue.import_file(a_csv(tmp_path / "b.csv", *daily(15)), SYMBOL, "1d")
    assert (report.added, report.same) == (13, 2)
    assert stored(catalogue).close.tolist() == [100.0 + day for day in range(1, 16)]


def test_a_calendar_is_kept_and_another_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    file = a_csv(tmp_path / "a.csv", *daily(3))
    assert catalogue.import_file(file, "AAPL", "1d", calendar="24/7").calendar is Calendar.ALWAYS
    assert catalogue.import_file(file, "AAPL", "1d").calendar is Calendar.ALWAYS
    with pytest.raises(BadValue, match="24/7"):
        catalogue.import_file(file, "AAPL", "1d", calendar="XNYS")
    with pytest.raises(UnknownName, match="XNYS"):
        catalogue.import_file(file, "AAPL", "1d", calendar="XNYC")


def test_an_import_that_mixes_adjusted_and_raw_bars_says_so(catalogue: Catalogue, tmp_path: Path) -> None:
    header = f"{HEADER},adj_close"
    assert not catalogue.import_file(a_csv(tmp_path / "a.csv", "2024-01-01,1,1,1,1,1,1", header=header), SYMBOL, "1d", adjust=True).mixed
    assert catalogue.import_file(a_csv(tmp_path / "b.csv", "2024-01-02,1,1,1,1,1,1", header=header), SYMBOL, "1d").mixed


def test_what_is_odd_is_reported_and_stored(catalogue: Catalogue, tmp_path: Path) -> None:
    rows = [
        "2024-01-04,100,100,100,100,10",
        "2024-01-05,101,101,101,101,0",
        "2024-01-06,101,101,101,101,10",  # a Saturday
        "2024-01-08,50,50,50,50,10",  # half the price overnight
        "2024-01-11,50,50,50,50,10",  # the 9th and 10th are missing
        "2024-01-17,50,50,50,50,10",  # the 12th and 16th are missing; the 15th is a holiday
    ]
    report = catalogue.import_file(a_csv(tmp_path / "a.csv", *rows), "AAPL", "1d")
    assert report.added == 6
    found = report.notices
    assert (found.zero_volume.count, found.zero_volume.first) == (1, (datetime(2024, 1, 5, tzinfo=UTC),))
    assert (found.outside_sessions.count, found.outside_sessions.first) == (1, (datetime(2024, 1, 6, tzinfo=UTC),))
    assert (found.moves.count, found.moves.first) == (1, (datetime(2024, 1, 8, tzinfo=UTC),))
    assert (found.gaps.count, found.gaps.bars) == (2, 4)
    assert found.gaps.first == (datetime(2024, 1, 9, tzinfo=UTC), datetime(2024, 1, 12, tzinfo=UTC))


def test_gaps_between_minutes_are_counted_inside_sessions_only(catalogue: Catalogue, tmp_path: Path) -> None:
    def minutes(day: str, first: int, end: int) -> list[str]:
        return [f"2024-01-{day} {minute // 60:02d}:{minute % 60:02d},1,1,1,1,1" for minute in range(first, end)]

    opened, closed = 14 * 60 + 30, 21 * 60
    rows = [
        *minutes("05", opened, closed),
        *minutes("08", opened + 2, opened + 10),  # two late,
        *minutes("08", opened + 13, closed - 1),  # three missing, one early
        *minutes("08", closed, closed + 5),  # after hours
        *minutes("10", opened, closed),  # the 9th is missing
    ]
    found = catalogue.import_file(a_csv(tmp_path / "a.csv", *rows), "AAPL", "1m").notices
    assert found.gaps.count == 4
    assert found.gaps.bars == 2 + 3 + 1 + 390
    assert [time.strftime("%d %H:%M") for time in found.gaps.first] == ["08 14:30", "08 14:40", "08 20:59", "09 14:30"]
    assert (found.outside_sessions.count, found.outside_sessions.first[0]) == (5, datetime(2024, 1, 8, 21, tzinfo=UTC))


def test_an_hour_that_reaches_into_the_session_is_not_outside(catalogue: Catalogue, tmp_path: Path) -> None:
    rows = [f"2024-01-05 {hour}:00,1,1,1,1,1" for hour in range(14, 21)]
    found = catalogue.import_file(a_csv(tmp_path / "a.csv", *rows), "AAPL", "1h").notices
    assert (found.outside_sessions.count, found.gaps.count) == (0, 0)


def test_gaps_around_the_clock_are_counted(catalogue: Catalogue, tmp_path: Path) -> None:
    found = catalogue.import_file(a_csv(tmp_path / "a.csv", *daily(2), *daily(2, first=6)), SYMBOL, "1d").notices
    assert (found.gaps.count, found.gaps.bars, found.gaps.first) == (1, 3, (datetime(2024, 1, 3, tzinfo=UTC),))


def test_bars_finer_than_said_are_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(BadValue, match="86400 s apart") as refused:
        catalogue.import_file(a_csv(tmp_path / "a.csv", *daily(5)), SYMBOL, "1w")
    assert refused.value.field == "timeframe"


BAD_FILES: dict[str, tuple[str, str]] = {
    "empty": ("", "is empty"),
    "only a header": (HEADER + "\n", "holds no rows"),
    "no close": ("Date,Open,High,Low,Cloze,Volume\n2024-01-01,1,1,1,1,1\n", "a column close; .*'cloze' is near 'close'"),
    "no time": ("Day,Open,High,Low,Close,Volume\n2024-01-01,1,1,1,1,1\n", r"timestamp\|time\|date\|datetime"),
    "one column twice": ("Date,Open,High,Low,Close,close,Volume\n2024-01-01,1,1,1,1,1,1\n", "'close' twice"),
    "a short row": (HEADER + "\n2024-01-01,1,1\n", "cannot be read"),
    "no ISO time": (HEADER + "\n01/02/2024,1,1,1,1,1\n", "row.*1.*ISO 8601"),
    "no time at all": (HEADER + "\n,1,1,1,1,1\n", "no time"),
    "a time beyond all calendars": (HEADER + "\n2150-01-01,1,1,1,1,1\n", "after 2099: row 1"),
}


@pytest.mark.parametrize(("content", "message"), BAD_FILES.values(), ids=BAD_FILES.keys())
def test_a_file_that_makes_no_sense_is_refused_saying_why(
    catalogue: Catalogue, bars_folder: Path, tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(BadInput, match=message) as refused:
        catalogue.import_file(tmp_path / "a.csv", SYMBOL, "1d")
    assert refused.value.field == "file"
    assert not bars_folder.exists()


def test_a_file_of_another_kind_or_none_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    (tmp_path / "broken.parquet").write_text("no parquet")
    (tmp_path / "bars.xlsx").write_text("")
    with pytest.raises(BadData, match="cannot be read"):
        catalogue.import_file(tmp_path / "broken.parquet", SYMBOL, "1d")
    with pytest.raises(BadValue, match=r"ends in \.csv"):
        catalogue.import_file(tmp_path / "bars.xlsx", SYMBOL, "1d")
    with pytest.raises(BadValue, match=r"'bars\.xlsx' is there"):
        catalogue.import_file(tmp_path / "bars.xls", SYMBOL, "1d")


def test_names_that_cannot_be_are_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    file = a_csv(tmp_path / "a.csv", *daily(2))
    for symbol in ("", "..", "../x", "/x", "a b", "x" * 33):
        with pytest.raises(BadValue, match="symbol"):
            catalogue.import_file(file, symbol, "1d")
    with pytest.raises(BadValue, match="timeframe"):
        catalogue.import_file(file, SYMBOL, "1day")


def test_the_bars_of_a_real_split_are_noticed_when_raw_and_not_when_adjusted(catalogue: Catalogue, tmp_path: Path) -> None:
    rows = ["2005-02-25,89.62,89.91,88.19,88.99,229,44.5", "2005-02-28,44.68,45.14,43.96,44.86,162,44.86"]
    file = a_csv(tmp_path / "a.csv", *rows, header=f"{HEADER},Adj Close")
    assert catalogue.import_file(file, "AAPL", "1d").notices.moves.count == 1
    shutil.rmtree(tmp_path / "bars")
    assert catalogue.import_file(file, "AAPL", "1d", adjust=True).notices.moves.count == 0
    assert np.isclose(stored(catalogue, "AAPL").close[0], 44.5)
