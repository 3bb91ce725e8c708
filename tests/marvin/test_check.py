from pathlib import Path

import numpy as np
import pytest

from tests.builders import bars_of, walk
from tests.marvin.demo_bars import SYMBOLS, demo_bars
from weaver.errors import BadValue, UnknownName
from weaver.greta.check import check
from weaver.market import Bars, from_microseconds
from weaver.marvin import Buy, Indicators, Intent, Strategy, StrategyParams, View
from weaver.marvin.check import Finding, cuts
from weaver.marvin.loader import Library, build, load_class
from weaver.plugins import Found

BARS = bars_of(walk(600), timeframe="1h")

HEAD = """
import numpy as np
from weaver.marvin import *
from weaver.marvin.indicators import sma

META = StrategyMeta(id="cheat", name="Cheat")

class Params(StrategyParams):
    length: int = Field(5, ge=1)

"""


def checked(folder: Path, body: str, bars: Bars = BARS) -> list[Finding]:
    (folder / "cheat.py").write_text(HEAD + body)
    return check(Library.open([folder]).source("cheat"), [bars])


def indicator(lines: str) -> str:
    indented = "\n".join(f"        {line}" for line in lines.strip().splitlines())
    return f"""
class Cheat(Strategy[Params]):
    def indicators(self, bars):
{indented}

    def decide(self, view):
        if view.is_flat and view.indicator("x") > 0:
            yield Buy(1)
"""


def start(row: int) -> object:
    return from_microseconds(int(BARS.starts[row]))


# Honest strategies pass.


@pytest.mark.parametrize("entry", [entry for entry in Library.open([]).entries() if isinstance(entry, Found)], ids=lambda entry: entry.id)
def test_each_shipped_strategy_passes(entry: Found) -> None:
    symbols = SYMBOLS if entry.meta.symbols == "many" else ("IBM",)

    assert check(Library.open([]).source(entry.id), [demo_bars(symbol) for symbol in symbols]) == []


def test_a_declared_state_is_no_hidden_memory(tmp_path: Path) -> None:
    body = """
class State(StrategyState):
    seen: int = 0

class Honest(Strategy[Params, State]):
    def decide(self, view):
        view.state.seen += 1
        if view.state.seen % 7 == 0:
            yield Buy(1)
"""
    assert checked(tmp_path, body) == []


# Indicators that know the future.


def test_a_negative_shift_is_caught_at_its_first_bar(tmp_path: Path) -> None:
    (finding,) = checked(tmp_path, indicator("x = np.append(bars.close[1:], np.nan) - bars.close\nreturn {'x': x}"))

    assert (finding.kind, finding.name, finding.symbol, finding.timeframe) == ("future", "x", "SIM/USD", "1h")
    assert finding.time == start(0)
    assert "2024-01-01 00:00" in finding.message


def test_a_centred_window_is_caught_at_its_first_bar(tmp_path: Path) -> None:
    centred = "x = np.roll(sma(bars.close, 5), -2)\nx[-2:] = np.nan\nreturn {'x': x, 'honest': sma(bars.close, 5)}"

    (finding,) = checked(tmp_path, indicator(centred))

    assert (finding.kind, finding.name) == ("future", "x")
    assert finding.time == start(2)


def test_scaling_by_the_whole_sample_is_caught(tmp_path: Path) -> None:
    (finding,) = checked(tmp_path, indicator("return {'x': (bars.close - bars.close.mean()) / bars.close.std()}"))

    assert (finding.kind, finding.name, finding.time) == ("future", "x", start(0))


def test_an_unfinished_coarse_bar_is_caught(tmp_path: Path) -> None:
    # The close of each UTC day, spread over the hours of that day: known only at its end.
    daily = """
day = bars.starts // 86_400_000_000
last = np.searchsorted(day, day, side="right") - 1
return {'x': bars.close[last]}
"""
    (finding,) = checked(tmp_path, indicator(daily))

    assert (finding.kind, finding.name, finding.time) == ("future", "x", start(0))


def test_a_future_that_reaches_only_coarser_bars_is_caught_there(tmp_path: Path) -> None:
    body = """
class Cheat(Strategy[Params]):
    def indicators(self, bars):
        ahead = 1 if bars.timeframe.text == "1d" else 0
        return {"x": np.roll(bars.close, -ahead)}

    def decide(self, view):
        if view.is_flat and view.timeframe("1d")["x"] > 0:
            yield Buy(1)
"""
    (finding,) = checked(tmp_path, body)

    assert (finding.timeframe, finding.name) == ("1d", "x")


def test_a_rare_glance_ahead_is_caught(tmp_path: Path) -> None:
    rare = "x = bars.close.copy()\nx[::100][:-1] = bars.close[1::100][:len(x[::100]) - 1]\nreturn {'x': x}"

    findings = checked(tmp_path, indicator(rare))

    assert [finding.name for finding in findings] == ["x"]


# Hidden memory.


def decide(lines: str, *, before: str = "", attributes: str = "") -> str:
    indented = "\n".join(f"        {line}" for line in lines.strip().splitlines())
    return f"""
{before}
class Cheat(Strategy[Params]):
    {attributes}
    def indicators(self, bars):
        return {{"x": bars.close}}

    def decide(self, view):
{indented}
"""


