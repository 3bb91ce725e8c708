"""Processes that are kept going, ended and replaced; real ones, of a few lines each."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from activities.beacon import Started
from activities.failures import MOST_DEATHS, of_ending
from activities.slots import Died
from tests.activities.slot_processes import Told, slots_of
from tests.workflows.stack import ROOT, until


async def test_a_process_that_dies_at_work_fails_it_at_once_and_is_replaced(tmp_path: Path) -> None:
    told = Told()
    async with slots_of("with work(1): os.kill(os.getpid(), 11)", told):
        error = await until(told.once, "the failure")
        assert (error.type, error.non_retryable) == ("WorkerDied", False)
        assert "strategy 'mine' died (signal 11) at attempt 1" in error.message

        async def again() -> bool:
            return len(told.failures) > 1

        await until(again, "the next process")


def test_a_window_that_kills_each_process_is_given_up() -> None:
    assert not of_ending(Started("", "window", "mine", MOST_DEATHS - 1), Died(-9)).non_retryable
    assert of_ending(Started("", "window", "mine", MOST_DEATHS), Died(-9)).non_retryable


async def test_user_code_that_stands_still_is_ended() -> None:
    told = Told()
    async with slots_of("with work(1), beacon.user_code():\n    while True: pass", told, limit_seconds=0.5):
        error = await until(told.once, "the failure")
    assert (error.type, error.non_retryable) == ("StrategyOverran", False)


async def test_a_second_overrun_is_final() -> None:
    told = Told()
    async with slots_of("with work(2), beacon.user_code():\n    while True: pass", told, limit_seconds=0.5):
        error = await until(told.once, "the failure")
    assert (error.type, error.non_retryable) == ("StrategyOverran", True)


async def test_other_work_may_take_as_long_as_it_likes() -> None:
    told = Told()
    program = "with work(1):\n    time.sleep(1.5)\nwith work(2), beacon.user_code():\n    while True: pass"
    async with slots_of(program, told, limit_seconds=0.5):
        await until(told.once, "the failure")
    assert told.failures[0][0].attempt == 2


async def test_all_processes_end_with_the_pool() -> None:
    async with slots_of("beacon.ready(); time.sleep(600)", Told(), count=2) as slots:

        async def are_two() -> list[int] | None:
            return slots.pids if len(slots.pids) == 2 else None

        pids = await until(are_two, "two processes")
    assert not any(map(exists, pids))


def exists(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


async def test_processes_start_one_after_the_other(tmp_path: Path) -> None:
    """The first is not ready until it is let; the second has not started by then."""
    go = tmp_path / "go"
    program = f"while not os.path.exists({str(go)!r}): time.sleep(0.01)\nbeacon.ready(); time.sleep(600)"
    async with slots_of(program, Told(), count=2) as slots:

        async def are(number: int) -> bool:
            return len(slots.pids) == number

        await until(lambda: are(1), "the first process")
        assert len(slots.pids) == 1
        go.touch()
        await until(lambda: are(2), "the second process")


async def test_a_process_asked_to_end_may_finish_first(tmp_path: Path) -> None:
    done = tmp_path / "done"
    program = f"""
import signal
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
open({str(tmp_path / "up")!r}, "w").close()
while not asked: time.sleep(0.01)
open({str(done)!r}, "w").close()
"""
    async with slots_of(program, Told()) as slots:
        await until(exists_at(tmp_path / "up"), "the process")
        await slots.drain(10)
        assert done.exists()
        assert not slots.pids


async def test_a_process_whose_parent_is_killed_dies_with_it(tmp_path: Path) -> None:
    child = f"""
from activities.parents import die_with_parent
die_with_parent({{parent}})
open({str(tmp_path / "up")!r}, "w").close()
while True: pass
"""
    parent = f"""
import os, subprocess, sys
text = {child!r}.replace("{{parent}}", str(os.getpid()))
child = subprocess.Popen([sys.executable, "-c", text], stdin=subprocess.PIPE, cwd={str(ROOT)!r})
print(child.pid, flush=True)
child.wait()
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", parent, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    pid = int(await process.stdout.readline())
    await until(exists_at(tmp_path / "up"), "the child")
    process.send_signal(signal.SIGKILL)
    await process.wait()

    async def is_gone() -> bool:
        status = Path(f"/proc/{pid}/stat")
        return not exists(pid) or (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")

    await until(is_gone, "the child to die", seconds=10)


def exists_at(path: Path) -> Callable[[], Awaitable[bool]]:
    async def condition() -> bool:
        return path.exists()

    return condition
