"""The guide's strategies are run as they stand on the page, and what pages name must exist."""

import inspect
import re
from pathlib import Path
from textwrap import indent

import pytest

import weaver.marvin
from cli.main import COMMANDS
from tests.builders import bars_of, replay, walk
from weaver.greta.check import check
from weaver.market import Bars
from weaver.marvin import indicators, intents
from weaver.marvin.loader import Library, build
from weaver.marvin.view import BarView, Execution, Position, SymbolView, View, WorkingOrder
from weaver.plugins import Found

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "docs/writing-a-strategy.md").read_text()
PYTHON = re.findall(r"^```python\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
FILES = {match[1]: block for block in PYTHON if (match := re.match(r"# plugins/strategies/(\w+\.py)\n", block))}
PAGES = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

HEAD = """
from weaver.marvin import *
META = StrategyMeta(id="fragment", name="Fragment")
class Fragment(Strategy[StrategyParams]):
    def decide(self, view):
"""

PLUMBING = {"account", "at", "by_symbol", "coarser", "move", "only", "show", "step", "stretch", "touched", "traded", "notes"}
"""Names of the view that whoever runs a strategy uses, and its author does not."""


def made_up_bars(symbol: str, seed: int, *, count: int = 500) -> Bars:
    return bars_of(walk(count, seed=seed), symbol=symbol, timeframe="1d")


def library(folder: Path) -> Library:
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return Library.open([folder])


def strategies() -> list[str]:
    return [match[1] for text in FILES.values() if (match := re.search(r'META = StrategyMeta\(id="([\w-]+)"', text))]


def test_the_guide_has_complete_strategies() -> None:
    assert strategies() == ["two-means", "monthly-momentum", "trend-breakout"]


def test_the_guides_files_are_listed_and_none_is_broken(tmp_path: Path) -> None:
    entries = library(tmp_path).entries()

    assert [entry for entry in entries if not isinstance(entry, Found)] == []
    assert {entry.id for entry in entries if isinstance(entry, Found) and entry.path.parent == tmp_path} == set(strategies())


@pytest.mark.parametrize("name", strategies())
def test_a_strategy_of_the_guide_trades_and_passes_the_check(name: str, tmp_path: Path) -> None:
    loaded = build(library(tmp_path).source(name))
    symbols = ["A/USD", "B/USD", "C/USD"] if loaded.meta.symbols == "many" else ["A/USD"]
    bars = [made_up_bars(symbol, seed) for seed, symbol in enumerate(symbols, start=1)]

    replayed = replay(bars, loaded.create(loaded.parse_params({})))

    assert len(replayed.fills) > 3
    assert check(loaded, bars) == []


@pytest.mark.parametrize("block", [block for block in PYTHON if block.startswith("# in decide\n")])
def test_what_the_guide_yields_can_be_yielded(block: str, tmp_path: Path) -> None:
    (tmp_path / "fragment.py").write_text(HEAD + indent(block, " " * 8))
    loaded = build(Library.open([tmp_path]).source("fragment"))

    replayed = replay(made_up_bars("AAPL", 1, count=20), loaded.create(loaded.parse_params({})))

    assert {order.order_type for order in replayed.orders} == {"market", "limit", "stop", "stop_limit", "trailing_stop"}
    assert any(".r1" in order.id for order in replayed.orders)


def test_the_guides_notebook_cell_runs() -> None:
    (cell,) = [block for block in PYTHON if block.startswith("# in a notebook\n")]
    names: dict[str, object] = {"__name__": "notebook"}

    exec(compile(cell, "cell", "exec"), names)

    assert len(names["run"].fills) > 3  # type: ignore[attr-defined]  # a name of the cell


def test_every_python_block_of_the_guide_is_run_by_one_of_these_tests() -> None:
    assert [block for block in PYTHON if not re.match(r"# (plugins/strategies/|in decide\n|in a notebook\n)", block)] == []


@pytest.mark.parametrize("kind", [View, BarView, SymbolView, WorkingOrder, Execution, Position])
def test_the_guide_names_all_that_a_view_shows(kind: type) -> None:
    public = {name for name in dir(kind) if not name.startswith("_")} - PLUMBING

    assert {name for name in public if not re.search(rf"[`.]{name}\b", GUIDE)} == set()


def test_the_guide_names_all_indicators_intents_and_options_of_orders() -> None:
    functions = [name for name in indicators.__all__ if inspect.isfunction(getattr(indicators, name))]
    kinds = intents.Intent.__args__
    options = {name for kind in kinds for name in kind.__dataclass_fields__}

    missing = [name for name in (*functions, *(kind.__name__ for kind in kinds), *options) if not re.search(rf"\b{name}\b", GUIDE)]
    assert missing == []


def test_all_that_the_guides_strategies_import_is_for_authors() -> None:
    for text in FILES.values():
        for names in re.findall(r"^from weaver\.marvin import (.*)$", text, re.MULTILINE):
            assert set(names.split(", ")) <= set(weaver.marvin.__all__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_files_that_a_page_names_exist(page: Path) -> None:
    text = page.read_text()
    named = set(re.findall(r"`((?:weaver|workflows|activities|cli|tests|bench|docs|scripts)/[\w./-]+)`", text))
    linked = set(re.findall(r"\]\(([\w./-]+\.md)(?:#[\w-]*)?\)", text))

    assert {name for name in named if not (ROOT / name).exists()} == set()
    assert {name for name in linked if not (page.parent / name).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_that_a_page_names_exist(page: Path) -> None:
    code = "\n".join(re.findall(r"`[^`]+`|^```.*?^```", page.read_text(), re.MULTILINE | re.DOTALL))
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert set(re.findall(r"[`\n]weaver ([a-z]+)", code)) <= set(COMMANDS)
    assert set(re.findall(r"[`\n]make ([a-z]+)", code)) <= set(targets)


def test_a_decision_takes_at_most_forty_lines() -> None:
    decisions = sorted((ROOT / "docs/decisions").glob("*.md"))

    assert decisions
    assert [page.name for page in decisions if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", page.name)] == []
    assert {page.name: lines for page in decisions if (lines := len(page.read_text().splitlines())) > 40} == {}
