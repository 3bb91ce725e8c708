"""Runs are started, listed, looked at, told something and deleted over HTTP."""

import asyncio
from typing import Any

import pytest
from temporalio.client import Client

from tests.api.asking import Api, asked, new_symbol, settings_of
from tests.api.conftest import BACKTEST
from tests.workflows.stack import SYMBOL, Stack, until
from workflows.client import connect

PAPER = {"strategy": "sma-cross", "mode": "paper", "timeframe": "1s", "params": {"fast": 1, "slow": 2}, "cash": "1000"}


def paper(**more: object) -> dict[str, object]:
    return {**PAPER, "symbols": [new_symbol()], **more}


async def connected(stack: Stack) -> Client:
    return await connect(stack.address)


async def test_a_backtest_is_started_followed_and_looked_at(api: Api, finished: Any) -> None:
    assert finished["status"] == "completed"
    assert finished["mode"] == "backtest"
    assert finished["actions"] == ["delete"]
    assert finished["progress"] == {"bars_done": 3000, "bars_total": 3000, "pct": 100.0, "windows": 5} | {
        name: finished["progress"][name] for name in ("bars_per_s", "eta_s")
    }
    assert finished["progress"]["bars_per_s"] > 0
    assert finished["progress"]["eta_s"] is None
    assert finished["config"]["costs"] == {"commission_bps": "10"}
    assert finished["tags"] == ["kept"]
    assert finished["live"] is None
    assert finished["live_error"] is None


async def test_a_run_is_linked_to_the_temporal_ui_where_its_address_is_known(api: Api, api_stack: Stack, finished: Any) -> None:
    assert finished["temporal_url"] is None
    async with asked(settings_of(api_stack).model_copy(update={"temporal_ui_url": "http://127.0.0.1:8233/"})) as linked:
        expected = "http://127.0.0.1:8233/namespaces/default/workflows/finished"
        assert (await linked.get("/runs/finished"))["temporal_url"] == expected


async def test_a_misspelt_field_is_named_with_the_nearest(api: Api) -> None:
    refused = await api.send("POST", "/runs", {"strategy": "spinner", "symbls": [SYMBOL]}, status=422)
    (misspelt,) = [error for error in refused["errors"] if error["field"] == "symbls"]
    assert (misspelt["nearest"], misspelt["place"]) == ("symbols", "body")


async def test_a_created_run_says_where_it_is_and_is_on_record_at_once(api: Api) -> None:
    answer = await api.http.post("/runs", json={**BACKTEST, "start_paused": True})
    run = answer.json()

    assert answer.status_code == 201
    assert answer.headers["location"] == f"/api/v1/runs/{run['id']}"
    assert run["id"].startswith("bt-spinner-")
    assert run["status"] == "pending"
    assert (await api.http.get(f"http://127.0.0.1{answer.headers['location']}")).json()["id"] == run["id"]
    assert (await api.send("POST", f"/runs/{run['id']}/stop"))["status"] in ("stopped", "pending")
    await api.reached(run["id"], "stopped")


async def test_a_run_is_on_record_and_listed_while_no_worker_works(api: Api, api_stack: Stack) -> None:
    worker = api_stack.worker
    assert worker is not None
    worker.terminate()
    worker.wait(30)
    try:
        run = await api.start({**BACKTEST, "id": "nobody-works"})
        listed = await api.get("/runs", q="nobody-works")
        assert [one["id"] for one in listed["items"]] == ["nobody-works"]
        assert run["params"] == {}
        assert run["config"]["strategy"] == "spinner"
        closed = await api.get("/runs", status="completed", page_size=1)
        for one in closed["items"]:  # a run that has ended is not asked for
            assert (await api.get(f"/runs/{one['id']}"))["live_error"] is None
    finally:
        api_stack.start_worker()
        await api_stack.ready()
    await api.reached("nobody-works", "completed")
    assert (await api.get("/runs/nobody-works"))["params"] == {"spin": 0}


