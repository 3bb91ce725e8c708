"""Bars are imported, listed and drawn over HTTP; strategies and adapters are listed."""

from pathlib import Path
from typing import Any

import pytest

from tests.api.asking import Api
from tests.workflows.stack import SYMBOL, Stack

ROWS = "time,open,high,low,close,volume\n" + "".join(f"2024-01-0{day},{day}0,{day}5,{day - 1}5,{day}1,100\n" for day in range(1, 6))


async def imported(api: Api, text: str | bytes, name: str = "bars.csv", status: int = 200, **fields: str) -> Any:
    data = {"symbol": "UP/USD", "timeframe": "1d", **fields}
    answer = await api.http.post("/data/import", files={"file": (name, text)}, data=data)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_an_uploaded_file_is_stored_listed_and_drawn(api: Api) -> None:
    report = await imported(api, ROWS)
    assert (report["symbol"], report["added"], report["same"], report["naive_times"]) == ("UP/USD", 5, 0, True)
    assert (await imported(api, ROWS))["same"] == 5
    (series,) = (await api.get("/data", symbol="UP/USD"))["items"]
    assert (series["bars"], series["first"], series["gaps"]["count"]) == (5, "2024-01-01T00:00:00Z", 0)
    assert (await api.get("/data", q="p/u"))["items"] == [series]
    assert (await api.get("/symbols", q="up/"))["items"] == [{"symbol": "UP/USD", "timeframes": ["1d"]}]
    whole = await api.get("/candles", symbol="UP/USD", timeframe="1d")
    assert whole["close"] == ["11", "21", "31", "41", "51"]
    assert whole["bars_per_candle"] == 1
    coarse = await api.get("/candles", symbol="UP/USD", timeframe="1d", limit=2)
    # Of five bars, three make the first candle and two the second.
    assert coarse["bars_per_candle"] == 3
    assert (coarse["open"], coarse["high"], coarse["low"]) == (["10", "40"], ["35", "55"], ["5", "35"])
    assert (coarse["close"], coarse["volume"]) == (["31", "51"], ["300", "200"])
    some = await api.get("/candles", symbol="UP/USD", timeframe="1d", start="2024-01-02", end="2024-01-04")
    assert some["time"] == ["2024-01-02T00:00:00Z", "2024-01-03T00:00:00Z"]


async def test_the_sample_prices_are_imported_once(api: Api) -> None:
    done = await api.send("POST", "/data/samples")
    assert (done["symbols"], done["timeframe"], done["added"] > 10_000) == (["AAPL", "FB", "GOOG", "IBM", "MSFT"], "1d", True)
    assert (await api.send("POST", "/data/samples")) == {**done, "added": 0}
    (series,) = (await api.get("/data", symbol="AAPL"))["items"]
    assert (series["adjusted"], series["first"][:4]) == (True, "2000")
    run = await api.start({"strategy": "buy-and-hold", "symbols": ["AAPL"], "start": "2012-01-01"})
    await api.reached(run["id"], "completed")


async def test_rows_that_differ_are_refused_unless_they_are_to_replace(api: Api) -> None:
    await imported(api, ROWS, symbol="CHANGED/USD")
    other = ROWS.replace(",51,", ",52,")
    refused = await imported(api, other, symbol="CHANGED/USD", status=422)
    assert (refused["code"], refused["rows"]) == ("bad_data", [5])
    assert (await imported(api, other, symbol="CHANGED/USD", replace="true"))["replaced"] == 1


@pytest.mark.parametrize(
    ("text", "name", "fields", "code"),
    [
        ("", "bars.csv", {}, "bad_data"),
        ("time,open\n2024-01-01,1\n", "bars.csv", {}, "bad_value"),
        (ROWS, "bars.txt", {}, "bad_value"),
        (ROWS, "../../bars", {}, "bad_value"),
        (b"PAR1 is no Parquet file", "bars.parquet", {}, "bad_data"),
        (b"\x1f\x8b\x08 is no gzip", "bars.csv.gz", {}, "bad_data"),
        (ROWS.replace("2024-01-03", "yesterday"), "bars.csv", {}, "bad_data"),
        (ROWS, "bars.csv", {"symbol": "../up"}, "bad_value"),
        (ROWS, "bars.csv", {"timeframe": "much"}, "bad_value"),
        (ROWS, "bars.csv", {"calendar": "XNOS"}, "unknown_name"),
    ],
)
async def test_a_file_that_cannot_be_stored_is_refused(
    api: Api, text: str | bytes, name: str, fields: dict[str, str], code: str, api_stack: Stack
) -> None:
    before = {path for path in Path(api_stack.home, "bars").rglob("*") if path.is_file()}
    refused = await imported(api, text, name, 422, **fields)
    assert refused["code"] == code, refused
    assert {path for path in Path(api_stack.home, "bars").rglob("*") if path.is_file()} == before


async def test_candles_that_are_not_there_are_refused_with_the_nearest(api: Api) -> None:
    assert (await api.get("/candles", 422, symbol="SEED"))["errors"][0]["nearest"] == SYMBOL
    assert (await api.get("/candles", 422, symbol=SYMBOL, timeframe="1d"))["code"] == "unknown_name"
    assert (await api.get("/candles", 422, symbol=SYMBOL, timeframe="1m", end="2020-01-01"))["code"] == "no_bars"
    for wrong in ({"limit": 0}, {"limit": 5001}, {"timeframe": "much"}, {"start": "2024"}):
        assert (await api.get("/candles", 422, **{"symbol": SYMBOL, "timeframe": "1m", **wrong}))["errors"]
    assert len((await api.get("/candles", symbol=SYMBOL, timeframe="1m", limit=5000))["time"]) == 3000
    assert (await api.get("/candles", symbol="NONE/USD", timeframe="1m", adapter="simulated"))["time"] == []


async def test_strategies_are_listed_with_their_parameters(api: Api) -> None:
    listed = {one["id"]: one for one in (await api.get("/strategies", page_size=200))["items"]}
    assert listed["sma-cross"]["source"] == "builtin"
    assert listed["spinner"]["source"] == "plugin"
    assert listed["sma-cross"]["params_schema"]["properties"]["fast"]["default"] == 10
    assert await api.get("/strategies/spinner") == listed["spinner"]
    assert "Did you mean 'spinner'?" in (await api.get("/strategies/spiner", 404))["detail"]


async def test_a_broken_strategy_is_listed_with_its_reason(api: Api, api_stack: Stack) -> None:
    file = api_stack.home / "plugins" / "torn.py"
    file.write_text('from weaver.marvin import StrategyMeta\nMETA = StrategyMeta(id="torn", name="Torn")\nclass Torn(:\n')
    try:
        torn = await api.get("/strategies/torn")
        assert (torn["error"]["line"], torn["params_schema"]) == (3, None)
        assert torn["error"]["file"].endswith("torn.py")
        refused = await api.send("POST", "/runs", {"strategy": "torn", "symbols": [SYMBOL], "timeframe": "1m"}, status=422)
        assert (refused["code"], refused["line"]) == ("strategy_broken", 3)
    finally:
        file.unlink()


async def test_adapters_are_listed_with_what_they_need(api: Api) -> None:
    listed = {one["id"]: one for one in (await api.get("/adapters"))["items"]}
    assert listed["alpaca"]["accounts"] == ["alpaca-paper", "alpaca-live"]
    assert listed["alpaca"]["connected"] is False
    assert listed["alpaca"]["variables"]["paper"]["missing"]
    assert listed["simulated"]["features"] is not None
