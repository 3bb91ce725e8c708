from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest

from tests.veda.conftest import FakeClock, Simulated
from weaver.errors import AdapterBroken, AdapterNotFound, BadValue, MissingCredentials
from weaver.plugins import Broken, Found
from weaver.veda.adapters.simulated import META as SIMULATED
from weaver.veda.adapters.simulated import SimulatedExchange
from weaver.veda.exchange import AdapterMeta, Exchange, Mode
from weaver.veda.library import BUILT_IN, AdapterLibrary, account_id, missing_variables

CALLS = sorted(Exchange.__abstractmethods__)
WHOLE = """
from weaver.veda.exchange import AdapterMeta, Exchange

META = AdapterMeta(
    id="mine", name="Mine", version="2.1", features=("brackets",),
    credentials=("MINE_{MODE}_KEY", "MINE_{MODE}_SECRET"), options=("MINE_{MODE}_URL", "MINE_FEED"),
)


class Mine(Exchange):
""" + "".join(f"    async def {name}(self, *args, **kwargs): ...\n" for name in CALLS)
NAMES = [f"MINE_{mode}_{name}" for mode in ("PAPER", "LIVE") for name in ("KEY", "SECRET")]


def library(folder: Path, **files: str) -> AdapterLibrary:
    for stem, text in files.items():
        (folder / f"{stem}.py").write_text(text)
    return AdapterLibrary.open([folder])


def opened(adapters: AdapterLibrary, mode: Mode = "paper", adapter: str = "mine", trading: bool = True, **environment: str) -> Exchange:
    return adapters.open_exchange(adapter, mode, environment=environment, clock=FakeClock(), trading=trading)


def keys(mode: str) -> dict[str, str]:
    return {f"MINE_{mode}_KEY": "k", f"MINE_{mode}_SECRET": "s"}


def test_the_built_in_adapters_are_listed_first_and_none_is_broken(tmp_path: Path) -> None:
    entries = library(tmp_path, mine=WHOLE).entries()
    ids = [entry.id for entry in entries if isinstance(entry, Found)]
    assert len(ids) == len(entries)
    assert "simulated" in ids[:-1]
    assert ids[-1] == "mine"


def test_private_files_and_missing_folders_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "_helper.py").write_text("raise SystemExit")
    listed = AdapterLibrary.open([tmp_path, tmp_path / "absent"]).entries()
    assert {entry.path.parent for entry in listed} == {BUILT_IN}


def test_meta_is_read_without_running_the_file(tmp_path: Path) -> None:
    adapters = library(tmp_path, mine=WHOLE + "\nraise SystemExit\n")
    meta = adapters.meta("mine")
    assert (meta.name, meta.version, meta.features, meta.modes) == ("Mine", "2.1", ("brackets",), ("paper", "live"))


def test_an_unknown_id_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(AdapterNotFound, match="Did you mean 'simulated'"):
        AdapterLibrary.open().meta("simulatd")


def test_files_that_share_an_id_are_broken_and_break_nothing_else(tmp_path: Path) -> None:
    adapters = library(tmp_path, one=WHOLE, two=WHOLE)
    broken = [entry for entry in adapters.entries() if isinstance(entry, Broken)]
    assert [entry.path.stem for entry in broken] == ["one", "two"]
    with pytest.raises(AdapterBroken, match="each id may be in one file only"):
        adapters.meta("mine")
    assert adapters.meta("simulated") == SIMULATED


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("def", 1, "syntax error"),
        ("\nMETA = 3", 2, "META must be AdapterMeta"),
        ("x = 1", None, "has no META"),
        ("META = AdapterMeta(id='mine', name='Mine', modes=('dry',))", 1, "modes"),
    ],
)
def test_a_file_that_cannot_be_listed_says_why_and_where(tmp_path: Path, text: str, line: int | None, reason: str) -> None:
    with pytest.raises(AdapterBroken, match=reason) as broken:
        opened(library(tmp_path, mine=text))
    assert (broken.value.file, broken.value.line) == (str(tmp_path / "mine.py"), line)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (WHOLE + "\n1 / 0\n", len(WHOLE.splitlines()) + 2, "ZeroDivisionError"),
        (WHOLE + "\nimport no_such_module\n", len(WHOLE.splitlines()) + 2, "no_such_module"),
        (WHOLE.split("class Mine")[0], None, "no class derived from Exchange"),
        (WHOLE + "\nclass Another(Mine): ...\n", None, "2 exchange classes"),
        (WHOLE.replace("async def quote", "async def price"), None, "missing: quote"),
    ],
)
def test_a_file_that_cannot_be_run_says_why_and_where(tmp_path: Path, text: str, line: int | None, reason: str) -> None:
    with pytest.raises(AdapterBroken, match=reason) as broken:
        opened(library(tmp_path, mine=text), **keys("PAPER"))
    assert (broken.value.file, broken.value.line) == (str(tmp_path / "mine.py"), line)