async def test_the_same_key_and_body_find_the_run_that_they_started(api: Api, api_stack: Stack) -> None:
    async with asked(settings_of(api_stack)) as other:
        key = {"Idempotency-Key": "once"}
        first, second = await asyncio.gather(
            api.http.post("/runs", json=BACKTEST, headers=key), other.http.post("/runs", json=BACKTEST, headers=key)
        )
        assert sorted((first.status_code, second.status_code)) == [200, 201]
        assert first.json()["id"] == second.json()["id"]
        assert first.headers["location"] == second.headers["location"]

        again = await other.http.post("/runs", json=BACKTEST, headers=key)
        assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
        for body in ({**BACKTEST, "window_bars": 701}, {**BACKTEST, "strategy": "divides"}, paper()):
            refused = await other.http.post("/runs", json=body, headers=key)
            assert refused.status_code == 422, refused.text
            assert refused.json()["errors"][0]["field"] == "Idempotency-Key"


async def test_a_key_is_known_before_the_run_is_on_record(api: Api, api_stack: Stack) -> None:
    key = {"Idempotency-Key": "not yet on record"}
    run = await api.start(BACKTEST, **key)
    await api.reached(run["id"], "completed")
    async with asked(settings_of(api_stack).model_copy(update={"db_url": f"sqlite:///{api_stack.home}/other.db"})) as forgetful:
        again = await forgetful.http.post("/runs", json=BACKTEST, headers=key)
        other = await forgetful.http.post("/runs", json={**BACKTEST, "window_bars": 701}, headers=key)

    assert (again.status_code, again.json()["id"]) == (200, run["id"])
    assert other.status_code == 422


async def test_an_id_that_is_taken_is_refused_with_its_state(api: Api, finished: Any) -> None:
    refused = await api.send("POST", "/runs", {**BACKTEST, "id": "finished"}, status=409)
    assert (refused["code"], refused["state"]) == ("already_exists", "completed")
    refused = await api.send("POST", "/runs", {**BACKTEST, "id": "finished"}, status=409, **{"Idempotency-Key": "another body"})
    assert refused["code"] == "already_exists"
    same = await api.send("POST", "/runs", {**BACKTEST, "id": "finished", "tags": ["kept"]}, **{"Idempotency-Key": "the same"})
    assert same["id"] == "finished"


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"strategy": "spiner"}, "unknown_name", "strategy"),
        ({"symbols": ["SEEED/USD"]}, "unknown_name", "symbol"),
        ({"symbols": [SYMBOL, "SOME/USD"]}, "bad_input", "symbols"),
        ({"params": {"spin": "much"}}, "bad_value", "spin"),
        ({"timeframe": "5m"}, "unknown_name", "timeframe"),
        ({"timeframe": "much"}, "invalid", "timeframe"),
        ({"end": "2023-01-01"}, "no_bars", "symbols"),
        ({"start": "2024"}, "invalid", "start"),
        ({"cash": "-1"}, "invalid", "cash"),
        ({"symbls": []}, "invalid", "symbls"),
        ({"mode": "paper", "adapter": "simulatd"}, "unknown_adapter", "adapter"),
        ({"mode": "live"}, "bad_value", "mode"),
        ({"mode": "live", "adapter": "alpaca"}, "live_not_armed", "confirm_live"),
        ({"mode": "live", "adapter": "alpaca", "confirm_live": True}, "bad_value", "cash"),
    ],
)
async def test_what_cannot_run_is_refused_before_it_starts(api: Api, body: dict[str, object], code: str, field: str) -> None:
    before = (await api.get("/runs", page_size=1))["total"]
    refused = await api.send("POST", "/runs", {**BACKTEST, **body}, status=422)

    assert refused["code"] == code, refused
    assert refused["errors"][0]["field"].endswith(field)
    assert refused["detail"]
    assert (await api.get("/runs", page_size=1))["total"] == before


async def test_a_refusal_is_problem_details_with_the_request_s_correlation_id(api: Api) -> None:
    answer = await api.http.get("/runs/finishd", headers={"X-Correlation-Id": "asked-by-me"})

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-correlation-id"] == "asked-by-me"
    assert answer.json() == {
        "type": "urn:weaver:problem:not_found",
        "title": "Not found",
        "status": 404,
        "detail": answer.json()["detail"],
        "code": "not_found",
        "correlation_id": "asked-by-me",
    }


