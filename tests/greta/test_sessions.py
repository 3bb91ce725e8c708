"""Day orders and sessions of an exchange: half days, holidays, bars outside the session."""

from datetime import UTC, date, datetime

import numpy as np

from tests.builders import replay
from weaver.glados.clock import bar_columns
from weaver.market import Bars, Calendar, Timeframe, to_microseconds
from weaver.marvin.intents import Buy

FLAT = 100.0


def xnys(starts: list[datetime], timeframe: str, lows: list[float]) -> Bars:
    """Bars of an exchange-traded symbol at 100, with the given lows."""
    frame = Timeframe(timeframe)
    times = bar_columns(np.array([to_microseconds(start) for start in starts], dtype=np.int64), frame, Calendar.XNYS)
    price = np.full(len(starts), FLAT)
    return Bars(
        symbol="AAPL",
        timeframe=frame,
        calendar=Calendar.XNYS,
        starts=times.starts,
        ends=times.ends,
        sessions=times.sessions,
        calendar_sessions=times.calendar_sessions,
        open=price,
        high=price,
        low=np.array(lows),
        close=price,
        volume=np.full(len(starts), 1000.0),
    )


def test_a_day_order_on_daily_bars_lives_for_one_session_whatever_lies_between() -> None:
    # Decided at Friday's close; the next bar is Tuesday's, as Monday 2024-01-15 is a holiday.
    days = [datetime(2024, 1, day, tzinfo=UTC) for day in (12, 16, 17)]
    bars = xnys(days, "1d", [100, 100, 90])
    run = replay(bars, {0: [Buy(1, limit=95, time_in_force="day")]})
    (order,) = run.orders
    assert (order.status, order.closed_at) == ("expired", bars.starts[1])


def test_a_daily_bar_ends_at_the_sessions_close_and_earlier_on_a_half_day() -> None:
    # 2024-07-03 closed at 13:00 New York, 17:00Z; 2024-07-05 at 16:00, 20:00Z.
    bars = xnys([datetime(2024, 7, 3, tzinfo=UTC), datetime(2024, 7, 5, tzinfo=UTC)], "1d", [100, 100])
    closes = [datetime(2024, 7, 3, 17, tzinfo=UTC), datetime(2024, 7, 5, 20, tzinfo=UTC)]
    assert bars.ends.tolist() == [to_microseconds(close) for close in closes]
    assert bars.sessions[0] == (date(2024, 7, 3) - date(1970, 1, 1)).days


def test_an_intraday_day_order_is_gone_at_the_close_of_its_session() -> None:
    # Half-hour bars to the close at 21:00Z; decided at 20:00Z, so it may fill from the 20:00 bar on.
    friday = [datetime(2024, 1, 12, hour, minute, tzinfo=UTC) for hour, minute in ((19, 30), (20, 0), (20, 30))]
    starts = [*friday, datetime(2024, 1, 16, 14, 30, tzinfo=UTC)]
    bars = xnys(starts, "30m", [100, 100, 100, 90])
    working: list[int] = []

    def look(view):
        working.append(len(view.working_orders))
        if view.only.row == 0:
            yield Buy(1, limit=95, time_in_force="day")

    run = replay(bars, look)
    assert run.fills == []
    assert working == [0, 1, 0, 0]


def test_a_day_order_expires_at_the_next_sessions_first_bar_when_the_last_bar_is_missing() -> None:
    friday = [datetime(2024, 1, 12, hour, minute, tzinfo=UTC) for hour, minute in ((19, 30), (20, 0))]
    starts = [*friday, datetime(2024, 1, 16, 14, 30, tzinfo=UTC)]
    run = replay(xnys(starts, "30m", [100, 100, 90]), {0: [Buy(1, limit=95, time_in_force="day")]})
    assert run.fills == []
    assert [order.status for order in run.orders] == ["expired"]


def test_annualisation_follows_the_calendar() -> None:
    bars = xnys([datetime(2024, 1, 12, tzinfo=UTC)], "1d", [100])
    assert replay(bars, {}).feed.calendar.periods_per_year == 252
