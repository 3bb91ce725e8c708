"""What a run did is read over HTTP: from the files of a backtest, from the records of a paper run."""

import csv
import io
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.api.asking import Api, new_symbol
from tests.api.conftest import BACKTEST
from tests.workflows.stack import Stack, until
from weaver.orders import client_order_id
from weaver.settings import Settings
from weaver.walle.results import RunFiles

PATH = "/runs/finished"


@pytest.fixture
def files(api_stack: Stack) -> RunFiles:
    return RunFiles(Settings(home=api_stack.home).results_location, "finished")


async def test_a_result_has_digest_provenance_and_statistics(api: Api, finished: Any) -> None:
    result = await api.get(f"{PATH}/results")
    assert len(result["result_digest"]) == 64
    assert result["provenance"]["strategy_sha256"] == finished["strategy_sha256"]
    assert result["counts"]["bars"] == 3000
    assert result["final_equity"] == finished["equity"]
    assert isinstance(result["stats"]["total_commission"], str)
    assert isinstance(result["stats"]["max_drawdown_pct"], float)


async def test_a_report_is_one_page(api: Api, finished: Any) -> None:
    page = await api.http.get(f"{PATH}/report")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "spinner on SEED/USD" in page.text
    assert 'http-equiv="Content-Security-Policy"' in page.text


async def test_a_run_without_a_result_has_none_yet(api: Api) -> None:
    run = await api.start({**BACKTEST, "start_paused": True})
    for what in ("results", "report"):
        refused = await api.get(f"/runs/{run['id']}/{what}", 404)
        assert "pending" in refused["detail"]
    assert (await api.get(f"/runs/{run['id']}/equity"))["time"] == []
    assert (await api.get(f"/runs/{run['id']}/fills"))["items"] == []
    await api.send("POST", f"/runs/{run['id']}/stop")
    await api.reached(run["id"], "stopped")


@pytest.mark.parametrize("what", ["results", "report", "equity", "fills", "trades", "orders", "decisions"])
async def test_an_unknown_run_is_not_found(api: Api, finished: Any, what: str) -> None:
    refused = await api.get(f"/runs/finishd/{what}", 404)
    assert "Did you mean 'finished'?" in refused["detail"]


async def test_equity_keeps_its_extremes_in_few_points(api: Api, finished: Any, files: RunFiles) -> None:
    whole = files.equity(5)
    curve = await api.get(f"{PATH}/equity", points=100)

    assert len(curve["time"]) <= 100
    assert curve.pop("bars") == 3_000
    assert {len(column) for column in curve.values()} == {len(curve["time"])}
    values = [float(value) for value in curve["equity"]]
    assert (max(values), min(values)) == (whole.equity.max(), whole.equity.min())
    assert (values[0], values[-1]) == (whole.equity[0], whole.equity[-1])
    assert curve["time"][0] == "2024-01-01T00:00:00Z"
    assert max(curve["drawdown_pct"]) <= 0
    assert 1000 < len((await api.get(f"{PATH}/equity"))["time"]) <= 2000
    assert len((await api.get(f"{PATH}/equity", points=5000))["time"]) == 3000


async def test_equity_comes_as_csv_and_parquet_too(api: Api, finished: Any) -> None:
    curve = await api.get(f"{PATH}/equity", points=50)
    text = await api.http.get(f"{PATH}/equity", params={"points": 50, "format": "csv"})
    rows = list(csv.DictReader(io.StringIO(text.text)))
    assert text.headers["content-type"].startswith("text/csv")
    assert [row["equity"] for row in rows] == curve["equity"]
    assert [row["time"] for row in rows] == curve["time"]
    binary = await api.http.get(f"{PATH}/equity", params={"points": 50, "format": "parquet"})
    table = pq.read_table(io.BytesIO(binary.content))
    assert table.column("equity").to_pylist() == [float(value) for value in curve["equity"]]


@pytest.mark.parametrize("params", [{"points": 3}, {"points": 5001}, {"format": "xml"}])
async def test_equity_refuses_what_it_cannot_draw(api: Api, finished: Any, params: dict[str, object]) -> None:
    assert (await api.get(f"{PATH}/equity", 422, **params))["errors"]


