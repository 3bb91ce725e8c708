"""The report opens in a real browser, offline, and shows every trade."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from tests.browser import opened_browser
from weaver.greta.records import EquityColumns, FillRow, TradeRow
from weaver.greta.statistics import statistics
from weaver.market import DAY, Bars, Calendar, Timeframe
from weaver.report import RunReport, html_report
from weaver.report_meanings import MEANINGS, written
from weaver.report_tables import MOST_TRADES

MARKERS = """() => [...document.querySelectorAll('.js-plotly-plot')].flatMap(chart => chart.data)
    .filter(trace => trace.mode === 'markers').reduce((sum, trace) => sum + trace.x.length, 0)"""
DRAWN = (
    "() => [...document.querySelectorAll('.js-plotly-plot')].reduce((sum, chart) => sum + chart.querySelectorAll('.points path').length, 0)"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened_browser() as opened:
        yield opened


def some_bars(symbol: str, count: int, seed: int, step: int = DAY) -> Bars:
    spread = 0.015 * min(1, (1500 / count) ** 0.5)
    close = np.asarray(100 * np.cumprod(1 + np.random.default_rng(seed).normal(0.6 / count, spread, count)), dtype=np.float64)
    starts = 12_418 * DAY + np.arange(count, dtype=np.int64) * step
    return Bars(
        symbol=symbol,
        timeframe=Timeframe("1d"),
        calendar=Calendar.ALWAYS,
        starts=starts,
        ends=starts + step,
        sessions=starts // DAY,
        open=close * 0.998,
        high=close * 1.01,
        low=close * 0.99,
        close=close,
        volume=np.full(count, 1e6),
    )


def some_trades(bars: Bars, every: int) -> list[TradeRow]:
    trades: list[TradeRow] = []
    for entry in range(10, len(bars) - every, 2 * every):
        leave = entry + every
        bought, sold = float(bars.open[entry]), float(bars.open[leave])
        trades.append(
            TradeRow(
                symbol=bars.symbol,
                side="long" if len(trades) % 2 else "short",
                quantity=100.0,
                entry_time=int(bars.starts[entry]),
                entry_price=bought,
                exit_time=int(bars.starts[leave]),
                exit_price=sold,
                pnl=100 * (sold - bought) * (1 if len(trades) % 2 else -1),
                return_pct=100 * (sold / bought - 1) * (1 if len(trades) % 2 else -1),
                mae_pct=-1.5,
                mfe_pct=2.5,
                bars_held=every,
                exit_reason="signal",
            )
        )
    return trades


def a_run(*symbols: str, count: int = 1500, every: int = 12, step: int = DAY) -> RunReport:
    bars = {symbol: some_bars(symbol, count, seed + 1, step) for seed, symbol in enumerate(symbols)}
    trades = sorted((trade for series in bars.values() for trade in some_trades(series, every)), key=lambda trade: trade.exit_time)
    first = next(iter(bars.values()))
    spread = 0.008 * min(1, (1500 / count) ** 0.5)
    walk = np.random.default_rng(42).normal(0.6 / count, spread, count)
    walk[0] = 0
    equity = np.asarray(100_000 * np.cumprod(1 + walk), dtype=np.float64)
    benchmark = np.asarray(100_000 * first.close / first.close[0], dtype=np.float64)
    stats = statistics(
        times=first.starts,
        equity=equity,
        benchmark=benchmark,
        initial_cash=100_000,
        periods_per_year=252,
        pnls=np.array([trade.pnl for trade in trades], dtype=np.float64),
        exposed_bars=count // 2,
        total_commission=123.45,
        total_slippage=67.8,
    )
    open_fill = FillRow(
        time=int(first.starts[-2]),
        symbol=first.symbol,
        side="buy",
        quantity=100,
        price=float(first.open[-2]),
        commission=1.0,
        slippage=0.0,
        order_id="w-0123456789-abc-1",
    )
    return RunReport(
        run_id="report-test",
        strategy="sma-cross",
        symbols=symbols,
        timeframe="1d",
        initial_cash=100_000,
        stats=stats.to_dict(),
        bars=bars,
        equity=EquityColumns(times=first.starts, equity=equity, benchmark=benchmark),
        fills=[open_fill],
        trades=trades,
        params={"fast": 10, "slow": 30, "quantity": "100"},
        provenance={"strategy_sha256": "5f" * 32, "data_fingerprint": "a3" * 32, "engine_version": "1", "costs": {"commission_bps": "10"}},
        result_digest="c0" * 32,
    )


class Opened:
    """A report in a browser, and whatever it asked for or complained of."""

    def __init__(self, page: Page, path: Path) -> None:
        self.page = page
        self.requests: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda message: self.complaints.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn]")

    def count(self, script: str) -> int:
        return int(self.page.evaluate(script))


def opened(browser: Browser, folder: Path, run: RunReport, *, width: int = 1440, **options: Any) -> Opened:
    path = folder / "report.html"
    path.write_text(html_report(run), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **options)
    return Opened(context.new_page(), path)


@pytest.mark.parametrize("width", [1440, 390, 360])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_opens_offline_with_a_marker_for_each_entry_and_exit(browser: Browser, tmp_path: Path, width: int, scheme: str):
    run = a_run("AAPL")
    report = opened(browser, tmp_path, run, width=width, color_scheme=scheme)
    assert [url for url in report.requests if not url.startswith(("file:", "data:"))] == []
    assert report.complaints == []
    assert report.count(MARKERS) == 2 * len(run.trades) + 1  # and the position that is still open
    assert report.count(DRAWN) >= len(run.trades)
    assert report.count("() => document.documentElement.scrollWidth") <= width
    report.page.screenshot(path=tmp_path / f"{scheme}-{width}.png", full_page=True)


def test_each_symbol_has_its_chart_and_the_many_are_drawn_when_opened(browser: Browser, tmp_path: Path):
    symbols = [f"SYM{number}" for number in range(8)]
    run = a_run(*symbols, count=600, every=20)
    report = opened(browser, tmp_path, run)
    assert report.count("() => document.querySelectorAll('.chart').length") == 9
    assert report.count("() => document.querySelectorAll('.js-plotly-plot').length") == 7
    for summary in report.page.query_selector_all("details:not([open]) > summary"):
        summary.click()
    report.page.wait_for_function("() => document.querySelectorAll('.js-plotly-plot').length === 9")
    assert report.count(MARKERS) == 2 * len(run.trades) + 1
    assert report.complaints == []


def test_a_run_of_many_bars_keeps_every_marker_and_stays_small(browser: Browser, tmp_path: Path):
    run = a_run("BTC/USD", count=300_000, every=30, step=60_000_000)
    assert len(run.trades) == 5000 > MOST_TRADES
    text = html_report(run)
    assert len(text) < 10_000_000
    assert text.count("<tr><td>") == MOST_TRADES
    report = opened(browser, tmp_path, run)
    assert report.count(MARKERS) == 2 * len(run.trades) + 1
    candles = "() => document.querySelector('.js-plotly-plot').data.find(trace => trace.type === 'candlestick').x.length"
    assert 2000 <= report.count(candles) <= 3500
    assert report.complaints == []


def test_a_text_from_outside_is_shown_and_never_run(browser: Browser, tmp_path: Path):
    evil = '</script><script>document.title="owned"</script><img src=x onerror="document.title=\'owned\'">'
    plain = a_run("AAPL", count=200)
    run = replace(
        plain,
        strategy=evil,
        run_id=evil,
        symbols=[evil],
        bars={evil: plain.bars["AAPL"]},
        trades=[replace(trade, symbol=evil, exit_reason=evil) for trade in plain.trades],
        params={evil: evil},
        provenance={"nested": {evil: evil}},
        status=evil,
        timeframe=evil,
        result_digest=evil,
    )
    report = opened(browser, tmp_path, run)
    assert evil in report.page.title()
    assert report.page.title() != "owned"
    assert report.count("() => document.querySelectorAll('img').length") == 0
    assert report.count(MARKERS) >= len(run.trades)
    assert report.complaints == []


def test_a_run_without_trades_and_one_without_bars_say_so(browser: Browser, tmp_path: Path):
    run = a_run("AAPL", count=100)
    report = opened(browser, tmp_path, replace(run, trades=[], fills=[]))
    assert "No trade was closed" in report.page.inner_text("main")
    empty = EquityColumns(times=np.zeros(0, dtype=np.int64), equity=np.zeros(0), benchmark=np.zeros(0))
    nothing = replace(run, trades=[], fills=[], bars={}, equity=empty, stats=dict.fromkeys(run.stats))
    report = opened(browser, tmp_path, nothing)
    assert "no bars" in report.page.inner_text("header")
    assert report.complaints == []


def test_the_page_allows_no_request_and_names_no_place_to_ask(tmp_path: Path):
    text = html_report(a_run("AAPL", count=100))
    outside_of_plotly = re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)
    assert "default-src 'none'" in text
    assert "connect-src" not in outside_of_plotly
    assert re.findall(r"https?://[^\s\"']+", outside_of_plotly) == []


def test_the_page_says_the_statistics_and_the_provenance():
    run = a_run("AAPL", count=400)
    text = html_report(run)
    for name, value in run.stats.items():
        assert MEANINGS[name].label in text
        assert written(name, value) in text
    assert "c0" * 32 in text
    assert "5f" * 32 in text
    assert "a3" * 32 in text
    assert "commission_bps" in text


def test_the_cards_round_what_is_large():
    run = a_run("AAPL", count=100)
    text = html_report(replace(run, stats={**run.stats, "final_equity": 1234567.89, "benchmark_return_pct": 2400.8125, "win_rate": 52.777}))
    for value in ("1,234,568", "2,401 %", "52.78 %"):
        assert f">{value}</span>" in text


def test_warm_up_bars_are_not_drawn():
    run = a_run("AAPL", count=100)
    shorter = EquityColumns(times=run.equity.times[20:], equity=run.equity.equity[20:], benchmark=run.equity.benchmark[20:])
    text = html_report(replace(run, equity=shorter, trades=[], fills=[]))
    found = re.search(r'id="figure-price-0">(.*?)</script>', text, flags=re.DOTALL)
    assert found
    assert str(run.equity.times[20] // 1000) in found[1]
    assert str(run.equity.times[19] // 1000) not in found[1]


def test_every_statistic_has_a_meaning_and_every_meaning_a_statistic():
    assert set(MEANINGS) == set(a_run("AAPL", count=50).stats)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("sharpe_ratio", None, "–"),
        ("final_equity", 1234.5, "1,234.50"),
        ("win_rate", 50, "50.00 %"),
        ("alpha", 0.0123, "1.23 %"),
        ("total_bars", 1000, "1,000"),
        ("annualized_return", 1.5e15, "1.500e+15"),
        ("max_drawdown_duration_days", 2.25, "2.2 days"),
    ],
)
def test_a_statistic_is_written_for_people(name: str, value: float | None, text: str):
    assert written(name, value) == text
