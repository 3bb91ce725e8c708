"""The shipped crossover against a second, naive implementation in exact arithmetic."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.builders import bars_of, replay, walk
from weaver.marvin.loader import Library, build
from weaver.orders import Costs

Traded = list[tuple[int, str, float, float]]


def naive(rows: list[tuple[float, ...]], fast: int, slow: int, quantity: int, bps: Fraction, slip: Fraction) -> Traded:
    """(bar, side, price, commission) of a crossover that trades at next opens, every mean and cross decided in fractions."""
    closes = [Fraction(str(row[3])) for row in rows]
    fills: Traded = []
    holding, order = False, None
    for bar, row in enumerate(rows):
        if order:
            sign = 1 if order == "buy" else -1
            price = Fraction(str(row[0])) * (1 + sign * slip)
            fills.append((bar, order, float(price), float(quantity * price * bps)))
            holding, order = order == "buy", None
        if bar < slow:
            continue
        now = sum(closes[bar - fast + 1 : bar + 1]) / fast - sum(closes[bar - slow + 1 : bar + 1]) / slow
        before = sum(closes[bar - fast : bar]) / fast - sum(closes[bar - slow : bar]) / slow
        if before <= 0 < now and not holding:
            order = "buy"
        elif before >= 0 > now and holding:
            order = "sell"
    return fills


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("fast", "slow"), [(2, 4), (10, 30)])
def test_the_crossover_trades_as_exact_arithmetic_says(seed: int, fast: int, slow: int) -> None:
    # Prices move by whole ticks of 0.5 so that means tie often: a tie is not a cross.
    random = np.random.default_rng(seed)
    closes = 100 + np.cumsum(random.integers(-1, 2, 1500)) * 0.5
    rows = [(float(c), float(c) + 0.5, float(c) - 0.5, float(c)) for c in closes]
    loaded = build(Library.open([]).source("sma-cross"))
    strategy = loaded.create(loaded.parse_params({"fast": fast, "slow": slow, "quantity": 3}))
    costs = Costs(commission_bps=Decimal(10), slippage_bps=Decimal(5))
    run = replay(bars_of(rows), strategy, costs=costs)
    expected = naive(rows, fast, slow, 3, Fraction(10, 10_000), Fraction(5, 10_000))
    assert [(run.at(fill), fill.side) for fill in run.fills] == [(bar, side) for bar, side, _, _ in expected]
    assert [fill.price for fill in run.fills] == pytest.approx([price for _, _, price, _ in expected], rel=1e-14)
    assert [fill.commission for fill in run.fills] == pytest.approx([commission for _, _, _, commission in expected], rel=1e-12)
    cash = 100_000 - sum((1 if side == "buy" else -1) * 3 * price + commission for _, side, price, commission in expected)
    held = 3 * (len(expected) % 2)
    assert run.outcome.statistics.final_equity == pytest.approx(cash + held * rows[-1][3], rel=1e-12)


def test_a_cent_grid_walk_agrees_as_well() -> None:
    rows = walk(2000, seed=9)
    loaded = build(Library.open([Path("nowhere")]).source("sma-cross"))
    run = replay(bars_of(rows), loaded.create(loaded.parse_params({"fast": 5, "slow": 20, "quantity": "1"})))
    assert [(run.at(fill), fill.side) for fill in run.fills] == [(b, s) for b, s, _, _ in naive(rows, 5, 20, 1, Fraction(0), Fraction(0))]
