from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weaver.errors import BadValue
from weaver.glados.clock import bar_columns, sessions_between
from weaver.glados.schedule import (
    bar_ends,
    bar_start,
    bar_starts,
    is_due,
    lateness_allowed,
    next_bar_end,
    passed_ends,
    warmup_start,
)
from weaver.market import Calendar, Timeframe, from_microseconds, to_microseconds

STOCK, COIN = "AAPL", "BTC/USD"
YEAR = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ends(symbols: str | list[str], timeframe: str, after: str, until: str) -> list[str]:
    named = [symbols] if isinstance(symbols, str) else symbols
    return [f"{end:%m-%d %H:%M:%S}" for end in bar_ends(named, Timeframe(timeframe), at(after), at(until))]


def after(symbols: str | list[str], timeframe: str, time: str) -> str:
    named = [symbols] if isinstance(symbols, str) else symbols
    return f"{next_bar_end(named, Timeframe(timeframe), at(time)):%Y-%m-%d %H:%M:%S}"


def test_around_the_clock_bars_end_at_multiples_of_their_length() -> None:
    assert after(COIN, "5s", "2026-11-27T23:59:57") == "2026-11-28 00:00:00"
    assert after(COIN, "5s", "2026-11-28T00:00:00") == "2026-11-28 00:00:05"
    assert after(COIN, "1d", "2026-11-28T00:00:00") == "2026-11-29 00:00:00"


def test_around_the_clock_weeks_end_on_monday() -> None:
    assert after(COIN, "1w", "2026-11-27T12:00:00") == "2026-11-30 00:00:00"
    assert bar_start(COIN, Timeframe("1w"), at("2026-11-30T00:00:00")) == at("2026-11-23T00:00:00")


def test_minutes_of_a_stock_run_from_the_open_to_the_close() -> None:
    # Wednesday 2026-11-25 in New York's winter time: 14:30Z to 21:00Z.
    found = ends(STOCK, "1m", "2026-11-25T00:00:00", "2026-11-26T00:00:00")
    assert (len(found), found[0], found[-1]) == (390, "11-25 14:31:00", "11-25 21:00:00")


def test_after_the_close_before_thanksgiving_comes_the_half_day() -> None:
    assert after(STOCK, "1m", "2026-11-25T21:00:00") == "2026-11-27 14:31:00"
    half = ends(STOCK, "1m", "2026-11-27T00:00:00", "2026-11-28T00:00:00")
    assert (len(half), half[-1]) == (210, "11-27 18:00:00")
    assert after(STOCK, "1m", "2026-11-27T18:00:00") == "2026-11-30 14:31:00"


def test_days_of_a_stock_end_at_the_close_and_start_at_midnight_utc() -> None:
    assert ends(STOCK, "1d", "2026-11-24T12:00:00", "2026-11-30T23:00:00") == [
        "11-24 21:00:00",
        "11-25 21:00:00",
        "11-27 18:00:00",
        "11-30 21:00:00",
    ]
    assert bar_start(STOCK, Timeframe("1d"), at("2026-11-27T18:00:00")) == at("2026-11-27T00:00:00")


def test_weeks_of_a_stock_end_at_the_last_close_inside() -> None:
    # Thanksgiving's week ends with a half day; the week of Good Friday (2026-04-03) on its Thursday, in summer time.
    assert ends(STOCK, "1w", "2026-11-21T00:00:00", "2026-12-05T00:00:00") == ["11-27 18:00:00", "12-04 21:00:00"]
    assert after(STOCK, "1w", "2026-03-30T00:00:00") == "2026-04-02 20:00:00"
    assert bar_start(STOCK, Timeframe("1w"), at("2026-04-02T20:00:00")) == at("2026-03-30T00:00:00")


def test_the_change_of_the_clock_moves_a_stock_and_not_a_coin() -> None:
    # New York changes on Sunday 2026-03-08 and on Sunday 2026-11-01.
    assert [after(STOCK, "1m", f"2026-03-{day}T21:30:00") for day in ("05", "08")] == ["2026-03-06 14:31:00", "2026-03-09 13:31:00"]
    assert ends(STOCK, "1d", "2026-10-30T00:00:00", "2026-11-02T23:00:00") == ["10-30 20:00:00", "11-02 21:00:00"]
    assert len(ends(COIN, "1h", "2026-03-08T00:00:00", "2026-03-09T00:00:00")) == 24


def test_hours_of_a_stock_are_those_that_reach_into_its_session() -> None:
    # 14:30Z to 21:00Z: the first hour begins before the open. A half day ends at 18:00Z, inside the bar that ends at 20:00Z.
    assert ends(STOCK, "1h", "2026-11-25T00:00:00", "2026-11-26T00:00:00") == [f"11-25 {hour}:00:00" for hour in range(15, 22)]
    assert ends(STOCK, "4h", "2026-11-27T00:00:00", "2026-11-28T00:00:00") == ["11-27 16:00:00", "11-27 20:00:00"]


def test_stock_and_coin_together_end_when_either_does() -> None:
    assert ends([STOCK, COIN], "1d", "2026-11-26T00:00:00", "2026-11-28T00:00:00") == ["11-27 00:00:00", "11-27 18:00:00", "11-28 00:00:00"]
    assert after([STOCK, COIN], "1m", "2026-11-28T12:00:30") == "2026-11-28 12:01:00"
    assert ends([STOCK, COIN], "1m", "2026-11-25T15:00:00", "2026-11-25T15:02:00") == ["11-25 15:01:00", "11-25 15:02:00"]


