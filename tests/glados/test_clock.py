from datetime import UTC, date, datetime

import numpy as np
import pytest

from weaver.errors import BadValue
from weaver.glados.clock import bar_columns, sessions_between
from weaver.market import DAY, Calendar, Ints, Timeframe, from_microseconds, to_microseconds


def at(*texts: str) -> Ints:
    return np.array([to_microseconds(datetime.fromisoformat(text).replace(tzinfo=UTC)) for text in texts], np.int64)


def written(times: Ints) -> list[str]:
    return [from_microseconds(time).strftime("%Y-%m-%d %H:%M") for time in times]


def day_number(text: str) -> int:
    return (date.fromisoformat(text) - date(1970, 1, 1)).days


def test_a_week_with_thanksgiving_has_four_sessions_and_a_half_day() -> None:
    sessions = sessions_between(Calendar.XNYS, date(2012, 11, 19), date(2012, 11, 25))

    assert sessions is not None
    assert written(sessions.dates * DAY) == ["2012-11-19 00:00", "2012-11-20 00:00", "2012-11-21 00:00", "2012-11-23 00:00"]
    assert written(sessions.closes) == ["2012-11-19 21:00", "2012-11-20 21:00", "2012-11-21 21:00", "2012-11-23 18:00"]
    assert written(sessions.opens)[0] == "2012-11-19 14:30"


def test_an_always_open_calendar_has_no_sessions() -> None:
    assert sessions_between(Calendar.ALWAYS, date(2012, 1, 1), date(2012, 2, 1)) is None


def test_dates_beyond_the_calendar_are_refused_by_name() -> None:
    with pytest.raises(BadValue, match="1899-12-31"):
        sessions_between(Calendar.XNYS, date(1899, 12, 31), date(1950, 1, 1))
    with pytest.raises(BadValue, match="2100-01-01"):
        bar_columns(at("2100-01-01"), Timeframe("1d"), Calendar.XNYS)


def test_bars_older_than_twenty_years_have_sessions() -> None:
    times = bar_columns(at("1987-10-19"), Timeframe("1d"), Calendar.XNYS)

    assert written(times.ends) == ["1987-10-19 20:00"]


def test_an_always_open_bar_ends_after_its_timeframe_and_belongs_to_its_utc_day() -> None:
    times = bar_columns(at("2024-03-10 23:00", "2024-03-11 00:00"), Timeframe("1h"), Calendar.ALWAYS)

    assert written(times.ends) == ["2024-03-11 00:00", "2024-03-11 01:00"]
    assert list(times.sessions) == [day_number("2024-03-10"), day_number("2024-03-11")]
    assert times.calendar_sessions is None


def test_daily_bars_end_at_the_close_through_summer_time_and_half_days() -> None:
    starts = at("2024-03-08", "2024-03-11", "2024-07-03", "2024-11-01", "2024-11-04", "2024-11-29")

    times = bar_columns(starts, Timeframe("1d"), Calendar.XNYS)

    assert written(times.ends) == [
        "2024-03-08 21:00",
        "2024-03-11 20:00",
        "2024-07-03 17:00",
        "2024-11-01 20:00",
        "2024-11-04 21:00",
        "2024-11-29 18:00",
    ]
    assert list(times.sessions) == list(starts // DAY)


def test_daily_bars_stamped_at_new_york_midnight_start_at_utc_midnight() -> None:
    times = bar_columns(at("2024-01-02 05:00", "2024-07-02 04:00"), Timeframe("1d"), Calendar.XNYS)

    assert written(times.starts) == ["2024-01-02 00:00", "2024-07-02 00:00"]


def test_a_daily_bar_on_a_date_without_a_session_is_kept_and_ends_at_the_next_midnight() -> None:
    times = bar_columns(at("2024-07-04", "2024-07-06"), Timeframe("1d"), Calendar.XNYS)

    assert written(times.ends) == ["2024-07-05 00:00", "2024-07-07 00:00"]
    assert list(times.sessions) == [day_number("2024-07-04"), day_number("2024-07-06")]


def test_weekly_bars_start_on_monday_and_end_at_the_close_of_the_last_session() -> None:
    # A plain week stamped on its Tuesday, the week before Good Friday, and Thanksgiving week.
    times = bar_columns(at("2024-01-16", "2024-03-25", "2024-11-25"), Timeframe("1w"), Calendar.XNYS)

    assert written(times.starts) == ["2024-01-15 00:00", "2024-03-25 00:00", "2024-11-25 00:00"]
    assert written(times.ends) == ["2024-01-19 21:00", "2024-03-28 20:00", "2024-11-29 18:00"]
    assert list(times.sessions) == [day_number("2024-01-19"), day_number("2024-03-28"), day_number("2024-11-29")]


def test_intraday_bars_take_the_new_york_date_of_their_start() -> None:
    # 23:30 in New York is the next day in UTC; the clock changes on 2024-03-10 at 07:00Z and on 2024-11-03 at 06:00Z.
    starts = at("2024-01-03 04:30", "2024-01-03 05:00", "2024-03-11 03:59", "2024-03-11 04:00", "2024-11-04 04:59", "2024-11-04 05:00")

    times = bar_columns(starts, Timeframe("1m"), Calendar.XNYS)

    expected = ["2024-01-02", "2024-01-03", "2024-03-10", "2024-03-11", "2024-11-03", "2024-11-04"]
    assert list(times.sessions) == [day_number(day) for day in expected]
    assert list(times.ends - times.starts) == [60_000_000] * 6


def test_the_change_of_the_clock_is_found_to_the_second() -> None:
    starts = np.arange(at("2024-03-10 00:00")[0], at("2024-03-12 00:00")[0], 60_000_000)

    sessions = bar_columns(starts, Timeframe("1m"), Calendar.XNYS).sessions

    assert written(starts[1:][np.diff(sessions) > 0]) == ["2024-03-10 05:00", "2024-03-11 04:00"]


def test_the_sessions_around_a_series_reach_beyond_its_last_week() -> None:
    around = bar_columns(at("2024-03-25", "2024-03-27"), Timeframe("1d"), Calendar.XNYS).calendar_sessions

    assert around is not None
    assert around.dates[0] < day_number("2024-03-18")
    assert around.dates[-1] > day_number("2024-04-01")


def test_no_bars_give_no_columns() -> None:
    for calendar in Calendar:
        times = bar_columns(at(), Timeframe("1d"), calendar)
        assert len(times.starts) == len(times.ends) == len(times.sessions) == 0
