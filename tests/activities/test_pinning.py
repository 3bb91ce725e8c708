"""A run keeps the strategy and the parameters that it was pinned with."""

from decimal import Decimal

import pytest
from temporalio.exceptions import ApplicationError

from tests.activities.decision_home import BARS, CROSS, RUN, Home, a_task, asked, decided
from weaver.glados.requests import RunCreate
from weaver.walle.queries import Queries


def test_a_run_keeps_the_text_its_strategy_had(home: Home) -> None:
    home.record(BARS)
    pinned = home.pinned(asked("weights"))
    file = home.folder / "plugins" / "weights.py"
    file.write_text(file.read_text().replace("0.01", "0.5"))
    assert home.pinned(asked("weights"), sha256=pinned.strategy_sha256, params={}).strategy_sha256 == pinned.strategy_sha256
    assert home.pinned(asked("weights")).strategy_sha256 != pinned.strategy_sha256
    before = decided(home.steps(), a_task(pinned, 40, strategy="weights"))
    assert before.orders[0].request.quantity * before.orders[0].price == pytest.approx(Decimal(1_000), rel=Decimal("1e-6"))


def test_new_parameters_are_on_record_and_told(home: Home) -> None:
    pinned = home.pinned(asked(**CROSS))
    changed = home.pinned(asked(**CROSS), sha256=pinned.strategy_sha256, params=pinned.params | {"slow": "9"}, corr_id="asked")
    assert changed.params["slow"] == 9
    assert changed.plan != pinned.plan
    assert changed.strategy_sha256 == pinned.strategy_sha256
    (event,) = changed.events
    assert (event.type, event.payload["params"], event.corr_id) == ("run.ParamsChanged", changed.params, "asked")
    run = Queries(home.database).run(RUN)
    assert run.params == changed.params
    assert run.strategy_sha256 == changed.strategy_sha256


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        (asked("sma-cros"), "Did you mean 'sma-cross'"),
        (asked(fast=0), "fast"),
        (asked(fats=3), "Did you mean 'fast'"),
        (asked(symbols=("A/USD", "B/USD")), "expected one symbol"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(home: Home, request_: RunCreate, message: str) -> None:
    with pytest.raises(ApplicationError, match=message) as failure:
        home.pinned(request_)
    assert failure.value.non_retryable
    assert Queries(home.database).run(RUN).strategy_sha256 is None


def test_a_plan_is_the_same_for_the_same_request(home: Home) -> None:
    assert home.pinned(asked(**CROSS)) == home.pinned(asked(**CROSS))
