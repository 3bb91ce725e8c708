from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weaver.errors import BadValue
from weaver.glados.clock import bar_columns
from weaver.market import Bars, Calendar, Ints, Timeframe, from_microseconds, to_microseconds
from weaver.marvin.timeframes import coarser

COLUMNS = ("starts", "ends", "sessions", "open", "high", "low", "close", "volume")


def bars_at(starts: Ints, timeframe: str, calendar: Calendar) -> Bars:
    times = bar_columns(starts, Timeframe(timeframe), calendar)
    row = np.arange(len(starts), dtype=np.float64)
    close = 100 + np.sin(row * 1.7) * 5
    return Bars(
        symbol="X",
        timeframe=Timeframe(timeframe),
        calendar=calendar,
        starts=times.starts,
        ends=times.ends,
        sessions=times.sessions,
        open=close - 0.5,
        high=close + 1 + row % 3,
        low=close - 1 - row % 5,
        close=close,
        volume=row + 0.1,
        calendar_sessions=times.calendar_sessions,
    )


def microseconds(text: str) -> int:
    return to_microseconds(datetime.fromisoformat(text).replace(tzinfo=UTC))


def every(timeframe: str, first: str, count: int, calendar: Calendar = Calendar.ALWAYS) -> Bars:
    return bars_at(microseconds(first) + np.arange(count) * Timeframe(timeframe).microseconds, timeframe, calendar)


def in_hours(timeframe: str, first: str, days: int, opens: str, closes: str) -> Bars:
    """New York bars of each weekday from `opens` to `closes`, UTC times of day."""
    step = timedelta(seconds=Timeframe(timeframe).seconds)
    starts: list[int] = []
    for day in range(days):
        date = datetime.fromisoformat(first).replace(tzinfo=UTC) + timedelta(days=day)
        time, close = (datetime.combine(date, time_of_day.fromisoformat(text), UTC) for text in (opens, closes))
        while date.weekday() < 5 and time < close:
            starts.append(to_microseconds(time))
            time += step
    return bars_at(np.array(starts, np.int64), timeframe, Calendar.XNYS)


def on_days(*days: str) -> Bars:
    return bars_at(np.array([microseconds(day) for day in days]), "1d", Calendar.XNYS)


def written(times: Ints) -> list[str]:
    return [from_microseconds(time).strftime("%m-%d %H:%M") for time in times]


def test_four_quarters_of_an_hour_make_an_hour() -> None:
    base = every("15m", "2024-01-01T10:00", 8)

    hours = coarser(base, Timeframe("1h"))

    assert written(hours.starts) == ["01-01 10:00", "01-01 11:00"]
    assert written(hours.ends) == ["01-01 11:00", "01-01 12:00"]
    assert hours.open[1] == base.open[4]
    assert hours.close[1] == base.close[7]
    assert hours.high[1] == base.high[4:].max()
    assert hours.low[1] == base.low[4:].min()
    assert hours.volume[1] == base.volume[4:].sum()
    assert hours.timeframe == Timeframe("1h")


def test_a_first_bar_that_begins_before_the_data_is_left_out() -> None:
    assert written(coarser(every("15m", "2024-01-01T10:15", 8), Timeframe("1h")).starts) == ["01-01 11:00", "01-01 12:00"]


def test_an_always_open_week_runs_from_monday_to_monday() -> None:
    weeks = coarser(every("1d", "2024-01-01", 14), Timeframe("1w"))

    assert written(weeks.starts) == ["01-01 00:00", "01-08 00:00"]
    assert written(weeks.ends) == ["01-08 00:00", "01-15 00:00"]


def test_a_friday_close_completes_the_week() -> None:
    weeks = coarser(on_days("2024-01-08", "2024-01-09", "2024-01-10", "2024-01-11", "2024-01-12"), Timeframe("1w"))

    assert written(weeks.ends) == ["01-12 21:00"]


def test_a_week_before_good_friday_ends_on_thursday() -> None:
    weeks = coarser(on_days("2024-03-25", "2024-03-26", "2024-03-27", "2024-03-28", "2024-04-01"), Timeframe("1w"))

    assert written(weeks.ends)[0] == "03-28 20:00"
    assert written(weeks.starts) == ["03-25 00:00", "04-01 00:00"]


def test_a_week_whose_first_session_is_tuesday_is_whole_from_tuesday_on() -> None:
    assert written(coarser(on_days("2024-01-16", "2024-01-17"), Timeframe("1w")).starts) == ["01-15 00:00"]
    assert written(coarser(on_days("2024-01-17", "2024-01-22"), Timeframe("1w")).starts) == ["01-22 00:00"]


