"""Orders by hand, without any run."""

import json
from collections.abc import Callable

import pytest

from cli.main import run
from cli.trading_records import trading_records
from tests.cli.conftest import Shell
from tests.cli.waiting import wait_until
from weaver.orders import OrderStatus
from weaver.settings import Settings


def _until(shell: Shell, order_id: str, is_so: Callable[[OrderStatus], bool], what: str) -> None:
    def seen() -> bool:
        with trading_records(Settings(home=shell.home)) as records:
            assert records is not None
            return is_so(records.trading.order(order_id).status)

    wait_until(seen, what)


def test_a_market_order_is_filled_and_tells_its_life(served: Shell) -> None:
    placed = served.weaver("orders", "place", "buy", "2", "HAND/USD", "--id", "by-hand", "--json")
    assert placed.code == 0, placed.stderr
    assert (placed.document["account"], placed.document["run_id"], placed.document["quantity"]) == ("simulated-paper", None, "2")
    _until(served, "by-hand", lambda status: status is OrderStatus.FILLED, "the order to be filled")

    shown = served.weaver("orders", "show", "by-hand", "--json").document

    assert (shown["status"], shown["filled_quantity"], shown["time_in_force"]) == ("filled", "2", "gtc")
    events = [change["event"] for change in shown["history"]]
    assert (events[0], events[-1]) == ("orders.Created", "orders.Filled")
    assert [change["time"] for change in shown["history"]] == sorted(change["time"] for change in shown["history"])
    assert sum(float(fill["quantity"]) for fill in shown["fills"]) == 2
    assert "Filled" in served.weaver("orders", "show", "by-hand").stdout
    held = {one["symbol"]: one for one in served.weaver("positions", "--account", "simulated-paper", "--json").document}
    assert (held["HAND/USD"]["quantity"], held["HAND/USD"]["side"]) == ("2", "long")
    assert held["HAND/USD"]["avg_entry_price"] == shown["filled_avg_price"]


def test_a_resting_order_is_amended_and_cancelled(served: Shell) -> None:
    assert served.weaver("orders", "place", "buy", "1", "REST/USD", "--limit", "1.5", "--id", "rests").code == 0

    amended = served.weaver("orders", "amend", "rests", "--limit", "1.25", "--json")

    assert amended.code == 0, amended.stderr
    remainder = amended.document
    assert (remainder["id"], remainder["limit_price"], remainder["status"]) == ("rests.r1", "1.25", "accepted")
    again = served.weaver("orders", "cancel", "rests")
    assert again.code == 2
    assert "Order 'rests' is cancelled; it cannot be cancelled any more. Still working and belonging to it: rests.r1." in again.stderr
    cancelled = served.weaver("orders", "cancel", "rests.r1", "--json")
    assert (cancelled.code, cancelled.document["status"]) == (0, "cancelled")
    working = served.weaver("orders", "list", "--symbol", "REST/USD", "--status", "working", "--json").document
    assert working == []
    listed = served.weaver("orders", "list", "--symbol", "REST/USD", "--json").document
    assert [order["id"] for order in listed] == ["rests.r1", "rests"]


def test_a_bracket_shows_its_legs(served: Shell) -> None:
    arguments = ("orders", "place", "buy", "1", "LEGS/USD", "--take-profit", "100000", "--stop-loss", "0.5", "--id", "bracket")
    assert served.weaver(*arguments).code == 0
    _until(served, "bracket", lambda status: status is OrderStatus.FILLED, "the entry to be filled")
    wait_until(lambda: len(served.weaver("orders", "show", "bracket", "--json").document["legs"]) == 2, "both legs")

    legs = {leg["role"]: leg for leg in served.weaver("orders", "show", "bracket", "--json").document["legs"]}

    assert (legs["take_profit"]["limit_price"], legs["stop_loss"]["stop_price"]) == ("100000", "0.5")
    assert {leg["parent_id"] for leg in legs.values()} == {"bracket"}


def test_an_id_that_is_taken_is_refused(served: Shell) -> None:
    assert served.weaver("orders", "place", "buy", "1", "TWICE/USD", "--limit", "1", "--id", "twice").code == 0
    again = served.weaver("orders", "place", "buy", "1", "TWICE/USD", "--limit", "1", "--id", "twice", "--json")
    assert again.code == 2
    assert again.document["error"]["type"] == "AlreadyExists"
    unknown = served.weaver("orders", "cancel", "twic", "--json")
    assert unknown.code == 2
    assert "Did you mean 'twice'?" in unknown.stderr


CASES = {
    "a side that is none": (("place", "by", "1", "SIM/USD"), "No side 'by'. Did you mean 'buy'?"),
    "a quantity that is none": (("place", "buy", "all", "SIM/USD"), "quantity = 'all': expected a valid decimal"),
    "no quantity": (("place", "buy", "0", "SIM/USD"), "quantity = '0': expected greater than 0"),
    "a type that is none": (("place", "buy", "1", "SIM/USD", "--type", "lmit"), "order_type = 'lmit': expected 'market', 'limit'"),
    "a limit order without one": (("place", "buy", "1", "SIM/USD", "--type", "limit"), "limit_price: expected one for a limit order"),
    "a price for a market order": (("place", "buy", "1", "SIM/USD", "--type", "market", "--limit", "3"), "limit_price: expected none"),
    "exits the wrong way round": (
        ("place", "buy", "1", "SIM/USD", "--take-profit", "1", "--stop-loss", "2"),
        "take_profit: expected above stop_loss for a buy",
    ),
    "an account that is none": (("place", "buy", "1", "SIM/USD", "--account", "mine"), "account = 'mine': expected <adapter>-<mode>"),
    "an unknown adapter": (("place", "buy", "1", "SIM/USD", "--account", "simulatd-paper"), "Did you mean 'simulated'?"),
    "a mode it has not": (("place", "buy", "1", "SIM/USD", "--account", "simulated-live"), "mode = 'live': expected paper"),
    "real money unconfirmed": (("place", "buy", "1", "AAPL", "--account", "alpaca-live"), "--confirm-live"),
    "an unknown order": (("show", "nothing"), "No order 'nothing'"),
    "an unknown status": (("list", "--status", "filed"), "No status 'filed'. Did you mean 'filled'?"),
    "nothing to amend": (("amend", "some-order"), "at least one of --quantity, --limit, --stop"),
}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_cannot_be_ordered_is_refused_before_anything_is_asked(
    case: str, shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments, expected = CASES[case]
    monkeypatch.setenv("WEAVER_HOME", str(shell.home))

    assert run(["orders", *arguments, "--json"]) == 2

    said = capsys.readouterr()
    assert expected in said.err
    assert json.loads(said.out)["error"]["message"]
    assert not shell.home.exists()


def test_an_order_needs_a_stack_that_looks_after_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WEAVER_HOME", str(shell.home))
    assert run(["orders", "place", "buy", "1", "SIM/USD"]) == 3
    assert "weaver up" in capsys.readouterr().err
