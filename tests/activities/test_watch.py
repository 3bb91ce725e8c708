"""When a strategy has taken too long, seen from its process's parent."""

import pytest

from activities.beacon import Beat, Ended, Report, Started, UserCode, from_line, to_line
from activities.watch import Watch

WORK = Started("dG9rZW4=", "replay_window", "mine", 1)


def watch_after(*reports: tuple[float, Report]) -> Watch:
    watch = Watch(limit_seconds=10)
    for now, report in reports:
        watch.heard(report, now)
    return watch


@pytest.mark.parametrize("report", [WORK, UserCode(True), Beat(3), Ended()])
def test_a_report_reads_back_as_it_was_written(report: Report) -> None:
    assert from_line(to_line(report)) == report


def test_user_code_without_a_step_overruns() -> None:
    watch = watch_after((0, WORK), (5, UserCode(True)), (6, Beat(0)), (14, Beat(0)))
    assert not watch.has_overrun(15)
    assert watch.has_overrun(15.1)


def test_silence_counts_as_standing_still() -> None:
    assert watch_after((0, WORK), (5, UserCode(True))).has_overrun(16)


def test_each_step_starts_the_time_again() -> None:
    watch = watch_after((0, WORK), (0, UserCode(True)), (9, Beat(1)), (18, Beat(2)))
    assert not watch.has_overrun(27)
    assert watch.has_overrun(29)


def test_what_is_not_the_strategys_code_has_no_limit() -> None:
    assert not watch_after((0, WORK), (1, Beat(0))).has_overrun(1_000)
    assert not watch_after((0, WORK), (1, UserCode(True)), (2, UserCode(False))).has_overrun(1_000)


def test_an_ended_activity_is_forgotten() -> None:
    watch = watch_after((0, WORK), (1, UserCode(True)), (2, Ended()))
    assert watch.work is None
    assert not watch.has_overrun(1_000)


def test_time_in_which_the_parent_stood_still_is_not_the_strategys() -> None:
    watch = watch_after((0, WORK), (0, UserCode(True)))
    watch.forgive(60)
    assert not watch.has_overrun(65)
    assert watch.has_overrun(71)
