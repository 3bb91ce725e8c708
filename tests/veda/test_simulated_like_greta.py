"""Random orders meet the same bars in a backtest and at the simulated exchange, bar by bar: the same must come of them."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import Replayed, bars_of, replay, walk
from tests.veda.conftest import FakeClock, Simulated
from weaver.broker import OrderReport
from weaver.market import Bars, Timeframe, from_microseconds, to_microseconds
from weaver.marvin.intents import Bracket, Buy, Cancel, Close, Intent, Sell
from weaver.marvin.view import View, WorkingOrder
from weaver.orders import Costs, OrderRequest, OrderStatus, OrderType, Side, TimeInForce, order_number
from weaver.veda.exchange import Exchange
from weaver.walle.database import Database
from weaver.walle.simulated import Simulations

BARS = 24
START = datetime(2026, 3, 4, 23, 59, tzinfo=UTC)  # day orders live to see midnight
SYMBOL = "SIM/USD"
FIVE = Timeframe("5s")

COSTS = (
    Costs(),
    Costs(commission_bps=Decimal(10), slippage_bps=Decimal(5), commission_min=Decimal(1)),
    Costs(participation_cap=Decimal("0.1"), slippage_volume_share=Decimal("0.1")),
)


@dataclass(frozen=True)
class Wish:
    """What may be wanted at a bar's end; prices are `offset` hundredths of a percent from the close."""

    kind: str
    quantity: int
    offset: int
    time_in_force: TimeInForce

    def intent(self, held: float, close: float, working: Sequence[str]) -> Intent | None:
        near = Decimal(str(round(close * (1 + self.offset / 10_000), 2)))
        beyond = Decimal(str(round(close * (1 - self.offset / 20_000), 2)))
        terms = {"quantity": self.quantity, "time_in_force": self.time_in_force}
        lasting = {"quantity": self.quantity, "time_in_force": TimeInForce.GTC}
        match self.kind:
            case "close":
                return Close() if held else None
            case "cancel":
                return Cancel(working[self.quantity % len(working)]) if working else None
            case "buy" | "sell":
                return (Buy if self.kind == "buy" else Sell)(**terms)
            case "buy limit" | "sell limit":
                return (Buy if self.kind == "buy limit" else Sell)(**terms, limit=near)
            case "buy stop" | "sell stop":
                return (Buy if self.kind == "buy stop" else Sell)(**lasting, stop=near)
            case "buy stop limit" | "sell stop limit":
                return (Buy if self.kind == "buy stop limit" else Sell)(**lasting, stop=near, limit=beyond)
            case "sell trailing":
                return Sell(**lasting, trail=Decimal("0.4"))
            case _:
                entry = Buy(**lasting, limit=near) if self.offset % 2 else Buy(**lasting)
                wide = Decimal(str(1 + abs(self.offset)))
                return Bracket(entry, take_profit=near + wide / 50, stop_loss=near - wide / 40)


KINDS = (
    "close cancel buy sell bracket buy_limit sell_limit buy_stop sell_stop buy_stop_limit sell_stop_limit sell_trailing".replace(
        " ", ","
    ).replace("_", " ")
).split(",")
wishes = st.builds(
    Wish,
    kind=st.sampled_from(KINDS),
    quantity=st.integers(1, 250),
    offset=st.integers(-60, 60),
    time_in_force=st.sampled_from([TimeInForce.GTC, TimeInForce.GTC, TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK]),
)
decisions = st.dictionaries(st.integers(0, BARS - 2), st.lists(wishes, min_size=1, max_size=4), max_size=BARS)


def ordered(intents: Iterable[Intent]) -> list[Intent]:
    """Cancellations first, then exits, then entries, as a trading run sends them."""

    def place(intent: Intent) -> int:
        return 0 if isinstance(intent, Cancel) else 1 if isinstance(intent, Close | Sell) else 2

    return sorted(intents, key=place)


def planned(wanted: Sequence[Wish], held: float, close: float, open_orders: Iterable[WorkingOrder | OrderReport]) -> list[Intent]:
    """What to send; a position that a market order is closing already is not closed again."""
    working = sorted(order.id if isinstance(order, WorkingOrder) else order.client_order_id for order in open_orders)
    if any(order.order_type is OrderType.MARKET and order.side is Side.SELL for order in open_orders):
        held = 0
    intents = [intent for wish in wanted if (intent := wish.intent(held, close, working)) is not None]
    closes = [intent for intent in intents if isinstance(intent, Close)]
    return ordered([intent for intent in intents if not isinstance(intent, Close)] + closes[:1])


def backtested(bars: Bars, decided: dict[int, list[Wish]], cash: int, costs: Costs) -> Replayed:
    def decide(view: View) -> Iterable[Intent]:
        only = view.only
        return planned(decided.get(only.row, []), only.position.quantity, only.close, view.working_orders)

    return replay(bars, decide, cash=cash, costs=costs)