def test_assigning_to_self_is_named_with_its_line_and_bar(tmp_path: Path) -> None:
    (finding,) = checked(tmp_path, decide("if view.only.row == 5:\n    self.last = view.close\nreturn []"))

    assert (finding.kind, finding.time) == ("memory", start(5))
    assert "cheat.py:20" in finding.message
    assert "view.state.last" in finding.message


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (decide("self.seen.append(view.close)\nif len(self.seen) % 7 == 0:\n    yield Buy(1)", attributes="seen = []"), "Cheat.seen"),
        (decide("SEEN['n'] = SEEN.get('n', 0) + 1\nif SEEN['n'] % 7 == 0:\n    yield Buy(1)", before="SEEN = {}"), "SEEN"),
        (decide("global COUNT\nCOUNT += 1\nreturn []", before="COUNT = 0"), "COUNT"),
        (decide("object.__setattr__(self, 'n', view.close)\nreturn []"), "self.n"),
        (decide("Cheat.n = view.close\nreturn []", attributes="n = 0"), "Cheat.n"),
        (decide("self.memory.n += 1\nreturn []", before="class Memory:\n    n = 0\n", attributes="memory = Memory()"), "Cheat.memory"),
        (
            decide("self.remember(view)\nreturn []", attributes="def remember(self, view, seen=[]):\n        seen.append(1)\n"),
            "Cheat.remember",
        ),
        (decide("note.last = view.close\nreturn []", before="def note(): pass\n"), "note"),
    ],
    ids=["class list", "global dict", "global number", "past the guard", "class number", "object", "default argument", "function"],
)
def test_hidden_memory_is_caught_at_the_first_bar_that_changes_it(tmp_path: Path, body: str, name: str) -> None:
    (finding,) = checked(tmp_path, body)

    assert (finding.kind, finding.name, finding.time) == ("memory", name, start(0))


def test_memory_that_is_first_used_late_is_caught_at_that_bar(tmp_path: Path) -> None:
    (finding,) = checked(tmp_path, decide("if view.only.row == 333:\n    self.seen.append(1)\nreturn []", attributes="seen = []"))

    assert (finding.kind, finding.time) == ("memory", start(333))


def test_memory_that_leaves_no_print_is_caught_by_its_decisions(tmp_path: Path) -> None:
    # A generator's place cannot be looked at; a fresh strategy begins again.
    body = decide(
        "if next(self.turn):\n    yield Buy(1)",
        before="from itertools import cycle\n",
        attributes="turn = (i % 90 == 80 for i in range(10**9))",
    )

    (finding,) = checked(tmp_path, body)

    assert (finding.kind, finding.name) == ("memory", "decide")
    assert finding.time == start(80)


def test_bars_kept_by_indicators_for_decide_are_caught(tmp_path: Path) -> None:
    body = """
class Cheat(Strategy[Params]):
    def indicators(self, bars):
        object.__setattr__(self, "bars", bars)
        return {"x": bars.close}

    def decide(self, view):
        row = view.only.row
        if row + 1 < len(self.bars) and self.bars.close[row + 1] > view.close:
            yield Buy(1)
"""
    findings = checked(tmp_path, body)

    assert [(finding.kind, finding.name) for finding in findings] == [("memory", "self.bars")]


# What else may go wrong.


def test_a_failing_strategy_is_a_finding(tmp_path: Path) -> None:
    (finding,) = checked(tmp_path, decide("return [1 / 0]"))

    assert (finding.kind, finding.time) == ("error", start(0))
    assert "ZeroDivisionError" in finding.message


def test_a_warmup_that_fails_is_a_finding(tmp_path: Path) -> None:
    (finding,) = checked(tmp_path, decide("return []") + "\n    def warmup(self):\n        return 1 / 0\n")

    assert (finding.kind, "ZeroDivisionError" in finding.message) == ("error", True)


def test_indicators_may_fail_on_less_than_the_warmup_and_not_on_more(tmp_path: Path) -> None:
    body = """
class Short(Strategy[Params]):
    def warmup(self):
        return {warmup}

    def indicators(self, bars):
        return {{"x": np.full(len(bars), bars.close[20])}}

    def decide(self, view):
        return []
"""
    assert checked(tmp_path, body.format(warmup=20)) == []
    (finding,) = checked(tmp_path, body.format(warmup=3))
    assert finding.kind == "error"
    assert "first 5 bars" in finding.message


def test_bad_parameters_are_refused(tmp_path: Path) -> None:
    (tmp_path / "cheat.py").write_text(HEAD + decide("return []"))
    loaded = build(Library.open([tmp_path]).source("cheat"))

    with pytest.raises(UnknownName):
        check(loaded, [BARS], {"lenght": 3})
    with pytest.raises(BadValue):
        check(loaded, [BARS], {"length": "x"})


class InThisFile(Strategy[StrategyParams]):
    seen: list[float] = []  # noqa: RUF012  # the cheat under test

    def indicators(self, bars: Bars) -> Indicators:
        return {"x": bars.close}

    def decide(self, view: View) -> list[Intent]:
        self.seen.append(view.close)
        return [Buy(1)] if len(self.seen) % 7 == 0 else []


def test_a_class_of_a_notebook_is_checked_too() -> None:
    (finding,) = check(load_class(InThisFile), [BARS])

    assert (finding.kind, finding.name, finding.time) == ("memory", "InThisFile.seen", start(0))


def test_cuts_are_dense_at_first_the_same_each_time_and_never_the_whole() -> None:
    assert np.array_equal(cuts(5000), cuts(5000))
    assert list(cuts(5000)[:40]) == list(range(1, 41))
    assert cuts(5000)[-1] == 4999
    assert len(cuts(1_000_000)) < 100
    assert list(cuts(2)) == [1]
    assert len(cuts(1)) == len(cuts(0)) == 0
