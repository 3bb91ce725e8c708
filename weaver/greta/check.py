"""Checks a strategy for knowing the future and for hidden memory, by replaying it in ways that must not matter."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise, zip_longest
from math import isclose

import numpy as np

from weaver.errors import StrategyBroken
from weaver.greta.engine import Pulse, advance, initial_state
from weaver.greta.feed import Feed, Setup
from weaver.greta.records import DecisionRow
from weaver.greta.state import EngineState
from weaver.market import Bars, from_microseconds
from weaver.marvin.check import Finding, bars_needed, check_indicators
from weaver.marvin.loader import LoadedStrategy, build
from weaver.marvin.memory import Memory, changed, memory_of
from weaver.marvin.source import StrategySource
from weaver.marvin.strategy import AnyStrategy, StrategyParams

_MOST_BARS = 20_000  # of each symbol, the newest: enough to catch what is caught here, in seconds
_PARTS = 48
_EARLIER_ENDS = 6
_NUMBER = re.compile(r"\d+\.?\d*(?:[eE][+-]?\d+)?")


def check(
    strategy: StrategySource | LoadedStrategy,
    bars: Sequence[Bars],
    params: StrategyParams | Mapping[str, object] | None = None,
    *,
    setup: Setup | None = None,
) -> list[Finding]:
    """Return what the strategy does on these bars that it may not do, with the first bar of each; none is a pass.

    - its indicators are computed again from data that ends earlier, for the coarser timeframes it looks at as well;
    - what it, its classes and its files hold must be the same before and after;
    - its decisions are made again on data that ends earlier, and by a fresh strategy every few bars.

    UnknownName and BadValue speak of `params`. A class that is not from a file cannot be loaded afresh, only made afresh.
    """
    loaded = strategy if isinstance(strategy, LoadedStrategy) else build(strategy)
    raw = params.model_dump() if isinstance(params, StrategyParams) else dict(params or {})
    loaded.parse_params(raw)
    newest = [one[max(0, len(one) - _MOST_BARS) :] for one in bars]
    try:
        return _Check(loaded, newest, raw, setup or Setup()).findings()
    except StrategyBroken as problem:
        return [Finding(kind="error", message=str(problem))]


class _Check:
    def __init__(self, loaded: LoadedStrategy, bars: list[Bars], raw: Mapping[str, object], setup: Setup) -> None:
        self._loaded = loaded
        self._bars = bars
        self._raw = raw
        self._setup = setup
        self._id = loaded.meta.id
        self._strategy, self._namespaces = self._fresh()
        self._untouched = self._memory()
        self._feed = self._laid_out(bars, self._strategy)

    def findings(self) -> list[Finding]:
        pulse = Pulse()
        try:
            decisions, remembered = self._decisions_and_memory(pulse)
        except StrategyBroken as problem:
            return [_failed(problem, self._start(int(self._feed.times[min(pulse.steps, self._feed.steps - 1)])))]
        seen = [*self._bars, *self._feed.coarse_bars()]
        future = [finding for one in seen for finding in check_indicators(lambda: self._fresh()[0], one, name=self._id)]
        # Wrong indicators and kept memory make decisions differ as well; then it is enough to name the cause.
        if not future and not remembered:
            future = self._on_earlier_ends(decisions)
        if not remembered:
            remembered = self._by_fresh_strategies(decisions)
        return [*future, *remembered]

    def _fresh(self) -> tuple[AnyStrategy, Sequence[Mapping[str, object]]]:
        again = self._loaded if self._loaded.source.origin == "notebook" else build(self._loaded.source)
        return again.create(again.parse_params(self._raw)), again.namespaces

    def _laid_out(self, bars: Sequence[Bars], strategy: AnyStrategy) -> Feed:
        return Feed.build(bars, strategy, start=None, name=self._id)

    def _memory(self) -> Memory:
        return memory_of(self._strategy, self._namespaces)

    def _decisions_and_memory(self, pulse: Pulse) -> tuple[list[DecisionRow], list[Finding]]:
        """Replay everything with one strategy; tell at which bar its memory first changed."""
        after_indicators = self._memory()
        found = [_remembered(place, "indicators()", None) for place in changed(self._untouched, after_indicators)]
        decisions: list[DecisionRow] = []
        state = initial_state(self._feed, self._setup, self._strategy)
        for first, last in pairwise(np.unique(np.linspace(0, self._feed.steps, _PARTS + 1).astype(int)).tolist()):
            began = state
            state, window = advance(self._feed, self._strategy, self._setup, state, steps=last - first, pulse=pulse)
            decisions += window.decisions
            if not found and changed(after_indicators, self._memory()):
                found = self._first_memory(began, last - first)
        return decisions, found

    def _first_memory(self, state: EngineState, steps: int) -> list[Finding]:
        """Replay a stretch in which memory changed bar by bar, and name the bar."""
        places = changed(self._untouched, self._memory())
        self._strategy, self._namespaces = self._fresh()
        before = self._memory()
        at = state
        for _ in range(steps):
            step = at.step
            at, _ = advance(self._feed, self._strategy, self._setup, at, steps=1)
            now = changed(before, self._memory())
            if now:
                return [_remembered(place, "decide()", self._start(int(self._feed.times[step]))) for place in now]
        return [_remembered(place, "decide()", self._start(int(self._feed.times[state.step]))) for place in places]

    def _on_earlier_ends(self, decisions: list[DecisionRow]) -> list[Finding]:
        """Decide again on data that ends earlier: what was decided until then must be the same."""
        needed = bars_needed(self._strategy, self._id)
        if any(len(one) < needed for one in self._bars):
            return []
        first = max(int(one.ends[needed - 1]) for one in self._bars)
        times = self._feed.times[self._feed.times >= first]
        for at in np.unique(np.linspace(0, len(times) - 1, _EARLIER_ENDS + 1).astype(int))[:-1].tolist():
            now = int(times[at])
            shorter = [one[: int(np.searchsorted(one.ends, now, side="right"))] for one in self._bars]
            strategy, _ = self._fresh()
            feed = self._laid_out(shorter, strategy)
            _, window = advance(feed, strategy, self._setup, initial_state(feed, self._setup, strategy), steps=feed.steps)
            until = [row for row in decisions if row.time <= now]
            for whole, part in _differing(until, window.decisions):
                return [self._differs("future", "when the data ends there", whole, part)]
        return []

    def _by_fresh_strategies(self, decisions: list[DecisionRow]) -> list[Finding]:
        """Decide again with a strategy made anew every few bars, its State carried over as a restart does."""
        steps = self._feed.steps
        random = np.random.default_rng(steps)
        bounds = np.unique(np.concatenate((np.arange(min(16, steps)), random.integers(0, steps, _PARTS), [0, steps])))
        state = initial_state(self._feed, self._setup, self._strategy)
        again: list[DecisionRow] = []
        for first, last in pairwise(bounds.tolist()):
            strategy, _ = self._fresh()
            state, window = advance(self._feed, strategy, self._setup, EngineState.from_json(state.to_json()), steps=last - first)
            again += window.decisions
        for whole, part in _differing(decisions, again):
            return [self._differs("memory", "when the strategy is restarted now and then", whole, part)]
        return []

    def _start(self, time: int) -> int:
        """Return the start of the bar that ends at `time`."""
        return int(self._feed.starts[int(np.searchsorted(self._feed.times, time))])

    def _differs(self, kind: str, when: str, whole: DecisionRow | None, part: DecisionRow | None) -> Finding:
        first = min(row.time for row in (whole, part) if row)
        wanted, wants = (row.intents if row and row.time == first else "nothing" for row in (whole, part))
        time = from_microseconds(self._start(first))
        return Finding(
            kind="future" if kind == "future" else "memory",
            message=f"decide() at the bar of {time:%Y-%m-%d %H:%M} wants {wanted}, but {wants} {when}",
            time=time,
            name="decide",
        )


def _failed(problem: StrategyBroken, start: int) -> Finding:
    time = from_microseconds(start)
    return Finding(
        kind="memory" if isinstance(problem.__cause__, AttributeError) and "hidden memory" in str(problem) else "error",
        message=f"decide() fails at the bar of {time:%Y-%m-%d %H:%M}: {problem}",
        time=time,
        name="decide",
    )


def _remembered(place: str, method: str, start: int | None) -> Finding:
    time = None if start is None else from_microseconds(start)
    at = f" at the bar of {time:%Y-%m-%d %H:%M}" if time else ""
    return Finding(
        kind="memory",
        message=f"{method} changes {place}{at}: hidden memory. Declare a StrategyState and use view.state",
        time=time,
        name=place,
    )


def _differing(whole: Sequence[DecisionRow], part: Sequence[DecisionRow]) -> Iterator[tuple[DecisionRow | None, DecisionRow | None]]:
    """Give the pairs of decisions that are not the same; numbers may differ by rounding."""
    for one, two in zip_longest(whole, part):
        if one is None or two is None or one.time != two.time or not _alike(one.intents, two.intents):
            yield one, two


def _alike(one: str, two: str) -> bool:
    if one == two:
        return True
    numbers = zip(_NUMBER.findall(one), _NUMBER.findall(two), strict=False)
    return _NUMBER.sub("#", one) == _NUMBER.sub("#", two) and all(isclose(float(a), float(b), rel_tol=1e-9) for a, b in numbers)