def test_an_hour_that_the_close_cuts_is_complete_at_the_close() -> None:
    base = in_hours("30m", "2024-01-02", 1, "14:30", "21:00")

    bars = coarser(base, Timeframe("4h"))

    assert written(bars.starts) == ["01-02 12:00", "01-02 16:00", "01-02 20:00"]
    assert written(bars.ends) == ["01-02 16:00", "01-02 20:00", "01-02 21:00"]


def test_a_day_of_a_session_ends_at_its_close_and_holds_no_later_trades() -> None:
    base = in_hours("1h", "2024-01-02", 2, "09:00", "23:00")

    days = coarser(base, Timeframe("1d"))

    assert written(days.ends) == ["01-02 21:00", "01-03 21:00"]
    assert written(days.starts) == ["01-02 00:00", "01-03 00:00"]
    assert days.close[0] == base.close[list(base.ends).index(microseconds("2024-01-02T21:00"))]
    assert days.open[1] == base.open[14]


def test_a_day_of_hours_that_begin_at_half_past_ends_with_the_last_of_them() -> None:
    base = in_hours("1h", "2024-01-02", 1, "14:30", "21:00")

    days = coarser(base, Timeframe("1d"))

    assert written(days.ends) == ["01-02 21:30"]
    assert days.close[0] == base.close[-1]


def test_a_session_across_the_change_of_the_clock_keeps_its_own_close() -> None:
    base = in_hours("1h", "2024-03-08", 4, "14:00", "21:00")

    assert written(coarser(base, Timeframe("1d")).ends) == ["03-08 21:00", "03-11 20:00"]


def test_only_coarser_multiples_are_allowed() -> None:
    for timeframe in ("1h", "90m", "30m"):
        with pytest.raises(BadValue, match="multiple of the run's timeframe 1h"):
            coarser(every("1h", "2024-01-01", 4), Timeframe(timeframe))


def test_no_bars_give_no_bars() -> None:
    assert len(coarser(every("1h", "2024-01-01", 4)[:0], Timeframe("1d"))) == 0
    assert len(coarser(every("1h", "2024-01-01T01:00", 4), Timeframe("1d"))) == 0


SERIES = [
    (every("1h", "2024-01-05T07:00", 300), ("2h", "4h", "7h", "1d", "3d", "1w")),
    (every("1h", "2024-01-05T07:30", 300), ("4h", "1d", "1w")),
    (every("1d", "2024-01-05T05:00", 60), ("2d", "1w")),
    (in_hours("30m", "2024-03-06", 24, "09:00", "23:30"), ("1h", "90m", "4h", "7h", "1d", "2d", "1w")),
    (in_hours("1h", "2024-03-06", 24, "14:30", "21:00"), ("2h", "4h", "1d", "1w")),
    (on_days(*(str(datetime(2024, 3, 1, tzinfo=UTC) + timedelta(days=day))[:10] for day in range(60))), ("2d", "3d", "1w")),
]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_what_comes_later_never_changes_a_bar_that_was_complete(data: st.DataObject) -> None:
    base, timeframes = data.draw(st.sampled_from(SERIES))
    timeframe = Timeframe(data.draw(st.sampled_from(timeframes)))
    missing = data.draw(st.sets(st.integers(0, len(base) - 1), max_size=len(base) // 2))
    base = bars_at(np.delete(base.starts, sorted(missing)), base.timeframe.text, base.calendar)
    cut = data.draw(st.integers(1, len(base)))

    whole, part = coarser(base, timeframe), coarser(base[:cut], timeframe)

    now = base.ends[cut - 1]
    count = int((part.ends <= now).sum())
    assert count == int((whole.ends <= now).sum())
    for name in COLUMNS:
        assert np.array_equal(getattr(whole, name)[:count], getattr(part, name)[:count]), name
    assert (np.diff(whole.ends) > 0).all()
    assert (whole.ends > whole.starts).all()


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(SERIES), st.data())
def test_a_bar_holds_only_bars_that_ended_by_its_end(series: tuple[Bars, tuple[str, ...]], data: st.DataObject) -> None:
    base, timeframes = series
    whole = coarser(base, Timeframe(data.draw(st.sampled_from(timeframes))))

    for row in range(len(whole)):
        known = base.ends <= whole.ends[row]
        assert whole.close[row] == base.close[known][-1] or base.sessions[known][-1] > whole.sessions[row]
        assert whole.high[row] <= base.high[known].max()
