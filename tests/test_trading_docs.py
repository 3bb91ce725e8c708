"""What the pages on trading say of settings, limits, statuses, waits and messages is what the code has."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from weaver.glados.requests import RunCreate
from weaver.glados.risk import _RULES, LIVE_LIMITS, PAPER_LIMITS, RiskLimits
from weaver.orders import Costs, OrderStatus
from weaver.plugins import Found
from weaver.settings import Settings
from weaver.veda import exchange
from weaver.veda.library import AdapterLibrary
from workflows import policies
from workflows.inputs import ParamsChange, StopRequest
from workflows.order_inputs import OrderInput

DOCS = Path(__file__).parent.parent / "docs"
TRADING = (DOCS / "paper-and-live.md").read_text()
ADAPTERS = (DOCS / "writing-an-adapter.md").read_text()
INPUTS = {
    match[1]: json.loads(match[2])
    for match in re.finditer(r"--type (\w+) --task-queue weaver --workflow-id \S+ \\\n  --input '(.*?)'\n", TRADING, re.DOTALL)
}
SIGNALS = {match[1]: json.loads(match[2]) for match in re.finditer(r"--name (\w+) --input '(.*?)'\n", TRADING)}
PAPER_AND_LIVE = ("PAPER", "LIVE")


def section(title: str) -> str:
    """The text under a heading, up to the next one of its rank."""
    return TRADING.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def variables() -> list[str]:
    own = [f"WEAVER_{name.upper()}" for name in Settings.model_fields]
    metas = [entry.meta for entry in AdapterLibrary.open().entries() if isinstance(entry, Found)]
    named = [name for meta in metas for name in (*meta.credentials, *meta.options) if not name.startswith("WEAVER_SIMULATED_")]
    return own + [name.replace("{MODE}", mode) for name in named for mode in PAPER_AND_LIVE]


@pytest.mark.parametrize("name", sorted(set(variables())))
def test_each_variable_is_in_the_table_of_settings(name: str) -> None:
    assert f"`{name}`" in section("All settings")


def test_the_simulated_exchanges_variables_and_costs_are_told() -> None:
    told = section("On the simulated exchange")
    options = AdapterLibrary.open().meta("simulated").options

    assert [name for name in (*options, *(field.name for field in fields(Costs))) if f"`{name}`" not in told] == []


def test_the_table_of_limits_has_each_rule_in_the_order_of_the_check_and_the_limits_of_live_accounts() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \| ([^|]+) \|$", section("Limits"), re.MULTILINE)

    assert [name for name, _, _ in rows] == [rule.__name__.removeprefix("_") for rule in _RULES]
    for name, paper, live in rows:
        if name in RiskLimits.model_fields and name != "allowed_symbols":
            assert (getattr(PAPER_LIMITS, name), paper) == (None, "none")
            assert str(getattr(LIVE_LIMITS, name)) == live


def test_the_limits_that_the_page_sets_are_limits() -> None:
    (text,) = re.findall(r"WEAVER_LIVE_RISK='(.*?)'", TRADING, re.DOTALL)

    limits = RiskLimits.model_validate(json.loads(text))

    assert {name for name in RiskLimits.model_fields if getattr(limits, name) is None} == set()


def test_a_limit_that_the_json_leaves_out_stays_and_null_lifts_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEAVER_LIVE_RISK", '{"max_order_notional": "1000", "max_position": null}')

    limits = Settings().live_risk
    assert (limits.max_order_notional, limits.max_position) == (1_000, None)
    assert limits.max_daily_loss == LIVE_LIMITS.max_daily_loss


def test_each_status_of_an_order_is_explained() -> None:
    assert [status.value for status in OrderStatus if f"`{status.value}`" not in section("Orders")] == []


def test_the_waits_that_the_page_tells_are_those_of_the_code() -> None:
    told = section("Orders")
    doubts = [round(pause.total_seconds()) for pause in policies.DOUBT_AFTER]

    assert f"after {', '.join(map(str, doubts[:-1]))}, then\n  every {doubts[-1]} s" in told
    assert f"one bar (at least {policies.ORDER_LIFE.total_seconds():.0f} s)" in told
    assert f"ten bars (at least {policies.PRICED_ORDER_LIFE.total_seconds() / 60:.0f} minutes)" in told
    assert f"one by hand after {policies.MANUAL_ORDER_LIFE.total_seconds() / 60:.0f} minutes" in told
    assert f"fill within {policies.PROFIT_PATIENCE.total_seconds():.0f} s" in told
    assert f"every {policies.RECONCILE_BUSY.total_seconds():.0f} s while" in section("Reconciliation and drift")


def test_what_the_page_starts_by_the_stock_command_is_taken() -> None:
    assert set(INPUTS) == {"TradingRun", "Order"}
    assert RunCreate.model_validate(INPUTS["TradingRun"]).duration == "10m"
    order = OrderInput.model_validate(INPUTS["Order"] | {"keeps_bracket": False})
    assert order.wish is not None
    assert order.wish.request.client_order_id == "by-hand-1"


def test_what_the_page_signals_by_the_stock_command_is_taken() -> None:
    assert set(SIGNALS) == {"set_params", "stop"}
    assert ParamsChange.model_validate(SIGNALS["set_params"]).params == {"fast": 3}
    assert StopRequest.model_validate(SIGNALS["stop"]).flatten


def test_the_guide_to_adapters_names_every_error_feature_and_field() -> None:
    features = [exchange.BRACKETS, exchange.EQUITY_BRACKETS, exchange.CRYPTO_FEE_IN_KIND, exchange.CREDENTIAL_FREE_CRYPTO]
    errors = ["NotConnected", "Refused", "TermsDiffer", "NotFound", "RateLimited", "Unavailable", "Unknown"]
    context = [field.name for field in fields(exchange.Context)]
    meta = [field.name for field in fields(exchange.AdapterMeta)]

    missing = [name for name in (*features, *errors, *context, *meta) if not re.search(rf"`{name}\b|    {name}=", ADAPTERS)]
    assert missing == []