def test_only_the_symbol_that_has_a_bar_there_is_due() -> None:
    minute, day = Timeframe("1m"), Timeframe("1d")
    assert is_due(STOCK, minute, at("2026-11-27T18:00:00"))
    assert not is_due(STOCK, minute, at("2026-11-27T18:01:00"))
    assert is_due(COIN, minute, at("2026-11-27T18:01:00"))
    assert not is_due(COIN, minute, at("2026-11-27T18:01:01"))
    assert is_due(STOCK, day, at("2026-11-27T18:00:00"))
    assert not is_due(STOCK, day, at("2026-11-27T21:00:00"))
    with pytest.raises(BadValue, match="18:01"):
        bar_start(STOCK, minute, at("2026-11-27T18:01:00"))


def test_what_an_outage_passed_over_is_counted_and_not_all_listed() -> None:
    coin = passed_ends([COIN], Timeframe("5s"), at("2026-11-01T00:00:05"), at("2026-12-01T00:00:02"), most=2)
    assert coin.count == 30 * 86_400 // 5
    assert coin.first == [at("2026-11-01T00:00:05"), at("2026-11-01T00:00:10")]
    assert coin.last == at("2026-12-01T00:00:00")
    assert bar_ends([COIN], Timeframe("5s"), at("2026-11-01T00:00:00"), at("2026-12-01T00:00:00"), most=2) == coin.first
    weekend = passed_ends([STOCK], Timeframe("1m"), at("2026-11-28T00:00:00"), at("2026-11-29T00:00:00"))
    assert (weekend.count, weekend.first, weekend.last) == (0, [], None)


def test_a_venue_may_say_that_a_stock_never_closes() -> None:
    saturday = at("2026-11-28T12:00:00")
    assert next_bar_end([STOCK], Timeframe("1m"), saturday, calendar_of=lambda _: Calendar.ALWAYS) == at("2026-11-28T12:01:00")


def test_warm_up_reaches_back_over_weekends_and_holidays() -> None:
    # Before Monday's first minute lie 210 of the half day on Friday, none on Thursday, 390 on Wednesday.
    first = at("2026-11-30T14:31:00")
    assert warmup_start([STOCK], Timeframe("1m"), first, 1) == at("2026-11-30T14:30:00")
    assert warmup_start([STOCK], Timeframe("1m"), first, 212) == at("2026-11-25T20:59:00")
    assert warmup_start([STOCK], Timeframe("1d"), at("2026-11-30T21:00:00"), 3) == at("2026-11-25T00:00:00")
    assert warmup_start([COIN], Timeframe("1m"), first, 10) == at("2026-11-30T14:21:00")
    assert warmup_start([STOCK, COIN], Timeframe("1m"), first, 10) == at("2026-11-27T17:51:00")
    assert warmup_start([STOCK], Timeframe("1m"), first, 0) == first


@pytest.mark.parametrize(
    ("timeframe", "seconds"), [("1s", 1), ("3s", 2), ("5s", 2.5), ("1m", 30), ("15m", 450), ("1h", 600), ("1d", 600), ("1w", 600)]
)
def test_lateness_is_half_a_bar_within_bounds(timeframe: str, seconds: float) -> None:
    assert lateness_allowed(Timeframe(timeframe)) == timedelta(seconds=seconds)


@pytest.mark.parametrize("timeframe", ["1m", "7m", "30m", "1h", "4h", "1d", "2d", "1w"])
@pytest.mark.parametrize("symbol", [STOCK, COIN])
def test_a_year_of_bars_ends_as_in_a_backtest(symbol: str, timeframe: str) -> None:
    frame, calendar = Timeframe(timeframe), Calendar.of(symbol)
    starts = bar_starts(symbol, frame, *YEAR)
    times = bar_columns(starts, frame, calendar)

    assert np.array_equal(times.starts, starts)
    listed = bar_ends([symbol], frame, from_microseconds(times.ends[0] - 1), from_microseconds(times.ends[-1]))
    assert [to_microseconds(end) for end in listed] == times.ends.tolist()
    for end, start in list(zip(listed, starts.tolist(), strict=True))[:: max(1, len(starts) // 200)]:
        assert bar_start(symbol, frame, end) == from_microseconds(start)


@pytest.mark.parametrize("timeframe", ["1m", "30m", "1d"])
def test_every_session_of_a_year_is_covered_and_nothing_else(timeframe: str) -> None:
    frame = Timeframe(timeframe)
    starts = bar_starts(STOCK, frame, *YEAR)
    sessions = sessions_between(Calendar.XNYS, date(2026, 1, 1), date(2026, 12, 31))
    assert sessions is not None
    per_session = 1 if frame.is_daily_or_longer else (sessions.closes - sessions.opens) // frame.microseconds
    assert len(starts) == np.sum(per_session * np.ones(len(sessions.dates)))


@settings(max_examples=100, deadline=None)
@given(
    symbols=st.sampled_from([[STOCK], [COIN], [STOCK, COIN]]),
    timeframe=st.sampled_from(["5s", "1m", "15m", "1h", "4h", "36h", "1d", "3d", "1w"]),
    time=st.integers(to_microseconds(at("2007-01-01")), to_microseconds(at("2030-01-01"))).map(from_microseconds),
)
def test_the_next_end_is_due_and_nothing_lies_before_it(symbols: list[str], timeframe: str, time: datetime) -> None:
    frame = Timeframe(timeframe)
    end = next_bar_end(symbols, frame, time)

    assert end > time
    assert bar_ends(symbols, frame, time, end) == [end]
    due = [symbol for symbol in symbols if is_due(symbol, frame, end)]
    assert due
    for symbol in due:
        start = bar_start(symbol, frame, end)
        column = bar_columns(np.array([to_microseconds(start)]), frame, Calendar.of(symbol))
        assert (column.starts[0], column.ends[0]) == (to_microseconds(start), to_microseconds(end))
        assert warmup_start([symbol], frame, end, 1) == start
