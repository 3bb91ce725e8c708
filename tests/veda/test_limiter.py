import asyncio

import pytest

from weaver.errors import RateLimited
from weaver.veda.limiter import RESERVE, Limiter


class Time:
    """A clock that jumps when somebody sleeps, and lets others run meanwhile."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        until = self.now + seconds
        await asyncio.sleep(0)
        self.now = max(self.now, until)


def a_limiter(time: Time, *, patience: float = 120, jitter: float = 0.0) -> Limiter:
    return Limiter(patience=patience, jitter=jitter, now=time, sleep=time.sleep)


def headers(*, remaining: int, reset: int, limit: int = 200) -> dict[str, str]:
    return {"X-RateLimit-Limit": str(limit), "X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": str(reset)}


async def test_requests_pass_while_nothing_is_known():
    time = Time()
    limiter = a_limiter(time)
    for _ in range(1000):
        await limiter.enter()
    assert time.slept == []


async def test_a_used_up_budget_is_waited_for_until_a_second_after_its_reset():
    time = Time(1000)
    limiter = a_limiter(time)
    limiter.observe(headers(remaining=RESERVE + 2, reset=1030))
    await limiter.enter()
    await limiter.enter()
    assert time.slept == []
    await limiter.enter()
    assert time.now == 1031


async def test_the_reserve_is_for_urgent_requests():
    time = Time(1000)
    limiter = a_limiter(time)
    limiter.observe(headers(remaining=RESERVE, reset=1030))
    for _ in range(RESERVE):
        await limiter.enter(urgent=True)
    assert time.slept == []
    await limiter.enter(urgent=True)
    assert time.now == 1031


async def test_a_small_budget_has_no_reserve():
    time = Time(1000)
    limiter = a_limiter(time)
    limiter.observe(headers(remaining=1, reset=1030, limit=4))
    await limiter.enter()
    assert time.slept == []


async def test_after_a_refusal_all_wait_and_urgent_ones_go_first():
    time = Time(1000)
    limiter = a_limiter(time)
    assert limiter.refused(headers(remaining=0, reset=1020)) == 21
    order: list[str] = []

    async def pass_as(name: str, *, urgent: bool) -> None:
        await limiter.enter(urgent=urgent)
        order.append(name)

    async with asyncio.TaskGroup() as group:
        for number in range(3):
            group.create_task(pass_as(f"order {number}", urgent=False))
        group.create_task(pass_as("cancel", urgent=True))
    assert order[0] == "cancel"
    assert time.now >= 1021


async def test_a_refusal_that_says_no_reset_is_a_minute():
    time = Time(1000)
    assert a_limiter(time).refused({}) == 60
    assert a_limiter(time).refused({"X-RateLimit-Reset": "soon"}) == 60


async def test_a_reset_that_is_past_still_means_a_second():
    assert a_limiter(Time(1000)).refused(headers(remaining=0, reset=900)) == 1


async def test_who_would_wait_too_long_is_told_at_once():
    time = Time(1000)
    limiter = a_limiter(time, patience=10)
    limiter.refused(headers(remaining=0, reset=1020))
    with pytest.raises(RateLimited) as caught:
        await limiter.enter(urgent=True)
    assert caught.value.wait_seconds == 21
    assert time.slept == []


async def test_an_urgent_request_that_gives_up_does_not_hold_back_the_others():
    time = Time(1000)
    limiter = a_limiter(time, patience=10)
    limiter.refused(headers(remaining=0, reset=1020))
    with pytest.raises(RateLimited):
        await limiter.enter(urgent=True)
    time.now = 1022
    async with asyncio.timeout(2):
        await limiter.enter()


async def test_jitter_comes_on_top_and_within_bounds():
    for _ in range(50):
        time = Time(1000)
        limiter = a_limiter(time, jitter=3)
        limiter.refused(headers(remaining=0, reset=1020))
        await limiter.enter()
        assert 21 <= time.slept[0] <= 24


async def test_answers_that_come_out_of_order_do_not_give_budget_back():
    time = Time(1000)
    limiter = a_limiter(time)
    limiter.observe(headers(remaining=RESERVE, reset=1030))
    limiter.observe(headers(remaining=150, reset=1030))
    limiter.observe(headers(remaining=180, reset=970))
    await limiter.enter()
    assert time.now == 1031


async def test_a_new_window_gives_the_budget_back():
    time = Time(1000)
    limiter = a_limiter(time)
    limiter.observe(headers(remaining=0, reset=1030))
    limiter.observe(headers(remaining=199, reset=1090))
    await limiter.enter()
    assert time.slept == []


async def test_answers_without_headers_say_nothing():
    time = Time(1000)
    limiter = a_limiter(time)
    limiter.observe({})
    limiter.observe({"X-RateLimit-Remaining": "many", "X-RateLimit-Reset": "inf"})
    await limiter.enter()
    assert time.slept == []


async def test_a_new_window_is_not_overrun_before_its_first_answer():
    time = Time(1000)
    limiter = a_limiter(time, patience=5)
    limiter.observe(headers(remaining=0, reset=1000, limit=30))
    time.now = 1002
    for _ in range(30 - RESERVE):
        await limiter.enter()
    limiter.observe(headers(remaining=29, reset=1060, limit=30))  # the first answer of many that are under way
    assert time.slept == []
    await limiter.enter(urgent=True)
    with pytest.raises(RateLimited):
        await limiter.enter()


async def test_a_budget_of_which_nothing_more_is_heard_is_whole_again_after_a_minute():
    time = Time(1000)
    limiter = a_limiter(time)
    limiter.observe(headers(remaining=0, reset=1000, limit=30))
    time.now = 1002
    for _ in range(30 - RESERVE):
        await limiter.enter()
    await limiter.enter()
    assert 1060 <= time.now <= 1064


async def test_a_late_answer_of_the_window_before_takes_nothing_from_the_new_one():
    time = Time(1000)
    limiter = a_limiter(time)
    limiter.observe(headers(remaining=0, reset=1000, limit=30))
    time.now = 1002
    await limiter.enter()
    limiter.observe(headers(remaining=0, reset=1000, limit=30))
    await limiter.enter()
    assert time.slept == []
