"""The Python door: a backtest in a notebook, with the results of the durable run."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from activities.plans import Plan
from weaver import backtest
from weaver.errors import BadData, BadInput, BadValue, NoBars, StrategyBroken, UnknownName
from weaver.greta.engine import advance, initial_state
from weaver.greta.feed import Feed, Setup
from weaver.greta.results import summarise
from weaver.market import Timeframe
from weaver.marvin import Buy, Intent, Strategy, StrategyParams, View
from weaver.notebook_run import Run
from weaver.walle.bars import Catalogue


def prices(days: int = 400, seed: int = 7, first: str = "2004-01-02") -> pd.DataFrame:
    close = 50 * np.cumprod(1 + np.random.default_rng(seed).normal(0.0005, 0.02, days))
    index = pd.bdate_range(first, periods=days)
    data = {"Open": close * 0.995, "High": close * 1.02, "Low": close * 0.98, "Close": close, "Volume": 1e6}
    return pd.DataFrame(data, index=index)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WEAVER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def imported(home: Path, frame: pd.DataFrame, symbol: str) -> Catalogue:
    file = home / f"{symbol}.csv"
    frame.rename_axis("date").to_csv(file)
    catalogue = Catalogue.open(str(home / "home" / "bars"))
    catalogue.import_file(file, symbol, "1d")
    return catalogue


def test_a_frame_is_backtested_and_everything_is_a_frame(home: Path):
    run = backtest("sma-cross", data=prices(), symbol="AAPL", fast=5, slow=20, quantity=10, commission_bps=10)
    assert len(run.fills) > 4
    assert len(run.trades) > 1
    assert run.stats["total_trades"] == len(run.trades)
    assert run.stats["final_equity"] == run.equity["equity"].iloc[-1]
    assert run.stats["total_commission"] == pytest.approx(run.fills["commission"].sum())
    for moments in (run.fills["time"], run.trades["entry_time"], run.orders["created_at"], run.decisions["time"], run.equity.index):
        assert str(moments.dtype) == "datetime64[us, UTC]"
    assert run.params == {"fast": 5, "slow": 20, "quantity": "10"}
    assert run.decisions["seen"].iloc[0]["AAPL"]["position"] == 0
    assert set(run.fills["side"]) == {"buy", "sell"}
    assert "sma-cross on AAPL" in repr(run)
    assert "<table>" in run._repr_html_()


def test_a_frame_gives_what_its_import_into_the_catalogue_gives(home: Path):
    imported(home, prices(), "AAPL")
    options: dict[str, Any] = {"start": "2004-06-01", "end": "2005-03-01", "fast": 5, "slow": 20, "slippage_bps": 5}
    given, stored = backtest("sma-cross", data=prices(), symbol="AAPL", **options), backtest("sma-cross", "AAPL", **options)
    assert given.digest == stored.digest
    assert given.provenance == stored.provenance


def test_provenance_and_digest_are_those_of_a_durable_run_in_many_windows(home: Path):
    catalogue = imported(home, prices(), "AAPL")
    run = backtest("mean-reversion", "AAPL", start="2004-06-01", commission_bps=10, leverage=1)
    pin = catalogue.pin(["AAPL"], Timeframe("1d"), start=run.request.start, end=None, warmup=_warmup(run))
    plan = Plan.of(run.request, sha256=str(run.provenance["strategy_sha256"]), params=run.params, pin=pin)
    assert plan.provenance == run.provenance

    setup, strategy = plan.setup(), _strategy(run)
    assert isinstance(setup, Setup)
    feed = Feed.build([catalogue.load(one) for one in pin.series], strategy, start=_start(run), name="mean-reversion")
    state, windows = initial_state(feed, setup, strategy), []
    while state.step < feed.steps:
        state, window = advance(feed, strategy, setup, state, steps=37)
        windows.append(window)
    assert summarise(windows, state, initial_cash=100_000, calendar=feed.calendar).digest == run.digest


def _strategy(run: Run) -> Any:
    from weaver.marvin.loader import Library, build

    loaded = build(Library.open([]).source(run.request.strategy))
    return loaded.create(loaded.parse_params(run.params))


def _warmup(run: Run) -> int:
    return int(_strategy(run).warmup())


def _start(run: Run) -> int:
    from weaver.market import to_microseconds

    assert run.request.start is not None
    return to_microseconds(run.request.start)


class Params(StrategyParams):
    every: int = 10


class Drip(Strategy[Params]):
    """Buy one more every few days."""

    def decide(self, view: View) -> Iterator[Intent]:
        if view.time.day % self.params.every == 0:
            yield Buy(1)


class Broken(Strategy[Params]):
    """Fails on its first bar."""

    def decide(self, view: View) -> Iterator[Intent]:
        raise ValueError("no idea")


def test_a_class_is_backtested_and_named_after_itself():
    run = backtest(Drip, data=prices(), every=5)
    assert run.request.strategy == "drip"
    assert run.request.symbols == ["DATA"]
    assert len(run.fills) > 10
    assert len(run.trades) == 0
    assert list(run.trades.columns)[:2] == ["symbol", "side"]
    assert run.stats["win_rate"] is None
    assert backtest(Drip, data=prices(), every=5).digest == run.digest != backtest(Drip, data=prices(), every=6).digest


def test_a_strategy_that_fails_is_named_with_file_and_line():
    with pytest.raises(StrategyBroken, match=r"test_notebook\.py:\d+: ValueError: no idea"):
        backtest(Broken, data=prices())


def test_several_symbols_come_as_frames_or_from_the_catalogue(home: Path):
    frames = {"AAPL": prices(seed=1), "MSFT": prices(seed=2), "IBM": prices(seed=3)}
    for symbol, frame in frames.items():
        imported(home, frame, symbol)
    given, stored = backtest("momentum-rotation", frames, lookback=40), backtest("momentum-rotation", list(frames), lookback=40)
    assert given.digest == stored.digest
    assert set(given.fills["symbol"]) <= set(frames)


def test_the_time_may_be_a_column_and_columns_may_be_in_any_case():
    indexed = prices()
    column = indexed.rename(columns=str.upper).rename_axis("Date").reset_index()
    zoned = indexed.tz_localize("UTC")
    texts = column.assign(Date=column["Date"].dt.strftime("%Y-%m-%d"))
    digests = {backtest("buy-and-hold", frame).digest for frame in (indexed, column, zoned, texts)}
    assert len(digests) == 1


def test_adjusting_takes_a_split_out_of_the_prices():
    frame = prices()
    split = frame.assign(**{"Adj Close": frame["Close"]})
    split.iloc[:200, :4] *= 2
    split.iloc[:200, 4] /= 2
    raw, adjusted, plain = (
        backtest("buy-and-hold", data, adjust=adjust) for data, adjust in ((split, False), (split, True), (frame, False))
    )
    assert raw.stats["benchmark_return_pct"] < adjusted.stats["benchmark_return_pct"]
    assert adjusted.stats["benchmark_return_pct"] == pytest.approx(plain.stats["benchmark_return_pct"])


def test_a_pair_with_a_slash_trades_every_day_of_the_year():
    frame = prices().set_index(pd.date_range("2004-01-01", periods=400))
    crypto, stock = backtest(Drip, frame, symbol="BTC/USD"), backtest(Drip, frame, symbol="X", calendar="24/7")
    assert crypto.stats["annualized_volatility"] == stock.stats["annualized_volatility"] is not None


def test_a_run_is_plotted_and_reported(home: Path):
    run = backtest("sma-cross", prices(), symbol="AAPL", fast=5, slow=20)
    figure = run.plot()
    traces = figure.to_dict()["data"]
    marked = sum(len(trace["x"]) for trace in traces if trace.get("mode") == "markers")
    assert marked >= 2 * len(run.trades) > 0
    assert traces[0]["type"] == "candlestick"
    assert len(traces[0]["x"]) == 400
    assert "'--" not in str(figure.to_dict())
    text = run.report(home / "run.html").read_text(encoding="utf-8")
    assert run.digest in text
    assert "sma-cross on AAPL" in text


def test_warm_up_bars_come_before_the_start_and_are_not_measured():
    run = backtest("momentum-rotation", {"A": prices(seed=1), "B": prices(seed=2)}, start="2004-09-01", lookback=60)
    assert run.equity.index[0] == pd.Timestamp("2004-09-01", tz="UTC")
    assert len(run.bars["A"]) == len(run.equity) + 60
    assert len(run.plot("B").to_dict()["data"][0]["x"]) == len(run.equity)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: backtest("sma-cros", prices()), UnknownName, "Did you mean 'sma-cross'"),
        (lambda: backtest("sma-cross", prices(), fsat=3), UnknownName, "Did you mean 'fast'"),
        (lambda: backtest("sma-cross", prices(), fast="x"), BadValue, "fast = 'x'"),
        (lambda: backtest("sma-cross", prices(), timeframe="1 day"), BadValue, "timeframe = '1 day'"),
        (lambda: backtest("sma-cross", prices(), cash=-1), BadValue, "cash = -1"),
        (lambda: backtest("sma-cross", prices(), commission_bps=-1), BadInput, "commission_bps"),
        (lambda: backtest("sma-cross", prices(), commission_bps="much"), BadValue, "commission_bps = 'much'"),
        (lambda: backtest("sma-cross", prices(), start="2005-01-01", end="2004-01-01"), BadInput, "after start"),
        (lambda: backtest("sma-cross", prices(), start="2030-01-01"), NoBars, "No bars of DATA"),
        (lambda: backtest("sma-cross", prices(), start="soon"), BadValue, "start = 'soon'"),
        (lambda: backtest("sma-cross", prices(), calendar="XLON"), BadValue, "24/7 or XNYS"),
        (lambda: backtest("sma-cross", prices(), adjust=True), BadValue, "Adj Close"),
        (lambda: backtest("sma-cross", prices().drop(columns="High")), BadValue, "a column high"),
        (lambda: backtest("sma-cross", prices().reset_index(drop=True)), BadValue, "DatetimeIndex"),
        (lambda: backtest("sma-cross", prices()[:0]), BadValue, "at least one bar"),
        (lambda: backtest("sma-cross", prices()[::-1]), BadData, "not in time order"),
        (lambda: backtest("sma-cross", prices().assign(Low=1e6)), BadData, "impossible bars"),
        (lambda: backtest("sma-cross", {"A": prices(), "B": prices()}), BadInput, "expected one symbol"),
        (lambda: backtest("sma-cross", {"A": [1, 2]}), BadValue, "a DataFrame for A"),
        (lambda: backtest("sma-cross", {}), BadInput, "symbols"),
        (lambda: backtest("sma-cross", 5), BadValue, "data = 5"),
        (lambda: backtest("sma-cross"), BadValue, "data = None"),
        (lambda: backtest(int, prices()), BadValue, "a class derived from"),
        (lambda: backtest("sma-cross", "NOPE"), UnknownName, "No symbol 'NOPE'"),
        (lambda: backtest("sma-cross", "NOPE", calendar="24/7"), BadInput, "only with a DataFrame"),
    ],
)
def test_what_cannot_be_used_is_named(home: Path, call: Any, error: type[BadInput], message: str):
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)
    assert "--fix" not in str(caught.value)
    assert not (home / "home").exists()


def test_a_report_that_cannot_be_written_is_bad_input(home: Path):
    run = backtest("buy-and-hold", prices(days=20))
    with pytest.raises(BadValue, match="a file that can be written"):
        run.report(home / "missing" / "run.html")


def test_importing_weaver_loads_nothing_heavy():
    code = "import sys, weaver; assert not {'numpy', 'pandas', 'plotly', 'sqlalchemy'} & set(sys.modules); weaver.backtest"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    with pytest.raises(AttributeError, match="no attribute 'backtests'"):
        getattr(__import__("weaver"), "backtests")  # noqa: B009  # the type checker would refuse weaver.backtests