async def test_a_paper_run_is_told_to_start_pause_resume_change_and_stop(api: Api, api_stack: Stack) -> None:
    run = await api.start(paper(start_paused=True), **{"X-Correlation-Id": "created-by-me"})
    path = f"/runs/{run['id']}"

    async def ready() -> Any:
        live = (await api.get(path))["live"]
        return live and live["next_tick"]

    await until(ready, "the run to be prepared")
    refused = await api.send("POST", f"{path}/pause", status=409)
    assert (refused["code"], refused["state"], refused["action"]) == ("not_allowed", "pending", "pause")
    assert (await api.send("POST", f"{path}/start"))["status"] in ("running", "pending")
    await api.reached(run["id"], "running")
    assert (await api.send("POST", f"{path}/pause", **{"X-Correlation-Id": "paused-by-me"}))["status"] == "paused"
    assert (await api.send("POST", f"{path}/pause", status=409))["state"] == "paused"
    paused = await api.get(path)
    assert paused["actions"] == ["resume", "stop", "set_params"]
    assert (await api.send("POST", f"{path}/resume"))["status"] == "running"
    changed = await api.send("PATCH", f"{path}/params", {"params": {"slow": 5}})
    assert changed["params"]["slow"] == 5
    refused = await api.send("PATCH", f"{path}/params", {"params": {"slow": "many"}}, status=422)
    assert "slow" in refused["detail"]
    assert (await api.send("POST", f"{path}/stop", {"flatten": True}))["status"] in ("stopping", "stopped")
    stopped = await api.reached(run["id"], "stopped")
    assert (stopped["live"], stopped["live_error"]) == (None, None)
    assert (await api.send("POST", f"{path}/stop"))["status"] == "stopped"
    assert (await api.send("POST", f"{path}/resume", status=409))["state"] == "stopped"

    events = {event["type"]: event for event in (await api.get(f"{path}/events", page_size=200))["items"]}
    assert events["run.Created"]["corr_id"] == "created-by-me"
    assert events["run.Paused"]["corr_id"] == "paused-by-me"


async def test_a_backtest_has_no_parameters_to_change_and_a_completed_run_cannot_be_stopped(api: Api, finished: Any) -> None:
    for method, path, body in (
        ("PATCH", "/runs/finished/params", {"params": {"spin": 1}}),
        ("POST", "/runs/finished/stop", None),
        ("POST", "/runs/finished/start", None),
    ):
        refused = await api.send(method, path, body, status=409)
        assert (refused["code"], refused["state"]) == ("not_allowed", "completed")


async def test_a_symbol_that_a_run_trades_is_refused_to_another(api: Api) -> None:
    body = paper(id="holder", start_paused=True)
    await api.start(body)

    async def leased() -> bool:
        limits = await api.get("/account/limits")
        return any(lease["run_id"] == "holder" for lease in limits["leases"])

    await until(leased, "the lease")
    refused = await api.send("POST", "/runs", {**body, "id": "second"}, status=422)
    assert "holder" in refused["detail"]
    await api.send("POST", "/runs/holder/stop")
    await api.reached("holder", "stopped")


async def test_runs_are_filtered_sorted_and_paged(api: Api, finished: Any) -> None:
    for number in range(3):
        await api.start({**BACKTEST, "id": f"listed-{number}", "tags": ["listed"]})
    for number in range(3):
        await api.reached(f"listed-{number}", "completed")

    first = await api.get("/runs", q="listed-", sort="id", page_size=2)
    second = await api.get("/runs", q="listed-", sort="id", page_size=2, page=2)
    assert [run["id"] for run in (*first["items"], *second["items"])] == ["listed-0", "listed-1", "listed-2"]
    assert (first["total"], first["page"], first["page_size"], second["page"]) == (3, 1, 2, 2)
    newest = await api.get("/runs", q="listed-")
    assert [run["id"] for run in newest["items"]] == ["listed-2", "listed-1", "listed-0"]
    created = newest["items"][1]["created_at"]
    assert [run["id"] for run in (await api.get("/runs", q="listed-", created_after=created))["items"]] == ["listed-2", "listed-1"]
    assert [run["id"] for run in (await api.get("/runs", q="listed-", created_before=created))["items"]] == ["listed-0"]
    assert (await api.get("/runs", q="listed-", status=["error", "paused"]))["total"] == 0
    assert (await api.get("/runs", q="listed-", status=["completed", "paused"], mode="backtest", strategy="spinner", symbol=SYMBOL))[
        "total"
    ] == 3
    assert (await api.get("/runs", q="listed-", mode="live"))["total"] == 0