async def test_fills_come_page_by_page_by_time_and_as_csv(api: Api, finished: Any, files: RunFiles) -> None:
    stored = files.fills(5)
    first = await api.get(f"{PATH}/fills", page_size=200)
    rest: list[Any] = []
    for page in range(2, 2 + (first["total"] - 1) // 200):
        rest += (await api.get(f"{PATH}/fills", page_size=200, page=page))["items"]
    fills = first["items"] + rest
    assert first["total"] == len(stored) == len(fills)
    assert len({fill["id"] for fill in fills}) == len(fills)
    assert [fill["order_id"] for fill in fills] == [client_order_id("finished", one.order_id) for one in stored]
    assert fills[0] == {
        "id": fills[0]["id"],
        "order_id": fills[0]["order_id"],
        "run_id": "finished",
        "account": None,
        "symbol": "SEED/USD",
        "side": "buy",
        "quantity": "1",
        "price": fills[0]["price"],
        "commission": fills[0]["commission"],
        "slippage": "0",
        "time": fills[0]["time"],
        "exchange_fill_id": None,
    }
    from_, to = fills[10]["time"], fills[20]["time"]
    between = await api.get(f"{PATH}/fills", **{"from": from_, "to": to, "page_size": 4, "page": 2})
    assert (between["total"], between["items"]) == (10, fills[14:18])
    table = await api.http.get(f"{PATH}/fills", params={"format": "csv", "from": from_, "to": to, "page_size": 1})
    assert [row["id"] for row in csv.DictReader(io.StringIO(table.text))] == [fill["id"] for fill in fills[10:20]]


async def test_orders_trades_and_decisions_of_a_backtest_belong_together(api: Api, finished: Any) -> None:
    orders = (await api.get(f"{PATH}/orders", page_size=200))["items"]
    trades = await api.get(f"{PATH}/trades", page_size=200)
    decisions = (await api.get(f"{PATH}/decisions", page_size=200))["items"]

    assert {order["status"] for order in orders} == {"filled"}
    assert {order["account"] for order in orders} == {None}
    assert trades["total"] == (await api.get(f"{PATH}/results"))["counts"]["trades"]
    assert trades["items"][0]["side"] == "long"
    assert {order for decision in decisions for order in decision["orders"]} >= {order["id"] for order in orders[:100]}
    listed = await api.get("/orders", run_id="finished", page_size=200)
    assert listed["items"] == orders
    sold = await api.get("/orders", run_id="finished", side="sell", status="filled", page_size=3)
    assert (len(sold["items"]), {order["side"] for order in sold["items"]}) == (3, {"sell"})
    assert (await api.get("/orders", run_id="finished", symbol="OTHER"))["total"] == 0
    for what in ("orders", "trades", "decisions"):
        table = await api.http.get(f"{PATH}/{what}", params={"format": "csv"})
        assert len(list(csv.DictReader(io.StringIO(table.text)))) == (await api.get(f"{PATH}/{what}"))["total"]


async def test_runs_are_compared_on_one_axis(api: Api, finished: Any) -> None:
    half = await api.start({**BACKTEST, "id": "half", "start": "2024-01-02T00:00:00Z", "params": {"spin": 1}})
    await api.reached(half["id"], "completed")
    both = await api.get("/runs/compare", ids="finished,half", points=100)

    assert [run["id"] for run in both["runs"]] == ["finished", "half"]
    assert [run["params"]["spin"] for run in both["runs"]] == [0, 1]
    assert both["runs"][0]["stats"] == (await api.get(f"{PATH}/results"))["stats"]
    assert len(both["time"]) <= 100
    assert [len(column) for column in both["equity"]] == [len(both["time"])] * 2
    assert None not in both["equity"][0]
    assert both["equity"][1][0] is None
    assert both["equity"][1][-1] == (await api.get("/runs/half"))["equity"]
    assert (await api.get("/runs/compare", 422, ids="finished"))["code"] == "bad_value"
    assert (await api.get("/runs/compare", 404, ids="finished,nobody"))["code"] == "not_found"


async def test_what_a_paper_run_did_is_read_from_its_records(api: Api) -> None:
    body = {
        "strategy": "trader",
        "mode": "paper",
        "symbols": [new_symbol()],
        "timeframe": "1s",
        "cash": "100000",
        "at_end": "flatten",
    }
    run = await api.start(body)
    path = f"/runs/{run['id']}"

    async def traded() -> bool:
        return (await api.get(f"{path}/trades"))["total"] >= 2

    await until(traded, "two closed trades")
    await api.send("POST", f"{path}/stop")
    shown = await api.reached(run["id"], "stopped")
    fills, orders = (await api.get(f"{path}/fills", page_size=200))["items"], (await api.get(f"{path}/orders", page_size=200))["items"]
    trades = (await api.get(f"{path}/trades", page_size=200))["items"]
    decisions = (await api.get(f"{path}/decisions", page_size=200))["items"]
    curve = await api.get(f"{path}/equity")

    assert {fill["order_id"] for fill in fills} <= {order["id"] for order in orders}
    assert {order["account"] for order in orders} == {"simulated-paper"}
    # Flat at the end, all that was gained is realised: the budget and the sum of all trades is the last equity.
    assert shown["positions"] == []
    gained = sum(float(trade["pnl"]) for trade in trades)
    assert float(shown["equity"]) == pytest.approx(100_000 + gained)
    assert float(shown["realised_pnl"]) == pytest.approx(gained)
    assert len(curve["time"]) == curve.pop("bars") >= 4
    assert {len(column) for column in curve.values()} == {len(curve["time"])}
    assert any(decision["intents"] and decision["fills"] and decision["verdicts"] for decision in decisions)
    assert all(decision["time"].endswith("Z") for decision in decisions)
    later = await api.get(f"{path}/decisions", **{"from": decisions[1]["time"], "page_size": 1})
    assert (later["items"][0]["time"], later["total"]) == (decisions[1]["time"], len(decisions) - 1)
    for what in ("fills", "orders", "trades", "decisions"):
        table = await api.http.get(f"{path}/{what}", params={"format": "csv"})
        assert len(list(csv.DictReader(io.StringIO(table.text)))) == (await api.get(f"{path}/{what}"))["total"]
    assert (await api.get(f"{path}/results", 404))["code"] == "not_found"
    assert [order["id"] for order in (await api.get("/orders", run_id=run["id"], sort="created_at", page_size=200))["items"]] == [
        order["id"] for order in orders
    ]
