"""Runs functions in several real processes at once."""

import multiprocessing
import multiprocessing.synchronize
from collections.abc import Callable, Sequence
from typing import Any

from tests.forking import CONTEXT


def at_once(work: Callable[..., None], calls: Sequence[tuple[Any, ...]]) -> None:
    """Call `work` once for each tuple of arguments, each in its own process, all let go together; all must succeed."""
    gate = CONTEXT.Barrier(len(calls))
    processes = [CONTEXT.Process(target=_wait_and_work, args=(gate, work, arguments)) for arguments in calls]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * len(calls)


def by_itself(work: Callable[..., None], *arguments: Any) -> None:
    """Call `work` in a process that has loaded nothing before; it must succeed."""
    process = multiprocessing.get_context("spawn").Process(target=work, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == 0


def _wait_and_work(gate: "multiprocessing.synchronize.Barrier", work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    gate.wait(60)
    work(*arguments)
