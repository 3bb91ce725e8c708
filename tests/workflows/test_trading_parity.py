"""A paper run and a backtest over the bars that it recorded place the same orders and get the same fills."""

import json
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.builders import replay
from tests.workflows.skipping_world import SkippingWorld, skipping_world
from weaver.glados.clock import bar_columns
from weaver.glados.runs import RunStatus
from weaver.market import Bars, Calendar, Timeframe, from_microseconds
from weaver.marvin.loader import Library, build
from weaver.orders import Costs
from weaver.walle.live_bars import LiveBars

MINUTE = Timeframe("1m")
BARS, QUIET = 40, 6
"""How long the runs trade, and for how many bars in the end they place nothing new."""

VARIED = '''
"""Places orders of one kind again and again, by what the decision's number calls for."""
from weaver.marvin import Bracket, Buy, Cancel, Close, Replace, Sell, Strategy, StrategyMeta, StrategyParams, StrategyState, TargetWeight

META = StrategyMeta(id="varied", name="Varied", symbols="many")


class Params(StrategyParams):
    kind: str
    last: int


class State(StrategyState):
    asked: int = 0


class Varied(Strategy[Params, State]):
    def decide(self, view):
        asked = view.state.asked
        view.state.asked += 1
        if asked < self.params.last:
            yield from getattr(self, self.params.kind)(view, asked)

    def market(self, view, asked):
        if asked % 3 == 0:
            yield Buy(3 + asked % 5)
        elif asked % 3 == 1:
            yield Sell(1)
        elif asked % 9 == 8:
            yield Close()

    def sized(self, view, asked):
        if asked % 2 == 0:
            yield Buy(percent=3) if asked % 4 else Buy(cash=2_500)
        elif asked % 5 == 3:
            yield Sell(percent=1)

    def limits(self, view, asked):
        if asked % 4 == 0:
            yield Buy(2, limit=round(view.close * 0.999, 2))
            yield Buy(1, limit=round(view.close * 0.95, 2))
        elif asked % 4 == 1 and view.is_long:
            yield Sell(1, limit=round(view.close * 1.0005, 2))

    def stops(self, view, asked):
        if asked % 4 == 0:
            yield Buy(2, stop=round(view.close * 1.0005, 2))
        elif asked % 4 == 1:
            yield Buy(1, stop=round(view.close * 1.0002, 2), limit=round(view.close * 1.0008, 2), time_in_force="day")
        elif asked % 4 == 2 and view.is_long:
            yield Sell(1, stop=round(view.close * 0.9995, 2))

    def brackets(self, view, asked):
        if asked % 5 == 0:
            yield Bracket(Buy(2), take_profit=round(view.close * 1.001, 2), stop_loss=round(view.close * 0.999, 2))
        elif asked % 5 == 2:
            entry = Buy(1, limit=round(view.close * 0.9995, 2))
            yield Bracket(entry, take_profit=round(view.close * 1.002, 2), stop_loss=round(view.close * 0.998, 2))
        elif asked % 17 == 16 and view.is_long:
            yield Close()

    def trailing(self, view, asked):
        if asked % 6 == 0:
            yield Buy(4)
        elif asked % 6 == 1 and view.is_long:
            yield Sell(2, trail_percent=0.05)
            yield Sell(2, trail=0.2)

    def cancels(self, view, asked):
        for number, order in enumerate(view.working_orders):
            if (asked + number) % 3 == 0:
                yield Cancel(order)
        if asked % 2 == 0:
            yield Buy(2, limit=round(view.close * 0.9995, 2))
            yield Buy(1, limit=round(view.close * 0.95, 2))
        elif view.is_long:
            yield Sell(1, limit=round(view.close * 1.0005, 2))

    def replaces(self, view, asked):
        for number, order in enumerate(view.working_orders):
            if (asked + number) % 3 == 0:
                yield Replace(order, quantity=order.quantity + 1)
            elif (asked + number) % 3 == 1:
                nearer = round(view.close * (1 + order.side.sign * (-0.0004 if order.stop is None else 0.0004)), 2)
                yield Replace(order, limit=nearer) if order.stop is None else Replace(order, stop=nearer)
        if asked % 4 == 0:
            yield Buy(3, limit=round(view.close * 0.998, 2))
        elif asked % 4 == 1:
            yield Buy(2, stop=round(view.close * 1.002, 2))
        elif asked % 4 == 2 and view.is_long:
            yield Sell(1, limit=round(view.close * 1.002, 2))
        elif view.is_long:
            yield Sell(1, stop=round(view.close * 0.998, 2))

    def parts(self, view, asked):
        if not view.working_orders:
            yield Sell(view.position.quantity, limit=view.close) if view.is_long else Buy(5, limit=view.close)
            return
        (order,) = view.working_orders
        nearer = round(view.close * (1 + 0.0005 * order.side.sign), 2)
        if asked % 5 == 4:
            yield Cancel(order)
        elif order.filled_quantity and asked % 2 and order.side.sign > 0:
            yield Replace(order, quantity=order.quantity + 1)
        elif asked % 2 == 0:
            yield Replace(order, limit=nearer)

    def weights(self, view, asked):
        for number, symbol in enumerate(view.symbols):
            if view[symbol].known and asked % 3 == number % 3:
                yield TargetWeight(symbol, 0.1 + 0.05 * ((asked + number) % 4))
'''

COSTS = {"commission_bps": "10", "slippage_bps": "5"}
CAPPED = COSTS | {"participation_cap": "0.0001"}
"""A bar fills a unit or two, so orders fill in parts."""


