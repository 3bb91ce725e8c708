"""`weaver data fetch` as a person types it, against a venue that speaks Alpaca's protocol and the simulated one."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.alpaca_server.faults import Fault
from tests.alpaca_server.process import ServerProcess
from tests.cli.conftest import Shell
from tests.cli.waiting import wait_until

KEYS = {"ALPACA_PAPER_API_KEY": "PKTEST", "ALPACA_PAPER_API_SECRET": "paper-secret"}
NOW = "2026-06-15T15:00:00+00:00"  # a Monday
MONTH = ("--timeframe", "1m", "--start", "2026-05-01", "--end", "2026-05-16")


@pytest.fixture(scope="module")
def venue() -> Iterator[ServerProcess]:
    with ServerProcess() as process:
        yield process


@pytest.fixture
def server(venue: ServerProcess) -> Iterator[ServerProcess]:
    """The venue, at a time of its own, without faults."""
    venue.control.set_clock(NOW)
    yield venue
    venue.control.clear_faults()


@pytest.fixture
def at_venue(shell: Shell, server: ServerProcess) -> Shell:
    """A shell whose Alpaca is the test's venue."""
    shell.environment.update(
        {
            "ALPACA_PAPER_BASE_URL": server.urls["paper_url"],
            "ALPACA_DATA_BASE_URL": server.urls["data_url"],
            "ALPACA_PAPER_API_KEY": "",
            "ALPACA_PAPER_API_SECRET": "",
            "ALPACA_LIVE_API_KEY": "",
            "ALPACA_LIVE_API_SECRET": "",
        }
    )
    return shell


def asked(server: ServerProcess, since: int = 0) -> list[str]:
    """The paths on the data host that were asked for."""
    return [path for served in server.control.requests(since) if "/bars" in (path := urlsplit(served["path"]).path)]


def fetched(shell: Shell, *arguments: str, **variables: str) -> list[dict[str, Any]]:
    done = shell.weaver("data", "fetch", *arguments, "--json", **variables)
    assert done.code == 0, done.stderr
    return done.document


def test_minutes_of_a_stock_come_with_keys_and_a_second_fetch_asks_for_nothing(at_venue: Shell, server: ServerProcess) -> None:
    (report,) = fetched(at_venue, "AAPL", *MONTH, **KEYS)
    assert (report["added"], report["absent"], report["calendar"]) == (11 * 390, 0, "XNYS")
    (series,) = at_venue.weaver("data", "list", "--json").document
    assert (series["first"], series["last"]) == ("2026-05-01T13:30:00Z", "2026-05-15T19:59:00Z")
    assert series["gaps"]["count"] == 0
    before = len(server.control.requests())

    (again,) = fetched(at_venue, "AAPL", *MONTH, **KEYS)

    assert server.control.requests(before) == []
    assert (again["had"], again["added"], again["requests"]) == (11 * 390, 0, 0)


def test_coins_need_no_keys_and_stocks_name_the_variables_they_need(at_venue: Shell) -> None:
    (report,) = fetched(at_venue, "BTC/USD", "--timeframe", "1h", "--start", "2026-06-01", "--end", "2026-06-08")
    assert (report["added"], report["calendar"]) == (7 * 24, "24/7")

    refused = at_venue.weaver("data", "fetch", "AAPL", *MONTH)

    assert refused.code == 2
    assert "ALPACA_PAPER_API_KEY and ALPACA_PAPER_API_SECRET" in refused.stderr


def test_days_of_a_stock_are_stored_under_their_date(at_venue: Shell) -> None:
    fetched(at_venue, "AAPL", "--timeframe", "1d", "--start", "2026-03-02", "--end", "2026-03-14", **KEYS)
    (series,) = at_venue.weaver("data", "list", "--json").document
    # New York's clocks change on 8 March, and with them Alpaca's stamps from 05:00Z to 04:00Z.
    assert (series["first"], series["last"], series["bars"]) == ("2026-03-02T00:00:00Z", "2026-03-13T00:00:00Z", 10)


