from datetime import UTC, datetime, timedelta

from weaver.veda.clocks import SystemClock, wait_until

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


class SteppingClock:
    """A clock without a way to wait by it, that goes on by a second each time it is looked at."""

    def __init__(self) -> None:
        self.time = NOON

    async def now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


class WaitingClock:
    """A clock that goes on by as much as is waited for."""

    def __init__(self) -> None:
        self.time = NOON
        self.waits: list[float] = []

    async def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += timedelta(seconds=seconds)


async def test_the_real_clock_is_waited_for_to_the_moment() -> None:
    clock = SystemClock()
    until = await clock.now() + timedelta(milliseconds=30)
    shown = await wait_until(clock, until)
    assert shown >= until
    assert shown.tzinfo is UTC


async def test_a_time_that_has_come_is_not_waited_for() -> None:
    clock = WaitingClock()
    assert await wait_until(clock, NOON) == NOON
    assert clock.waits == []


async def test_long_waits_are_cut_and_beaten_through() -> None:
    clock, beats = WaitingClock(), list[datetime]()
    await wait_until(clock, NOON + timedelta(seconds=2.5), beat=lambda: beats.append(clock.time))
    assert clock.waits == [1, 1, 0.5]
    assert beats == [NOON + timedelta(seconds=second) for second in range(3)]


async def test_a_clock_that_cannot_be_waited_by_is_looked_at_again() -> None:
    assert await wait_until(SteppingClock(), NOON + timedelta(seconds=3)) == NOON + timedelta(seconds=3)
