import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.walle.bar_files import a_csv, daily, files_below
from tests.walle.processes import at_once
from weaver.errors import BadData, BadValue, NoBars, NotFound, UnknownName, Unusable
from weaver.market import Bars, Calendar
from weaver.walle.bars import Catalogue
from weaver.walle.columns import BarColumns
from weaver.walle.pins import DataPin, fingerprint_of
from weaver.walle.reading import RawBars
from weaver.walle.store import ObjectStore

MINUTE = 60_000_000
NEW_YEAR = 1_704_067_200_000_000  # 2024-01-01T00:00Z
SYMBOL = "ETH/USD"


@pytest.fixture(params=["folder", "object store"])
def catalogue(request: pytest.FixtureRequest, tmp_path: Path) -> Catalogue:
    return Catalogue.open(str(tmp_path / "bars") if request.param == "folder" else f"memory://{tmp_path.name}")


@pytest.fixture
def local(tmp_path: Path) -> Catalogue:
    return Catalogue.open(str(tmp_path / "bars"))


def raw_minutes(first: int, count: int, *, price: float = 100.0) -> RawBars:
    """Minutes number first to first + count - 1 of 2024, the price telling the number."""
    numbers = np.arange(first, first + count)
    prices = price + numbers / 100
    bars = BarColumns(starts=NEW_YEAR + numbers * MINUTE, open=prices, high=prices + 1, low=prices - 1, close=prices, volume=numbers * 1.0)
    return RawBars(bars=bars, rows=np.arange(1, count + 1))


class _Interrupted(ObjectStore):
    """An object store in which others write just before the first manifest of this writer is created."""

    def __init__(self, location: str, others: Callable[[], object]) -> None:
        super().__init__(location)
        self._others: list[Callable[[], object]] = [others]

    def create(self, name: str, content: bytes) -> None:
        while self._others:
            self._others.pop()()
        super().create(name, content)


def closes(bars: Bars) -> list[float]:
    return bars.close.tolist()