@dataclass(frozen=True)
class Case:
    """A strategy to be run both ways."""

    name: str
    strategy: str
    symbols: list[str]
    params: dict[str, Any]
    costs: dict[str, str]


def varied(kind: str, *symbols: str, name: str | None = None, costs: dict[str, str] = COSTS) -> Case:
    return Case(name or kind, "varied", list(symbols), {"kind": kind, "last": BARS - QUIET}, costs)


CASES = [
    varied("market", "MA/USD"),
    varied("sized", "SI/USD"),
    varied("limits", "LI/USD"),
    varied("stops", "ST/USD"),
    varied("brackets", "BR/USD"),
    varied("trailing", "TR/USD"),
    varied("cancels", "CA/USD"),
    varied("replaces", "RE/USD"),
    varied("parts", "PA/USD", costs=CAPPED),
    varied("weights", "WA/USD", "WB/USD", "WC/USD"),
    # Averages so short that they cross often, whatever the prices at the time of the test.
    Case("crossings", "sma-cross", ["CR/USD"], {"fast": 2, "slow": 3}, COSTS),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_paper_run_and_the_backtest_of_its_bars_are_the_same(tmp_path: Path, case: Case) -> None:
    environment = {"WEAVER_SIMULATED_COSTS": json.dumps(case.costs)}
    async with skipping_world(tmp_path, environment=environment, plugins={"varied": VARIED}) as world:
        asked = {"timeframe": "1m", "cash": "2000000", "costs": case.costs, "duration": f"{BARS}m", "at_end": "keep"}
        run_id = await world.start(case.strategy, case.symbols, params=case.params, id=case.name, **asked)
        assert (await world.ended(run_id)).status is RunStatus.COMPLETED
        differing = _differences(world, case)
        assert not differing, "\n".join(differing)


def _differences(world: SkippingWorld, case: Case) -> list[str]:
    """Return what the one has and the other has not, or has otherwise."""
    decisions = world.decisions(case.name)
    assert len(decisions) >= BARS - 1
    begin, end = decisions[0].bar_end - timedelta(minutes=1), decisions[-1].bar_end
    loaded = build(Library.open(world.settings.strategy_folders).source(case.strategy))
    made = loaded.create(loaded.parse_params(case.params))
    bars = [_recorded(world, symbol, end) for symbol in case.symbols]
    tested = replay(bars, made, cash="2000000", costs=Costs(**{name: Decimal(value) for name, value in case.costs.items()}), start=begin)
    assert tested.fills, "a run that does nothing shows nothing"
    orders, fills = world.orders(case.name), world.fills(case.name)
    # The venue goes on after the last bar that the run recorded, and lists the exits of entries that wait to be filled.
    later = {_bracket(_suffix(fill.order_id)) for fill in fills if fill.time >= end}
    waiting = {order.id for order in orders if not order.filled_quantity}
    listed = [order for order in orders if order.role is None or order.parent_id not in waiting]
    ours = {_suffix(order.id): order for order in listed if _bracket(_suffix(order.id)) not in later}
    theirs = {order.id: (order, _fills_of(tested.fills, order.id)) for order in tested.orders if _bracket(order.id) not in later}
    assert len(ours) > len(later), "most of what was done is compared"
    lines = [f"{order_id} only live: {ours[order_id]}" for order_id in sorted(ours.keys() - theirs.keys())]
    lines += [f"{order_id} only in the backtest: {theirs[order_id][0]}" for order_id in sorted(theirs.keys() - ours.keys())]
    for order_id in sorted(ours.keys() & theirs.keys()):
        live, (row, executions) = ours[order_id], theirs[order_id]
        one = {
            "symbol": live.symbol,
            "side": live.side.value,
            "type": live.order_type.value,
            "quantity": float(live.quantity),
            "limit": _float(live.limit_price),
            "filled": float(live.filled_quantity),
            "status": live.status.value,
            "fills": [
                (fill.time, float(fill.quantity), float(fill.price), float(fill.commission)) for fill in fills if fill.order_id == live.id
            ],
        }
        other = {
            "symbol": row.symbol,
            "side": row.side,
            "type": row.order_type,
            "quantity": row.quantity,
            "limit": row.limit_price,
            "filled": row.filled_quantity,
            "status": row.status,
            "fills": executions,
        }
        lines += [f"{order_id} {name}: live {one[name]}, backtest {other[name]}" for name in one if one[name] != other[name]]
    return lines


def _recorded(world: SkippingWorld, symbol: str, end: Any) -> Bars:
    columns = LiveBars(world.database).load("simulated", symbol, "1m", end=end)
    times = bar_columns(columns.starts, MINUTE, Calendar.ALWAYS)
    return Bars(
        symbol=symbol,
        timeframe=MINUTE,
        calendar=Calendar.ALWAYS,
        starts=times.starts,
        ends=times.ends,
        sessions=times.sessions,
        open=columns.open,
        high=columns.high,
        low=columns.low,
        close=columns.close,
        volume=columns.volume,
    )


def _suffix(order_id: str) -> str:
    return order_id.split("-", 2)[2]


def _bracket(order_id: str) -> str:
    """Return the id of the order that an exit belongs to, or that was there before any replacement; that of any other itself."""
    return order_id.partition(".")[0]


def _fills_of(fills: list[Any], order_id: str) -> list[tuple[Any, ...]]:
    return [(from_microseconds(one.time), one.quantity, one.price, one.commission) for one in fills if one.order_id == order_id]


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