class Shelved(Simulations):
    """A store whose stored bars are those of one example."""

    bars: Bars

    def stored_bars(self, symbol: str, timeframe: Timeframe) -> Bars:
        return self.bars


@pytest.fixture(scope="module")
def memory() -> Iterator[Database]:
    database = Database.open("sqlite://")
    yield database
    database.close()


async def traded(exchange: Exchange, clock: FakeClock, bars: Bars, decided: dict[int, list[Wish]], asks: Sequence[bool]) -> None:
    """Send what is wanted at each bar's end shortly after it, and ask for something late in some bars."""
    await exchange.latest_bar(SYMBOL, FIVE)
    for row in range(len(bars)):
        end = from_microseconds(bars.ends.item(row))
        if asks[row]:
            clock.time = end - timedelta(seconds=1)
            await exchange.open_orders()
        clock.time = end + timedelta(milliseconds=300)
        if row not in decided:
            continue
        held = sum(float(holding.quantity) for holding in await exchange.positions())
        intents = planned(decided[row], held, bars.close.item(row), await exchange.open_orders())
        count = 0
        for intent in intents:
            if isinstance(intent, Cancel):
                known = await exchange.find(str(intent.order))
                assert known is not None
                await exchange.cancel(known.exchange_order_id)
                continue
            count += 1
            await exchange.submit(requested(intent, order_number(int(end.timestamp()), count), held))


def requested(intent: Intent, name: str, held: float) -> OrderRequest:
    if isinstance(intent, Close):
        terms = {"side": Side.SELL, "quantity": Decimal(str(held)), "order_type": OrderType.MARKET, "reduce_only": True}
        return OrderRequest(client_order_id=name, symbol=SYMBOL, **terms)
    entry = intent.entry if isinstance(intent, Bracket) else intent
    assert isinstance(entry, Buy | Sell)
    legs = {"take_profit": intent.take_profit, "stop_loss": intent.stop_loss} if isinstance(intent, Bracket) else {}
    return OrderRequest(
        client_order_id=name,
        symbol=SYMBOL,
        side=Side.BUY if isinstance(entry, Buy) else Side.SELL,
        order_type=entry.order_type,
        quantity=Decimal(str(entry.quantity)),
        limit_price=entry.limit,
        stop_price=entry.stop,
        trail=entry.trail,
        time_in_force=TimeInForce(entry.time_in_force),
        **legs,
    )


async def assert_alike(memory: Database, seed: int, decided: dict[int, list[Wish]], cash: int, costs: Costs, asks: Sequence[bool]) -> None:
    bars = bars_of(walk(BARS, seed=seed), symbol=SYMBOL, timeframe="5s", start=START)
    greta = backtested(bars, decided, cash, costs)

    store = Shelved(memory)
    store.bars = bars
    place = Simulated(store, clock=FakeClock(START), account=f"like-greta-{uuid.uuid4().hex}")
    names = {name: str(value) for name in Costs.__dataclass_fields__ if (value := getattr(costs, name)) is not None}
    given_costs = "{" + ", ".join(f'"{name}": "{value}"' for name, value in names.items()) + "}"
    exchange = await place.connected(cash=str(cash), costs=given_costs, replay=f"{SYMBOL}=STORED@{START.isoformat()}@5s")
    await traded(exchange, place.clock, bars, decided, asks)

    reports = await exchange.orders_since(START)
    every = {report.client_order_id: report for parent in reports for report in (parent, *parent.legs)}
    expected = {row.id: (OrderStatus(row.status), row.filled_quantity, row.filled_avg_price) for row in greta.orders}
    alive = {
        name: (report.status, float(report.filled_quantity), _float(report.filled_average_price))
        for name, report in every.items()
        if name in expected or report.venue_status != "held"
    }
    unborn = {name for name in alive.keys() - expected.keys() if alive[name] == (OrderStatus.CANCELLED, 0.0, None)}
    assert {name: alive[name] for name in alive.keys() - unborn} == expected
    fills = [
        (to_microseconds(fill.time), fill.client_order_id, float(fill.quantity), float(fill.price), float(fill.commission))
        for fill in await exchange.fills_since(START)
    ]
    assert sorted(fills) == sorted((fill.time, fill.order_id, fill.quantity, fill.price, fill.commission) for fill in greta.fills)
    assert float((await exchange.account()).cash) == pytest.approx(greta.state.book["cash"], abs=1e-6)


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 10_000),
    decided=decisions,
    cash=st.sampled_from([2_000_000, 30_000]),
    costs=st.sampled_from(COSTS),
    asks=st.lists(st.booleans(), min_size=BARS, max_size=BARS),
)
async def test_orders_end_as_in_a_backtest(
    memory: Database, seed: int, decided: dict[int, list[Wish]], cash: int, costs: Costs, asks: list[bool]
) -> None:
    await assert_alike(memory, seed, decided, cash, costs, asks)
