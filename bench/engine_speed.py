"""How many bars a second does the engine replay, and how does that compare?

The slow engines get fewer bars, and all are compared by bars a second. Theirs do not grow with the number of bars.
"""

from bench.bare_loop import bare_loop
from bench.bars import minute_bars
from bench.case import replay, replay_and_summarise
from bench.interleaved import Times, interleave
from bench.other_engines import backtesting, backtrader_run, frame
from bench.verdict import Verdict

BARS = 1_000_000
BARS_BACKTESTING = 200_000
BARS_BACKTRADER = 50_000
REPEATS = 5


def run() -> list[Verdict]:
    """Print the table and return what the targets say."""
    bars = minute_bars(BARS)
    outcome = replay_and_summarise(bars)
    fewer, fewest = frame(bars[:BARS_BACKTESTING]), frame(bars[:BARS_BACKTRADER])
    print(f"{BARS:,} bars, {outcome.fills:,} fills, {outcome.trades:,} trades; digest {outcome.digest[:16]}")
    counts = {
        "bare loop": BARS,
        "weaver": BARS,
        "weaver + summary": BARS,
        "backtesting.py": BARS_BACKTESTING,
        "backtrader": BARS_BACKTRADER,
    }
    times = interleave(
        {
            "bare loop": lambda: bare_loop(bars),
            "weaver": lambda: replay(bars),
            "weaver + summary": lambda: replay_and_summarise(bars),
            "backtesting.py": lambda: backtesting(fewer),
            "backtrader": lambda: backtrader_run(fewest),
        },
        REPEATS,
    )
    best = {name: counts[name] / taken.best for name, taken in times.items()}
    middle = {name: counts[name] / taken.middle for name, taken in times.items()}
    for name in counts:
        print(_row(name, counts[name], times[name], middle["weaver"] / middle[name]))
    over_backtesting = middle["weaver"] / middle["backtesting.py"]
    over_backtrader = middle["weaver"] / middle["backtrader"]
    return [
        Verdict(
            "bars a second in-process",
            f"{best['weaver'] / 1e6:.2f} M best, {middle['weaver'] / 1e6:.2f} M median",
            "≥ 1.00 M",
            best["weaver"] >= 1e6,
        ),
        Verdict("times as fast as backtesting.py", f"{over_backtesting:.1f}", "≥ 4", over_backtesting >= 4),
        Verdict("times as fast as backtrader", f"{over_backtrader:.1f}", "≥ 20", over_backtrader >= 20),
    ]


def _row(name: str, bars: int, times: Times, ratio: float) -> str:
    rates = f"{bars / times.best / 1e3:8,.0f} k bars/s best {bars / times.middle / 1e3:8,.0f} k median"
    return f"{name:18}{bars:10,} bars  {times}  {rates}  weaver is {ratio:6.2f} x"
