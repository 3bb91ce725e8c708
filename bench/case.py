"""The run that is timed: means of 10 and 30 bars, fills at the next open, commission and slippage on."""

from decimal import Decimal

from weaver.greta.engine import EngineState, advance, initial_state
from weaver.greta.feed import Feed, Setup
from weaver.greta.records import Window
from weaver.greta.results import Outcome, summarise
from weaver.market import Bars
from weaver.marvin.loader import Library, build
from weaver.marvin.strategy import AnyStrategy
from weaver.orders import Costs

STRATEGY = "sma-cross"
FAST, SLOW = 10, 30
CASH = 100_000
COMMISSION_BPS, SLIPPAGE_BPS = 10, 5

COSTS = Costs(commission_bps=Decimal(COMMISSION_BPS), slippage_bps=Decimal(SLIPPAGE_BPS))


def strategy() -> AnyStrategy:
    """Return the shipped strategy, built as a run builds it."""
    loaded = build(Library.open(()).source(STRATEGY))
    return loaded.create(loaded.parse_params({"fast": FAST, "slow": SLOW}))


def replay(bars: Bars, cash: int = CASH) -> tuple[EngineState, Window]:
    """Compute the indicators and replay all bars."""
    chosen = strategy()
    setup = Setup(cash=Decimal(cash), costs=COSTS)
    feed = Feed.build([bars], chosen)
    return advance(feed, chosen, setup, initial_state(feed, setup, chosen), steps=feed.steps)


def replay_and_summarise(bars: Bars, cash: int = CASH) -> Outcome:
    """Replay all bars, and measure the run: statistics and digest."""
    state, window = replay(bars, cash)
    return summarise([window], state, initial_cash=float(cash), calendar=bars.calendar)
