"""What each shipped strategy trades on the demo data, with its default parameters, is kept in `golden/`.

After a wanted change write the files anew, and read the difference before committing it:

    WEAVER_UPDATE_GOLDEN=1 pytest tests/marvin/test_strategies_on_demo_data.py
"""

import csv
import os
from decimal import Decimal
from pathlib import Path

import pytest

from tests.builders import Replayed, replay
from tests.marvin.demo_bars import SYMBOLS, demo_bars
from weaver.market import from_microseconds
from weaver.marvin.loader import Library, build
from weaver.marvin.strategy import StrategyMeta
from weaver.orders import Costs
from weaver.plugins import Found

GOLDEN = Path(__file__).parent / "golden"
LIBRARY = Library.open([])
SHIPPED = [entry.meta for entry in LIBRARY.entries() if isinstance(entry, Found)]
COLUMNS = ["time", "symbol", "side", "quantity", "price", "commission"]
NUMBERS = COLUMNS[3:]


def run(name: str, symbols: tuple[str, ...], windows: tuple[int, ...] = ()) -> Replayed:
    loaded = build(LIBRARY.source(name))
    strategy = loaded.create(loaded.parse_params({}))
    costs = Costs(commission_bps=Decimal(10), slippage_bps=Decimal(5))
    return replay([demo_bars(symbol) for symbol in symbols], strategy, costs=costs, windows=windows)


def fills(replayed: Replayed) -> list[dict[str, str]]:
    return [
        {
            "time": from_microseconds(fill.time).date().isoformat(),
            "symbol": fill.symbol,
            "side": fill.side,
            "quantity": repr(fill.quantity),
            "price": repr(fill.price),
            "commission": repr(fill.commission),
        }
        for fill in replayed.fills
    ]


@pytest.mark.parametrize("meta", SHIPPED, ids=lambda meta: meta.id)
def test_a_shipped_strategy_trades_as_in_its_golden_file(meta: StrategyMeta) -> None:
    symbols = SYMBOLS if meta.symbols == "many" else ("AAPL",)
    written = fills(run(meta.id, symbols))
    path = GOLDEN / f"{meta.id}.csv"
    if os.environ.get("WEAVER_UPDATE_GOLDEN"):
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(written)

    with path.open(newline="") as file:
        golden = list(csv.DictReader(file))

    assert golden, "a shipped strategy trades on the demo data"
    assert [[fill[name] for name in COLUMNS[:3]] for fill in written] == [[fill[name] for name in COLUMNS[:3]] for fill in golden]
    for fill, expected in zip(written, golden, strict=True):
        assert [float(fill[name]) for name in NUMBERS] == pytest.approx([float(expected[name]) for name in NUMBERS], rel=1e-9), expected


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("name", [meta.id for meta in SHIPPED if meta.symbols == "one"])
def test_a_strategy_for_one_symbol_runs_on_each_demo_symbol(name: str, symbol: str) -> None:
    replayed = run(name, (symbol,))

    assert replayed.fills or symbol == "FB", "FB has 196 bars only"


@pytest.mark.parametrize("meta", SHIPPED, ids=lambda meta: meta.id)
def test_windows_change_nothing_for_a_shipped_strategy(meta: StrategyMeta) -> None:
    symbols = SYMBOLS if meta.symbols == "many" else ("IBM",)

    assert run(meta.id, symbols, windows=(1, 250, 777)).outcome.digest == run(meta.id, symbols).outcome.digest
