"""Series made small for the eye keep what matters."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weaver.charts import candles, downsample, terminal_equity
from weaver.errors import BadValue
from weaver.market import DAY, Bars, Calendar, Floats, Ints, Timeframe


def days(count: int, first: int = 12_000) -> Ints:
    return (np.arange(count, dtype=np.int64) + first) * DAY


def a_walk(count: int, seed: int = 1) -> Floats:
    return np.asarray(100_000 * np.cumprod(1 + np.random.default_rng(seed).normal(0, 0.01, count)), dtype=np.float64)


def some_bars(count: int) -> Bars:
    close = a_walk(count)
    starts = days(count)
    return Bars(
        symbol="AAPL",
        timeframe=Timeframe("1d"),
        calendar=Calendar.ALWAYS,
        starts=starts,
        ends=starts + DAY,
        sessions=starts // DAY,
        open=close * 0.999,
        high=close * 1.01,
        low=close * 0.99,
        close=close,
        volume=np.arange(count, dtype=np.float64),
    )


@given(st.integers(1, 3000), st.integers(4, 500), st.integers(0, 20))
def test_downsampling_keeps_ends_and_extremes_within_the_points_asked_for(count: int, points: int, seed: int):
    times, equity = days(count), a_walk(count, seed)
    kept_times, kept = downsample(times, {"equity": equity, "row": np.arange(count, dtype=np.float64)}, points)
    assert len(kept_times) == len(kept["equity"]) == min(count, len(kept_times)) <= max(points, 0)
    assert np.all(np.diff(kept_times) > 0)
    assert (kept_times[0], kept_times[-1]) == (times[0], times[-1])
    assert (kept["equity"].min(), kept["equity"].max()) == (equity.min(), equity.max())
    rows = kept["row"].astype(np.int64)
    assert np.array_equal(equity[rows], kept["equity"])
    assert np.array_equal(times[rows], kept_times)


def test_a_short_series_comes_back_whole():
    times, columns = downsample(days(10), {"equity": a_walk(10)}, 10)
    assert len(times) == len(columns["equity"]) == 10


def test_fewer_than_four_points_are_refused():
    with pytest.raises(BadValue, match="points = 3"):
        downsample(days(10), {"equity": a_walk(10)}, 3)


@pytest.mark.parametrize(("count", "most"), [(7, 3), (1000, 300), (5, 10), (1, 1)])
def test_candles_hold_the_bars_they_stand_for(count: int, most: int):
    bars = some_bars(count)
    drawn = candles(bars, most)
    assert 1 <= len(drawn) <= most
    assert (drawn.open[0], drawn.close[-1]) == (bars.open[0], bars.close[-1])
    assert (drawn.high.max(), drawn.low.min()) == (bars.high.max(), bars.low.min())
    assert drawn.volume.sum() == pytest.approx(bars.volume.sum())


def test_a_candle_of_two_bars_is_open_of_the_first_and_close_of_the_second():
    bars = some_bars(4)
    drawn = candles(bars, 2)
    assert drawn.times.tolist() == [bars.starts[0], bars.starts[2]]
    assert drawn.open.tolist() == [bars.open[0], bars.open[2]]
    assert drawn.close.tolist() == [bars.close[1], bars.close[3]]
    assert drawn.volume.tolist() == [0 + 1, 2 + 3]


def test_no_bars_are_no_candles():
    assert len(candles(some_bars(3)[3:], 10)) == 0


@pytest.mark.parametrize("width", [60, 80, 100, 160])
@pytest.mark.parametrize("count", [1, 2, 500, 20_000])
def test_the_terminal_plot_fits_its_width_and_says_what_it_shows(width: int, count: int):
    equity, benchmark = a_walk(count), a_walk(count, seed=2)
    text = terminal_equity(days(count, first=1000), equity, benchmark, width=width, title="sma-cross on AAPL")
    lines = text.splitlines()
    assert max(len(line) for line in lines) <= width
    assert len(lines) == 2 + 16 + 2
    assert "sma-cross on AAPL" in lines[0]
    assert f"{equity[-1]:,.2f}" in lines[1]
    assert f"{benchmark[-1]:,.2f}" in lines[1]
    assert f"{max(equity.max(), benchmark.max()):,.0f}" in lines[2]
    assert "09-27" in lines[-1]
    assert "\x1b" not in text


def test_the_terminal_plot_rises_when_equity_rises():
    lines = terminal_equity(days(100), np.linspace(100, 200, 100), np.full(100, 100.0), width=80).splitlines()[2:18]
    braille = [[at for at, sign in enumerate(line) if "\u2800" < sign <= "\u28ff"] for line in lines]
    assert braille[0]
    assert braille[-1]
    assert min(braille[0]) > max(braille[-1])


def test_a_flat_line_and_a_run_without_bars_are_drawn_without_error():
    assert "·" in terminal_equity(days(5), np.full(5, 100.0), np.full(5, 100.0), title="flat")
    assert terminal_equity(days(0), np.zeros(0), np.zeros(0), title="nothing") == "nothing: no bars"


def test_colour_adds_only_codes():
    plain = terminal_equity(days(50), a_walk(50), a_walk(50, 2), width=80)
    coloured = terminal_equity(days(50), a_walk(50), a_walk(50, 2), width=80, colour=True)
    assert coloured != plain
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain
