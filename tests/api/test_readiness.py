"""What each part's state is, from what was found."""

from datetime import UTC, datetime, timedelta

from api.readiness import PartState, Readiness, adapter_part, archive_part, queue_parts
from weaver.walle.archive import ArchivePass
from weaver.walle.trading_model import AccountRecord
from workflows.queues import QueueState, queues_of

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
ACCOUNT = "simulated-paper"
SOON, LONG_AGO = timedelta(seconds=20), timedelta(seconds=200)


def queues(**quiet: timedelta | None) -> list[QueueState]:
    """Return all queues as worked on 20 s ago, but those named (with _ for -), whose last poll was so long ago, or never was."""
    found: list[QueueState] = []
    for queue, kind in queues_of([ACCOUNT]):
        ago = quiet.get(queue.replace("-", "_"), SOON)
        last = None if ago is None else NOW - ago
        found.append(QueueState(queue=queue, kind=kind, pollers=int(ago is not None), last_poll=last, backlog=0, backlog_age_seconds=0))
    return found


def states(found: list[QueueState]) -> dict[str, str]:
    return {part.name.removeprefix("queue "): part.state for part in queue_parts(found, NOW)}


def test_queues_that_are_asked_for_tasks_are_fine() -> None:
    assert set(states(queues()).values()) == {"ok"}
    assert list(states(queues())) == [
        "weaver",
        "weaver-greta",
        "weaver-marvin",
        "weaver-veda-simulated-paper",
        "weaver-veda-simulated-paper-data",
    ]


def test_the_main_queue_fails_a_while_after_its_worker_died() -> None:
    assert states(queues(weaver=timedelta(seconds=70)))["weaver"] == "ok"
    assert states(queues(weaver=timedelta(seconds=80)))["weaver"] == "failing"
    assert states(queues(weaver=None))["weaver"] == "failing"


def test_a_process_at_work_asks_for_nothing_and_is_fine_while_the_worker_is() -> None:
    assert states(queues(weaver_greta=LONG_AGO))["weaver-greta"] == "ok"
    assert states(queues(weaver_greta=LONG_AGO, weaver=LONG_AGO))["weaver-greta"] == "failing"
    assert states(queues(weaver_greta=None))["weaver-greta"] == "failing"


def test_an_account_that_nobody_serves_is_degraded_and_keeps_nothing_else_from_working() -> None:
    found = states(queues(weaver_veda_simulated_paper=None))
    assert found["weaver-veda-simulated-paper"] == "degraded"
    assert found["weaver"] == "ok"


def test_workflow_tasks_that_wait_fail_though_somebody_asks() -> None:
    waiting = [
        QueueState(queue="weaver", kind=kind, pollers=1, last_poll=NOW, backlog=5, backlog_age_seconds=45 if kind == "workflow" else 0)
        for kind in ("workflow", "activity")
    ]
    part = queue_parts(waiting, NOW)[0]
    assert (part.state, part.reason) == ("failing", "a task has waited for 45 s")


def test_an_account_without_its_venue_is_degraded() -> None:
    account = AccountRecord(id=ACCOUNT, adapter="simulated", mode="paper")
    assert adapter_part(account).state == "degraded"


def test_an_archive_that_is_late_is_degraded() -> None:
    def passed(ago: timedelta) -> ArchivePass:
        return ArchivePass(seen_until=NOW - ago, finished_at=NOW - ago, links=0, events=0)

    assert archive_part(passed(timedelta(minutes=10)), NOW, None).state == "ok"
    assert archive_part(passed(timedelta(hours=2)), NOW, None).state == "degraded"


def test_an_archive_that_has_not_looked_yet_lacks_nothing_before_there_is_something_old() -> None:
    assert archive_part(None, NOW, None).state == "ok"
    assert archive_part(None, NOW, NOW - timedelta(minutes=10)).state == "ok"
    assert archive_part(None, NOW, NOW - timedelta(hours=2)).state == "degraded"


def test_the_whole_is_as_its_worst_part() -> None:
    parts = [PartState(name=state, state=state, reason="") for state in ("ok", "degraded", "failing")]
    assert [Readiness.of(parts[:count]).state for count in (1, 2, 3)] == ["ok", "degraded", "failing"]
