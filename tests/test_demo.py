import pyarrow.parquet as pq

import weaver.demo
from weaver.demo import demo_files


def test_the_demo_has_five_symbols_of_real_prices() -> None:
    rows = {symbol: pq.read_table(path).num_rows for symbol, path in demo_files().items()}

    assert rows == {"AAPL": 3270, "FB": 196, "GOOG": 2148, "IBM": 3270, "MSFT": 3270}


def test_the_demo_prices_are_as_traded() -> None:
    table = pq.read_table(demo_files()["AAPL"])
    dates = [day.isoformat() for day in table["date"].to_pylist()]
    closes = dict(zip(dates, table["close"].to_pylist(), strict=True))

    assert table.column_names == ["date", "open", "high", "low", "close", "volume", "adj close"]
    assert (dates[0], dates[-1], dates == sorted(dates)) == ("2000-03-01", "2013-03-01", True)
    assert (closes["2005-02-25"], closes["2005-02-28"]) == (88.99, 44.86)


def test_the_demo_prices_come_with_their_notice_and_stay_small() -> None:
    files = list(demo_files().values())
    notice = (files[0].parent / "NOTICE").read_text()

    assert "Quandl WIKI" in notice
    assert "BSD 3-Clause" in notice
    assert sum(path.stat().st_size for path in files) < 400_000
    assert weaver.demo.__doc__
