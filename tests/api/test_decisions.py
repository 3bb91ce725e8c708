"""Why a run traded is read over HTTP: each bar with what was seen, wanted, refused and filled, and indicators as columns."""

import csv
import io
from typing import Any

import pytest
import pytest_asyncio

from tests.api.asking import Api, new_symbol
from tests.api.conftest import BACKTEST
from tests.workflows.stack import SYMBOL, until

PATH = "/runs/averaged"


@pytest_asyncio.fixture(scope="module")
async def averaged(api: Api) -> Any:
    run = await api.start({**BACKTEST, "id": "averaged", "strategy": "averager"})
    return await api.reached(run["id"], "completed")


async def test_a_backtests_decision_says_what_came_of_its_orders(api: Api, averaged: Any) -> None:
    listed = await api.get(f"{PATH}/decisions", page_size=3)
    bracket, close, much = listed["items"]
    entry = bracket["orders"][0]
    assert listed["notice"] is None
    assert bracket["verdicts"] == [{"order_id": entry, "admitted": True}]
    assert bracket["order_status"][entry] == "filled"
    assert sorted(bracket["order_status"].values()) == ["cancelled", "cancelled", "filled"]
    assert [fill["order_id"] for fill in bracket["fills"]] == [entry]
    assert close["fills"][0]["side"] == "sell"
    assert much["order_status"] == {much["orders"][0]: "rejected"}
    assert much["verdicts"][0]["admitted"] is False
    assert "cash" in much["verdicts"][0]["message"]
    assert much["fills"] == []


async def test_decisions_come_newest_first_and_by_what_came_of_them(api: Api, averaged: Any) -> None:
    wanted = await api.get(f"{PATH}/decisions", page_size=200)
    turned = await api.get(f"{PATH}/decisions", page_size=10, sort="-time")
    assert turned["items"] == wanted["items"][::-1][:10]
    refused = await api.get(f"{PATH}/decisions", page_size=200, bars="refused")
    assert refused["items"] == [one for one in wanted["items"] if "rejected" in one["order_status"].values()]
    assert (await api.get(f"{PATH}/decisions", bars="orders"))["total"] == wanted["total"]
    table = await api.http.get(f"{PATH}/decisions", params={"bars": "refused", "format": "csv"})
    assert len(list(csv.DictReader(io.StringIO(table.text)))) == refused["total"]
    await api.get(f"{PATH}/decisions", 422, bars="some")


async def test_each_bar_of_a_backtest_tells_what_was_seen(api: Api, averaged: Any) -> None:
    every = await api.get(f"{PATH}/decisions", bars="all", page_size=200)
    assert every["total"] == 3_000
    by_time = {one["time"]: one for one in every["items"]}
    wanted = (await api.get(f"{PATH}/decisions", page_size=5))["items"]
    assert [by_time[one["time"]] for one in wanted] == wanted
    held = [by_time[f"2024-01-01T00:{minute}:00Z"]["seen"][SYMBOL]["position"] for minute in (10, 11, 20, 21)]
    assert held == [0, 1, 1, 0]
    assert {name for one in every["items"] for name in one["seen"][SYMBOL]} == {"position", "close", "mean"}
    newest = await api.get(f"{PATH}/decisions", bars="all", page_size=2, sort="-time")
    assert [one["time"] for one in newest["items"]] == ["2024-01-03T02:00:00Z", "2024-01-03T01:59:00Z"]
    between = await api.get(f"{PATH}/decisions", bars="all", **{"from": "2024-01-02T00:00:00Z", "to": "2024-01-02T00:10:00Z"})
    assert between["total"] == 10
    table = await api.http.get(f"{PATH}/decisions", params={"bars": "all", "format": "csv"})
    assert len(list(csv.DictReader(io.StringIO(table.text)))) == 3_000


async def test_indicators_are_columns_of_what_decisions_saw(api: Api, averaged: Any) -> None:
    whole = await api.get(f"{PATH}/indicators", points=5_000)
    assert (whole["symbol"], whole["bars"], len(whole["time"]), whole["notice"]) == (SYMBOL, 3_000, 3_000, None)
    one = (await api.get(f"{PATH}/decisions", page_size=1))["items"][0]
    at = whole["time"].index(one["time"])
    assert one["seen"][SYMBOL]["mean"] == whole["indicators"]["mean"][at]
    assert one["seen"][SYMBOL]["close"] == whole["close"][at]
    few = await api.get(f"{PATH}/indicators", points=100)
    assert len(few["time"]) <= 100 < few["bars"]
    part = await api.get(f"{PATH}/indicators", start=whole["time"][700], end=whole["time"][710])
    assert part["indicators"]["mean"] == whole["indicators"]["mean"][700:710]
    refused = await api.get(f"{PATH}/indicators", 422, symbol="SEED/USDT")
    assert f"Did you mean '{SYMBOL}'?" in refused["detail"]
    await api.get("/runs/nobody/indicators", 404)


async def test_equity_of_a_part_has_the_drawdown_of_the_whole(api: Api, averaged: Any) -> None:
    whole = await api.get(f"{PATH}/equity", points=5_000)
    part = await api.get(f"{PATH}/equity", start=whole["time"][100], end=whole["time"][150])
    assert (whole.pop("bars"), part.pop("bars")) == (3_000, 50)
    assert part == {name: column[100:150] for name, column in whole.items()}
    assert (await api.get(f"{PATH}/equity", end=whole["time"][0]))["time"] == []


@pytest.mark.parametrize("what", ["fills", "trades"])
async def test_rows_come_newest_first_and_by_symbol(api: Api, averaged: Any, what: str) -> None:
    rows = await api.get(f"{PATH}/{what}", page_size=200)
    assert (await api.get(f"{PATH}/{what}", page_size=7, sort="-time"))["items"] == rows["items"][::-1][:7]
    assert (await api.get(f"{PATH}/{what}", symbol=SYMBOL))["total"] == rows["total"]
    assert (await api.get(f"{PATH}/{what}", symbol="OTHER"))["total"] == 0
    table = await api.http.get(f"{PATH}/{what}", params={"sort": "-time", "format": "csv"})
    assert next(iter(csv.DictReader(io.StringIO(table.text))))["symbol"] == SYMBOL


async def test_a_paper_runs_bars_are_read_the_same_way(api: Api) -> None:
    symbol = new_symbol()
    body = {"strategy": "averager", "mode": "paper", "symbols": [symbol], "timeframe": "1s"}
    run = await api.start(body)
    path = f"/runs/{run['id']}"

    async def decided() -> bool:
        return (await api.get(f"{path}/decisions"))["total"] >= 3

    await until(decided, "three decisions")
    await api.send("POST", f"{path}/stop")
    assert (await api.reached(run["id"], "stopped"))["progress"]["pct"] is None
    decisions = await api.get(f"{path}/decisions", page_size=200)
    turned = await api.get(f"{path}/decisions", page_size=200, sort="-time", bars="all")
    assert turned["items"] == decisions["items"][::-1]
    wanted = (await api.get(f"{path}/decisions", bars="wanted", page_size=200))["items"]
    assert wanted == [one for one in decisions["items"] if one["intents"]]
    shown = await api.get(f"{path}/indicators")
    seen = [one for one in decisions["items"] if one["skipped"] is None]
    assert shown["time"] == [one["time"] for one in seen]
    assert shown["indicators"]["mean"] == [one["seen"][symbol]["mean"] for one in seen]
    table = await api.http.get(f"{path}/decisions", params={"format": "csv"})
    assert len(list(csv.DictReader(io.StringIO(table.text)))) == decisions["total"]