def test_a_run_gets_the_bars_from_start_to_before_end(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.import_file(a_csv(tmp_path / "a.csv", *daily(10)), SYMBOL, "1d")
    pin = catalogue.pin([SYMBOL], "1d", start=datetime(2024, 1, 4, tzinfo=UTC), end=datetime(2024, 1, 7, tzinfo=UTC))
    assert pin.bars == 3
    assert closes(catalogue.load(pin.series[0])) == [104, 105, 106]


def test_warm_up_comes_before_start_as_far_as_there_is_any(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.import_file(a_csv(tmp_path / "a.csv", *daily(10)), SYMBOL, "1d")
    start = datetime(2024, 1, 4, tzinfo=UTC)
    some = catalogue.pin([SYMBOL], "1d", start=start, end=datetime(2024, 1, 6, tzinfo=UTC), warmup=2)
    assert (some.bars, some.series[0].rows) == (2, 4)
    assert closes(catalogue.load(some.series[0])) == [102, 103, 104, 105]
    assert some.series[0].first_us == NEW_YEAR + 3 * 1_440 * MINUTE
    more = catalogue.pin([SYMBOL], "1d", start=start, warmup=500)
    assert (more.bars, more.series[0].rows) == (7, 10)


def test_warm_up_reaches_into_earlier_files(catalogue: Catalogue) -> None:
    catalogue.import_bars(raw_minutes(44_630, 25), SYMBOL, "1m")  # January ends with number 44,639
    pin = catalogue.pin([SYMBOL], "1m", start=datetime(2024, 2, 1, 0, 2, tzinfo=UTC), end=datetime(2024, 2, 1, 0, 4, tzinfo=UTC), warmup=5)
    bars = catalogue.load(pin.series[0])
    assert len(pin.series[0].files) == 2
    assert bars.volume.tolist() == [44_637, 44_638, 44_639, 44_640, 44_641, 44_642, 44_643]
    only = catalogue.pin([SYMBOL], "1m", start=datetime(2024, 2, 1, 0, 2, tzinfo=UTC))
    assert len(only.series[0].files) == 1


def test_the_range_may_lie_beyond_the_data(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.import_file(a_csv(tmp_path / "a.csv", *daily(3)), SYMBOL, "1d")
    pin = catalogue.pin([SYMBOL], "1d", start=datetime(1990, 1, 1, tzinfo=UTC), end=datetime(2090, 1, 1, tzinfo=UTC), warmup=10)
    assert pin.bars == 3
    assert pin.series[0].first_us == NEW_YEAR


def test_a_range_without_bars_says_what_is_stored(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.import_file(a_csv(tmp_path / "a.csv", *daily(2), *daily(2, first=9)), SYMBOL, "1d")
    for start, end in (("2023-12-01", "2023-12-02"), ("2024-01-20", "2024-01-25"), ("2024-01-04", "2024-01-06")):
        first, last = (datetime.fromisoformat(f"{day}T00:00Z") for day in (start, end))
        with pytest.raises(NoBars, match=rf"from {start} to {end}\. Stored: 2024-01-01 to 2024-01-10 \(4 bars\)"):
            catalogue.pin([SYMBOL], "1d", start=first, end=last, warmup=1)


def test_an_end_that_is_not_after_start_is_refused(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.import_file(a_csv(tmp_path / "a.csv", *daily(2)), SYMBOL, "1d")
    with pytest.raises(BadValue, match="end"):
        catalogue.pin([SYMBOL], "1d", start=datetime(2024, 1, 2, tzinfo=UTC), end=datetime(2024, 1, 2, tzinfo=UTC))


def test_what_is_not_stored_is_named_with_the_nearest(catalogue: Catalogue, tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="No symbol 'ETH/USD'"):
        catalogue.pin([SYMBOL], "1d")
    catalogue.import_file(a_csv(tmp_path / "a.csv", *daily(2)), SYMBOL, "1d")
    with pytest.raises(UnknownName, match="Did you mean 'ETH/USD'") as unknown:
        catalogue.pin(["ETH/USB"], "1d")
    assert unknown.value.kind == "symbol"
    with pytest.raises(UnknownName, match="1d") as unknown:
        catalogue.pin([SYMBOL], "1h")
    assert unknown.value.kind == "timeframe"


def test_bars_carry_the_ends_and_sessions_of_their_calendar(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.import_file(a_csv(tmp_path / "a.csv", "2024-07-02,1,1,1,1,1", "2024-07-03,1,1,1,1,1"), "BRK.B", "1d")
    bars = catalogue.load(catalogue.pin(["BRK.B"], "1d").series[0])
    assert bars.calendar is Calendar.XNYS
    # The day before Independence Day closes at 13:00 in New York.
    assert [str(end) for end in bars.ends.astype("datetime64[us]").astype("datetime64[m]")] == ["2024-07-02T20:00", "2024-07-03T17:00"]
    assert bars.calendar_sessions is not None


def test_a_pin_survives_json(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.import_file(a_csv(tmp_path / "a.csv", *daily(2)), SYMBOL, "1d")
    pin = catalogue.pin([SYMBOL], "1d")
    assert DataPin.from_json(pin.to_json()) == pin


def test_the_fingerprint_is_of_the_bars_and_not_of_their_files(local: Catalogue, tmp_path: Path) -> None:
    other = Catalogue.open(str(tmp_path / "other"))
    local.import_bars(raw_minutes(0, 50_000), SYMBOL, "1m")
    for first in (20_000, 0, 40_000):
        other.import_bars(raw_minutes(first, 30_000 if first == 20_000 else 20_000 if first == 0 else 10_000), SYMBOL, "1m")
    start = datetime(2024, 1, 20, tzinfo=UTC)
    one, two = (catalogue.pin([SYMBOL], "1m", start=start, warmup=100) for catalogue in (local, other))
    assert one.fingerprint == two.fingerprint
    assert one.fingerprint == fingerprint_of([local.load(one.series[0])])
    assert one.fingerprint != local.pin([SYMBOL], "1m", start=start, warmup=101).fingerprint
    assert one.fingerprint != local.pin([SYMBOL, SYMBOL], "1m", start=start, warmup=100).fingerprint


def test_a_pinned_run_keeps_its_bars_when_they_are_replaced(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.import_file(a_csv(tmp_path / "a.csv", *daily(3)), SYMBOL, "1d")
    pin = catalogue.pin([SYMBOL], "1d")
    catalogue.import_file(a_csv(tmp_path / "b.csv", "2024-01-02,5,5,5,5,5"), SYMBOL, "1d", replace=True)
    assert closes(catalogue.load(pin.series[0])) == [101, 102, 103]
    assert closes(catalogue.load(catalogue.pin([SYMBOL], "1d").series[0])) == [101, 5, 103]
    assert catalogue.pin([SYMBOL], "1d").fingerprint != pin.fingerprint


def test_compacting_deletes_replaced_files_that_no_open_run_names(catalogue: Catalogue, tmp_path: Path) -> None:
    catalogue.import_file(a_csv(tmp_path / "a.csv", *daily(3)), SYMBOL, "1d")
    pin = catalogue.pin([SYMBOL], "1d").series[0]
    catalogue.import_file(a_csv(tmp_path / "b.csv", *daily(2, first=4)), SYMBOL, "1d")
    assert catalogue.compact(()) == []  # a run may be pinning it just now
    assert catalogue.compact(pin.files, older_than=timedelta(0)) == []
    assert catalogue.load(pin).close.tolist() == [101, 102, 103]
    assert catalogue.compact((), older_than=timedelta(0)) == list(pin.files)
    with pytest.raises(NotFound):
        catalogue.load(pin)
    assert len(catalogue.load(catalogue.pin([SYMBOL], "1d").series[0])) == 5


def test_a_file_whose_bars_are_not_the_pinned_ones_is_not_used(local: Catalogue, tmp_path: Path) -> None:
    local.import_bars(raw_minutes(40_000, 6_000), SYMBOL, "1m")
    pin = local.pin([SYMBOL], "1m").series[0]
    first, second = (tmp_path / "bars" / name for name in pin.files)
    contents = first.read_bytes(), second.read_bytes()
    for damaged in ((contents[1], contents[1]), (contents[0], contents[0])):
        first.write_bytes(damaged[0])
        second.write_bytes(damaged[1])
        with pytest.raises(Unusable, match="damaged"):
            local.load(pin)


def test_compacting_deletes_what_a_killed_import_left(local: Catalogue, tmp_path: Path) -> None:
    local.import_file(a_csv(tmp_path / "a.csv", *daily(3)), SYMBOL, "1d")
    left = tmp_path / "bars" / "ETH%2FUSD" / "1d" / "2024" / "left.parquet"
    left.write_bytes(b"half")
    assert local.compact((), older_than=timedelta(0)) == ["ETH%2FUSD/1d/2024/left.parquet"]
    assert not left.exists()


def test_what_is_stored_is_listed_with_its_gaps(catalogue: Catalogue, tmp_path: Path) -> None:
    assert catalogue.series() == []
    catalogue.import_file(a_csv(tmp_path / "a.csv", *daily(2)), SYMBOL, "1d")
    catalogue.import_file(a_csv(tmp_path / "b.csv", *daily(2, first=5)), SYMBOL, "1d")
    catalogue.import_bars(raw_minutes(0, 3), SYMBOL, "1m")
    minute, day = catalogue.series()
    assert (minute.timeframe, minute.bars, minute.gaps.count) == ("1m", 3, 0)
    assert (day.symbol, day.timeframe, day.calendar, day.bars) == (SYMBOL, "1d", Calendar.ALWAYS, 4)
    assert (day.first, day.last) == (datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 6, tzinfo=UTC))
    assert (day.gaps.count, day.gaps.bars, day.gaps.first) == (1, 2, (datetime(2024, 1, 3, tzinfo=UTC),))
    assert catalogue.coverage(SYMBOL, "1d") == day


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.parquet"])
def test_exported_bars_import_as_the_same(catalogue: Catalogue, tmp_path: Path, name: str) -> None:
    random = np.random.default_rng(7)
    raw = raw_minutes(0, 500)
    prices = 100 * np.exp(random.normal(0, 0.01, 500))
    bars = BarColumns(starts=raw.bars.starts + 1, open=prices, high=prices * 1.1, low=prices * 0.9, close=prices, volume=random.random(500))
    catalogue.import_bars(RawBars(bars=bars, rows=raw.rows), SYMBOL, "1m")
    assert catalogue.export(SYMBOL, "1m", tmp_path / name) == 500
    other = Catalogue.open(str(tmp_path / "other"))
    report = other.import_file(tmp_path / name, SYMBOL, "1m")
    assert not report.naive_times
    assert other.pin([SYMBOL], "1m").fingerprint == catalogue.pin([SYMBOL], "1m").fingerprint


def test_export_takes_a_range_and_a_known_ending(local: Catalogue, tmp_path: Path) -> None:
    local.import_file(a_csv(tmp_path / "a.csv", *daily(5)), SYMBOL, "1d")
    assert local.export(SYMBOL, "1d", tmp_path / "b.csv", start=datetime(2024, 1, 2, tzinfo=UTC), end=datetime(2024, 1, 4, tzinfo=UTC)) == 2
    with pytest.raises(BadValue, match="csv"):
        local.export(SYMBOL, "1d", tmp_path / "b.txt")
    with pytest.raises(Unusable):
        local.export(SYMBOL, "1d", tmp_path / "missing" / "b.csv")


def test_the_same_bars_make_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        Catalogue.open(str(tmp_path / name)).import_bars(raw_minutes(0, 1_000), SYMBOL, "1m")
    assert files_below(tmp_path / "one") == files_below(tmp_path / "two")


def test_a_folder_that_cannot_be_written_is_unusable(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    catalogue = Catalogue.open(str(tmp_path / "taken"))
    with pytest.raises(Unusable, match="taken"):
        catalogue.import_file(a_csv(tmp_path / "a.csv", *daily(2)), SYMBOL, "1d")


def test_a_store_of_an_unknown_kind_is_unusable() -> None:
    with pytest.raises(Unusable, match="nowhere"):
        Catalogue.open("nowhere://bars")


def test_four_importers_of_one_series_at_once_lose_nothing(local: Catalogue, tmp_path: Path) -> None:
    # Each imports its own part of the same months again and again, so that all of them merge into the same files.
    at_once(_import_parts, [(str(tmp_path / "bars"), part) for part in range(4)])
    bars = local.load(local.pin([SYMBOL], "1m").series[0])
    assert bars.volume.tolist() == list(range(40_000, 40_000 + 4 * 10 * 300))


def _import_parts(location: str, part: int) -> None:
    catalogue = Catalogue.open(location)
    for turn in range(10):
        catalogue.import_bars(raw_minutes(40_000 + (turn * 4 + part) * 300, 300), SYMBOL, "1m")


def test_a_reader_never_sees_half_an_import(local: Catalogue, tmp_path: Path) -> None:
    local.import_bars(raw_minutes(0, 60_000), SYMBOL, "1m")
    location = str(tmp_path / "bars")
    at_once(_replace_all_or_read, [(location, True), (location, False)])


def _replace_all_or_read(location: str, replaces: bool) -> None:
    catalogue = Catalogue.open(location)
    for turn in range(1, 11):
        if replaces:
            catalogue.import_bars(raw_minutes(0, 60_000, price=100.0 + turn), SYMBOL, "1m", replace=True)
        else:
            bars = catalogue.load(catalogue.pin([SYMBOL], "1m").series[0])
            assert len({round(price, 6) for price in bars.close - bars.volume / 100}) == 1, "both months of one import"


def test_in_an_object_store_the_writer_that_comes_second_merges_again(tmp_path: Path) -> None:
    location = f"memory://{tmp_path.name}"
    catalogue = Catalogue.open(location)
    catalogue.import_bars(raw_minutes(0, 10), SYMBOL, "1m")
    second = Catalogue(_Interrupted(location, lambda: catalogue.import_bars(raw_minutes(10, 10), SYMBOL, "1m")))
    second.import_bars(raw_minutes(20, 10), SYMBOL, "1m")
    bars = catalogue.load(catalogue.pin([SYMBOL], "1m").series[0])
    assert bars.volume.tolist() == list(range(30))


def test_in_an_object_store_a_writer_that_slept_through_many_others_merges_again(tmp_path: Path) -> None:
    location = f"memory://{tmp_path.name}"
    catalogue = Catalogue.open(location)
    catalogue.import_bars(raw_minutes(0, 10), SYMBOL, "1m")

    def import_often() -> None:
        for turn in range(1, 8):
            catalogue.import_bars(raw_minutes(10 * turn, 10), SYMBOL, "1m")

    Catalogue(_Interrupted(location, import_often)).import_bars(raw_minutes(80, 10), SYMBOL, "1m")
    bars = catalogue.load(catalogue.pin([SYMBOL], "1m").series[0])
    assert bars.volume.tolist() == list(range(90))


def test_a_manifest_is_json_that_a_person_can_read(local: Catalogue, tmp_path: Path) -> None:
    local.import_file(a_csv(tmp_path / "a.csv", *daily(2)), SYMBOL, "1d")
    manifest = json.loads((tmp_path / "bars" / "ETH%2FUSD" / "1d" / "manifests" / "00000001.json").read_text())
    assert (manifest["symbol"], manifest["calendar"], manifest["files"][0]["rows"]) == ("ETH/USD", "24/7", 2)


def test_nothing_is_written_when_one_of_several_periods_differs(local: Catalogue, tmp_path: Path) -> None:
    local.import_bars(raw_minutes(44_600, 80), SYMBOL, "1m")
    before = files_below(tmp_path / "bars")
    changed = raw_minutes(44_590, 100)
    changed.bars.volume[-20] = 1.0
    with pytest.raises(BadData):
        local.import_bars(changed, SYMBOL, "1m")
    assert files_below(tmp_path / "bars") == before
