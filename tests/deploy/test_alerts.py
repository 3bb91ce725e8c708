"""Alerts, dashboard and runbook: the expressions can be read, each metric is in a live /metrics, each alert has its section."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import promql_parser
import pytest
import pytest_asyncio
import yaml
from prometheus_client.parser import text_string_to_metric_families

from api.main import create_app
from cli.ports import free_ports, is_free
from scripts import grafana
from tests.api.guards.guarded import asking
from tests.workflows.stack import ROOT, Stack, until
from weaver.glados.requests import RunCreate
from weaver.settings import Settings
from workflows.trading_client import start_trading

PROMETHEUS = ROOT / "deploy/prometheus"
RUNBOOK = (ROOT / "docs/operations.md").read_text()
ALERTS = [rule for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"] for rule in group["rules"]]
DASHBOARD = json.loads((ROOT / "deploy/grafana/weaver.json").read_text())
OF_PROMETHEUS = {"up"}
"""What Prometheus itself gives for each target."""
SCRIPT = {"script": {"0": [["buy", {"quantity": 1}]]}}


def queries() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]


def named(query: str) -> set[str]:
    """Return the metrics of a query. Raises for one that is no PromQL."""
    return set(_named(promql_parser.parse(query.replace("$__rate_interval", "5m"))))


def _named(expression: Any) -> Iterator[str]:
    match expression:
        case promql_parser.VectorSelector():
            yield expression.name
        case promql_parser.MatrixSelector():
            yield expression.vector_selector.name
        case promql_parser.Call():
            for argument in expression.args:
                yield from _named(argument)
        case promql_parser.BinaryExpr():
            yield from _named(expression.lhs)
            yield from _named(expression.rhs)
        case promql_parser.NumberLiteral() | promql_parser.StringLiteral():
            return
        case _:
            yield from _named(expression.expr)


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_can_be_read_and_says_how_urgent_it_is_and_has_its_section(alert: dict[str, Any]) -> None:
    assert set(alert) <= {"alert", "expr", "for", "labels", "annotations"}
    assert named(alert["expr"])
    assert re.fullmatch(r"\d+[smh]", alert.get("for", "0s"))
    assert alert["labels"]["severity"] in {"page", "ticket", "info"}
    assert f"\n### {alert['alert']}\n" in RUNBOOK
    told = set(re.findall(r"\$labels\.(\w+)", alert["annotations"]["summary"]))
    kept = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", alert["expr"]))))
    assert told <= (kept or {"job", "instance"}), "the summary names labels that the expression keeps"


def test_the_runbook_has_no_section_of_an_alert_that_is_not() -> None:
    assert set(re.findall(r"^### (Weaver\w+)$", RUNBOOK, re.MULTILINE)) == {alert["alert"] for alert in ALERTS}


def test_the_dashboard_is_as_its_script_writes_it_and_its_queries_can_be_read() -> None:
    assert grafana.text() == (ROOT / "deploy/grafana/weaver.json").read_text(), "python -m scripts.grafana"
    assert all(named(query) for query in queries())
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_the_example_scrapes_what_the_alerts_are_about() -> None:
    example = yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())

    assert example["rule_files"] == ["alerts.yml"]
    assert {job["job_name"] for job in example["scrape_configs"]} == {"weaver-api", "weaver-worker", "weaver-accounts"}


@pytest_asyncio.fixture(scope="module")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[set[str]]:
    """The names of all numbers that API, worker and accounts process give while a run trades and a workflow cannot go on."""
    port = next(port for port in free_ports(20) if is_free(port + 1))
    home: Path = tmp_path_factory.mktemp("numbers") / "home"
    stack = Stack(home, {"WEAVER_WORKER_METRICS": f"127.0.0.1:{port}", "WEAVER_GRETA_SLOTS": "1", "WEAVER_MARVIN_SLOTS": "1"})
    try:
        client = await stack.start()
        given = {"id": "paper", "strategy": "buy-and-hold", "symbols": ["SIM/USD"], "timeframe": "1s", "mode": "paper", "for": "5s"}
        await start_trading(client, RunCreate.model_validate(given | {"params": {"invested": 0.5}}))
        await client.start_workflow("NobodyKnows", id="hangs", task_queue="weaver")
        async with asking(create_app(Settings(home=home, temporal_address=stack.address))) as api, httpx.AsyncClient() as web:

            async def given_now() -> set[str]:
                texts = [(await api.get("/metrics")).text]
                texts += [(await web.get(f"http://127.0.0.1:{at}/metrics")).text for at in (port, port + 1)]
                families = [family for text in texts for family in text_string_to_metric_families(text)]
                return {family.name for family in families} | {sample.name for family in families for sample in family.samples}

            async def all_is_given() -> set[str] | None:
                try:
                    found = await given_now()
                except httpx.ConnectError:  # the accounts process is just starting
                    return None
                return found if wanted() <= found else None

            try:
                yield await until(all_is_given, "all numbers", seconds=40)
            except AssertionError:
                yield await given_now()
            await client.get_workflow_handle("hangs").terminate()
    finally:
        stack.stop()


def wanted() -> set[str]:
    return {name for query in [*queries(), *(alert["expr"] for alert in ALERTS)] for name in named(query)} - OF_PROMETHEUS


def test_every_metric_of_alerts_and_dashboard_is_in_a_live_metrics(live: set[str]) -> None:
    assert sorted(wanted() - live) == []


def test_every_metric_that_the_runbook_names_is_in_a_live_metrics(live: set[str]) -> None:
    assert set(re.findall(r"`(weaver_\w+)`", RUNBOOK)) <= live