def test_without_a_start_a_stored_series_goes_on_from_its_end(at_venue: Shell) -> None:
    coins = ("BTC/USD", "--timeframe", "1h")
    fetched(at_venue, *coins, "--start", "2026-06-01", "--end", "2026-06-08")
    (report,) = fetched(at_venue, *coins, "--end", "2026-06-09")
    assert (report["start"], report["had"], report["added"]) == ("2026-06-07T23:00:00Z", 1, 24)
    unknown = at_venue.weaver("data", "fetch", "ETH/USD", "--timeframe", "1h")
    assert (unknown.code, "no 1h bars of ETH/USD are stored" in unknown.stderr) == (2, True)


def test_a_killed_fetch_goes_on_where_it_was(at_venue: Shell, server: ServerProcess) -> None:
    """Twenty days of a coin's minutes are three pieces; the venue hangs at the second one."""
    coin = ("BTC/USD", "--timeframe", "1m", "--start", "2026-05-01", "--end", "2026-05-21")
    before = len(server.control.requests())
    server.control.add_fault(Fault(kind="hang", method="GET", path="/v1beta3/crypto/us/bars", skip=1, times=1))
    command = at_venue.start("data", "fetch", *coin)
    wait_until(lambda: len(asked(server, before)) == 2 or command.poll() is not None, "the second piece to be asked for")
    command.kill()
    command.communicate()
    server.control.clear_faults()
    assert command.returncode == -9
    (series,) = at_venue.weaver("data", "list", "--json").document
    assert series["bars"] == 10_000

    (report,) = fetched(at_venue, *coin)

    assert (report["had"], report["added"], report["absent"]) == (10_000, 20 * 1440 - 10_000, 0)


def test_a_symbol_that_does_not_exist_is_bad_input(at_venue: Shell) -> None:
    refused = at_venue.weaver("data", "fetch", "NOSUCH", *MONTH, "--json", **KEYS)
    assert (refused.code, refused.document["error"]["type"], refused.document["error"]["value"]) == (2, "UnknownName", "NOSUCH")


def test_a_venue_that_does_not_answer_is_exit_code_3(at_venue: Shell, server: ServerProcess) -> None:
    server.control.add_fault(Fault(kind="error", status=503, times=None, path="/v1beta3/crypto/us/bars"))
    done = at_venue.weaver("data", "fetch", "BTC/USD", *MONTH)
    assert (done.code, done.stdout) == (3, "")


def test_the_simulated_exchange_gives_its_prices(shell: Shell) -> None:
    days = ("--timeframe", "5m", "--start", "2026-05-01", "--end", "2026-05-02")
    coin, stock = fetched(shell, "SIM/USD", "AAPL", "--adapter", "simulated", *days)
    assert (coin["added"], stock["added"]) == (288, 78)
    done = shell.weaver("data", "fetch", "SIM/USD", "--adapter", "simulated", *days)
    assert "0 bars added, 288 stored before" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--adapter", "alpacca", "--start", "2026-05-01"), "Did you mean 'alpaca'?"),
        (("--adapter", "simulated", "--start", "2026-05-02", "--end", "2026-05-01"), "a time after start"),
        (("--adapter", "simulated", "--timeframe", "7q", "--start", "2026-05-01"), "timeframe"),
        (("--adapter", "simulated", "--feed", "iex", "--start", "2026-05-01"), "--feed"),
        (("--adapter", "alpaca", "--feed", "nyse", "--start", "2026-05-01"), "iex or sip"),
        (("--adapter", "simulated", "--start", "yesterday"), "start"),
    ],
)
def test_bad_input_is_exit_code_2_and_says_what_was_expected(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    refused = shell.weaver("data", "fetch", "SIM/USD", *arguments)
    assert refused.code == 2
    assert said in refused.stderr


def test_an_adapter_in_plugins_is_found(shell: Shell) -> None:
    folder = shell.folder / "plugins" / "adapters"
    folder.mkdir(parents=True)
    (folder / "mine.py").write_text(
        "from weaver.veda.adapters.simulated import SimulatedExchange\n"
        "from weaver.veda.exchange import AdapterMeta\n"
        'META = AdapterMeta(id="mine", name="Mine")\n'
    )
    refused = shell.weaver("data", "fetch", "SIM/USD", "--adapter", "mine", "--start", "2026-05-01")
    assert refused.code == 2
    assert "mine.py: has no class derived from Exchange" in refused.stderr