def test_an_opened_exchange_knows_its_meta_mode_and_account(tmp_path: Path) -> None:
    exchange = opened(library(tmp_path, mine=WHOLE), "live", **keys("LIVE"))
    assert exchange.meta.id == "mine"
    assert exchange.supports("brackets")
    assert (exchange.context.mode, exchange.context.account) == ("live", account_id("mine", "live"))


def test_a_file_is_run_once_and_as_it_was_listed(tmp_path: Path) -> None:
    adapters = library(tmp_path, mine=WHOLE)
    first = opened(adapters, **keys("PAPER"))
    (tmp_path / "mine.py").write_text("raise SystemExit")
    assert type(opened(adapters, **keys("PAPER"))) is type(first)


def test_files_beside_an_adapter_can_be_imported(tmp_path: Path) -> None:
    (tmp_path / "_words.py").write_text("GREETING = 'hello'")
    exchange = opened(library(tmp_path, mine="from ._words import GREETING\n" + WHOLE + "    greeting = GREETING\n"), **keys("PAPER"))
    assert exchange.greeting == "hello"  # type: ignore[attr-defined]  # what its own file gives it


# Modes and credentials


@pytest.mark.parametrize("mode", ["paper", "live"])
@pytest.mark.parametrize("values", list(product(["", "set", None], repeat=4)))
def test_no_mixture_of_keys_opens_the_wrong_account(tmp_path: Path, mode: Mode, values: tuple[str | None, ...]) -> None:
    """Each of the four keys is empty, set or absent."""
    environment = {name: f"{value} {name}" if value else "" for name, value in zip(NAMES, values, strict=True) if value is not None}
    own = [name for name in NAMES if mode.upper() in name]
    missing = tuple(name for name in own if not environment.get(name))
    adapters = library(tmp_path, mine=WHOLE)
    assert missing_variables(adapters.meta("mine"), mode, environment) == missing
    if missing:
        with pytest.raises(MissingCredentials) as problem:
            opened(adapters, mode, **environment)
        assert problem.value.variables == missing
        assert "set " not in str(problem.value)
        return
    given = opened(adapters, mode, **environment).context.environment
    assert dict(given) == {"MINE_{MODE}_KEY": environment[own[0]], "MINE_{MODE}_SECRET": environment[own[1]]}


@pytest.mark.parametrize("mode", ["paper", "live"])
def test_an_adapter_sees_the_variables_of_its_mode_and_no_others(tmp_path: Path, mode: Mode) -> None:
    both = (
        keys("PAPER")
        | keys("LIVE")
        | {"MINE_PAPER_URL": "paper", "MINE_LIVE_URL": "live", "MINE_FEED": "iex", "HOME": "/", "MINE_OTHER": "x"}
    )
    given = opened(library(tmp_path, mine=WHOLE), mode, **both).context.environment
    assert dict(given) == {"MINE_{MODE}_KEY": "k", "MINE_{MODE}_SECRET": "s", "MINE_{MODE}_URL": mode, "MINE_FEED": "iex"}


def test_market_data_may_be_opened_without_credentials(tmp_path: Path) -> None:
    exchange = opened(library(tmp_path, mine=WHOLE), trading=False, MINE_FEED="iex")
    assert dict(exchange.context.environment) == {"MINE_FEED": "iex"}


def test_a_context_does_not_show_its_keys(tmp_path: Path) -> None:
    exchange = opened(library(tmp_path, mine=WHOLE), MINE_PAPER_KEY="planted-key", MINE_PAPER_SECRET="planted-secret")
    assert "planted" not in repr(exchange.context)


def test_live_trading_on_the_simulated_exchange_is_refused(simulated: Simulated) -> None:
    with pytest.raises(BadValue, match="mode = 'live': expected paper: adapter 'simulated' trades in no other mode"):
        AdapterLibrary.open().open_exchange("simulated", "live", environment={}, clock=FakeClock(), store=simulated.store)


async def test_the_simulated_exchange_opens_with_no_keys_at_all(simulated: Simulated) -> None:
    exchange = AdapterLibrary.open().open_exchange(
        "simulated",
        "paper",
        account=simulated.account,
        environment={"WEAVER_SIMULATED_CASH": "7"},
        clock=FakeClock(),
        store=simulated.store,
    )
    assert isinstance(exchange, SimulatedExchange)
    await exchange.connect()
    assert (await exchange.account()).cash == 7
    assert (await exchange.clock()).time == datetime(2026, 3, 4, 12, tzinfo=UTC)


def test_missing_variables_have_their_real_names() -> None:
    meta = AdapterMeta(id="alpaca", name="Alpaca", credentials=("ALPACA_{MODE}_API_KEY", "ALPACA_{MODE}_API_SECRET"))
    assert missing_variables(meta, "live", {"ALPACA_PAPER_API_KEY": "x", "ALPACA_LIVE_API_SECRET": " "}) == (
        "ALPACA_LIVE_API_KEY",
        "ALPACA_LIVE_API_SECRET",
    )