@pytest.mark.parametrize("params", [{"page": 0}, {"page_size": 201}, {"sort": "colour"}, {"status": "done"}, {"created_after": "2024"}])
async def test_a_list_refuses_what_it_does_not_know(api: Api, params: dict[str, object]) -> None:
    refused = await api.get("/runs", 422, **params)
    assert refused["errors"]


async def test_a_run_that_was_started_by_the_stock_client_has_the_same_fields(api: Api, api_stack: Stack, finished: Any) -> None:
    body = '{"strategy":"spinner","symbols":["SEED/USD"],"timeframe":"1m"}'
    named = ("--type", "BacktestRun", "--task-queue", "weaver", "--workflow-id", "by-stock", "--input", body)
    assert api_stack.cli("workflow", "start", *named).returncode == 0

    async def there() -> Any:
        return (await api.get("/runs", q="by-stock"))["items"]

    await until(there, "the run to be listed")
    run = await api.reached("by-stock", "completed")
    assert run.keys() == finished.keys()
    assert (run["status"], run["strategy"], run["progress"]["bars_done"]) == ("completed", "spinner", 3000)


async def test_a_run_that_has_ended_is_deleted_with_files_and_history(api: Api, api_stack: Stack) -> None:
    run = await api.start({**BACKTEST, "id": "deleted"})
    await api.reached("deleted", "completed")
    assert list((api_stack.home / "results" / "deleted").iterdir())

    assert await api.send("DELETE", "/runs/deleted", status=204) is None

    assert (await api.get("/runs/deleted", 404))["code"] == "not_found"
    assert not (api_stack.home / "results" / "deleted").exists()
    assert (await api.send("DELETE", "/runs/deleted", status=404))["code"] == "not_found"
    taken = await api.send("POST", "/runs", {**BACKTEST, "id": "deleted"}, status=409, **{"Idempotency-Key": "anew"})
    assert "deleted" in taken["state"]

    async def gone() -> bool:
        answer = await api.http.post("/runs", json={**BACKTEST, "id": "deleted"})
        return answer.status_code == 201

    await until(gone, "the id to be free again", seconds=120)  # Temporal takes half a minute to delete a history
    again = await api.reached("deleted", "completed")
    assert again["created_at"] > run["created_at"]
    assert [event["type"] for event in (await api.get("/runs/deleted/events"))["items"]].count("run.Created") == 1


async def test_an_open_run_cannot_be_deleted(api: Api) -> None:
    run = await api.start(paper(start_paused=True))
    refused = await api.send("DELETE", f"/runs/{run['id']}", status=409)
    assert (refused["action"], refused["state"]) == ("delete", "pending")
    await api.send("POST", f"/runs/{run['id']}/stop")
    await api.reached(run["id"], "stopped")


async def test_without_temporal_what_is_on_record_is_there_and_nothing_is_started(api: Api, api_stack: Stack, finished: Any) -> None:
    async with asked(settings_of(api_stack).model_copy(update={"temporal_address": "127.0.0.1:1"})) as alone:
        assert (await alone.get("/runs/finished"))["status"] == "completed"
        assert (await alone.get("/runs"))["total"] > 0
        refused = await alone.send("POST", "/runs", {**BACKTEST, "id": "never"}, status=503)
        assert refused["code"] == "unavailable"
        assert (await alone.get("/runs/never", 404))["code"] == "not_found"
        run = await api.start(paper(start_paused=True))
        shown = await alone.get(f"/runs/{run['id']}")
        assert shown["live"] is None
        assert "127.0.0.1:1" in shown["live_error"]
        assert (await alone.send("POST", f"/runs/{run['id']}/start", status=503))["code"] == "unavailable"
    await api.send("POST", f"/runs/{run['id']}/stop")
    await api.reached(run["id"], "stopped")
