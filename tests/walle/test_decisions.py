from dataclasses import replace
from datetime import timedelta

import pytest

from tests.walle.records import NOON, a_run
from weaver.errors import NotFound
from weaver.glados.runs import RunStatus
from weaver.walle.database import Database
from weaver.walle.decisions import Decisions
from weaver.walle.records import Records
from weaver.walle.seen import indicators_seen
from weaver.walle.trading_model import DecisionRecord, NotDone
from weaver.walle.trading_queries import TradingQueries

MINUTE = timedelta(minutes=1)
DECISION = DecisionRecord(
    run_id="run-1",
    bar_end=NOON,
    seen={"AAPL": {"close": 101.1, "position": "10", "fast": 1e22}},
    notes=("crossed é",),
    intents=("Buy(10)",),
    orders=("w-1-1",),
    verdicts=({"order_id": "w-1-1", "admitted": False, "rule": "lease", "message": "no"},),
)


@pytest.fixture
def decisions(database: Database) -> Decisions:
    return Decisions(database)


def test_a_decision_comes_back_as_it_was_saved(decisions: Decisions, queries: TradingQueries) -> None:
    decisions.save(DECISION)
    decisions.save(DECISION)
    assert queries.decisions("run-1") == [DECISION]


def test_a_decision_saved_again_keeps_the_verdicts_that_it_does_not_know(decisions: Decisions, queries: TradingQueries) -> None:
    decisions.save(DECISION)
    decisions.save(replace(DECISION, verdicts=(), notes=("other",)))
    assert queries.decisions("run-1") == [replace(DECISION, notes=("other",))]


def test_verdicts_are_added_to_a_decision(decisions: Decisions, queries: TradingQueries) -> None:
    decisions.save(replace(DECISION, verdicts=()))
    decisions.verdicts("run-1", NOON, [{"order_id": "w-1-1", "admitted": True}])
    assert queries.decisions("run-1")[0].verdicts == ({"order_id": "w-1-1", "admitted": True},)
    with pytest.raises(NotFound, match="run-1 at"):
        decisions.verdicts("run-1", NOON + MINUTE, [])


@pytest.mark.parametrize("reason", NotDone)
def test_why_a_decision_was_not_done_is_noted_beside_it_and_outlives_who_stores_it_again(
    decisions: Decisions, queries: TradingQueries, reason: NotDone
) -> None:
    decisions.save(DECISION)
    decisions.not_done("run-1", DECISION.bar_end, reason)
    assert queries.decisions("run-1") == [replace(DECISION, skipped=reason.value)]
    decisions.save(DECISION)
    assert queries.decisions("run-1") == [replace(DECISION, skipped=reason.value)]


def test_a_decision_may_be_stored_after_it_is_known_that_it_will_not_be_done(decisions: Decisions, queries: TradingQueries) -> None:
    decisions.not_done("run-1", DECISION.bar_end, NotDone.STOPPED)
    assert [(one.intents, one.skipped) for one in queries.decisions("run-1")] == [((), "stopped meanwhile")]
    decisions.save(DECISION)
    assert queries.decisions("run-1") == [replace(DECISION, skipped="stopped meanwhile")]


def test_a_bar_that_was_skipped_at_rest_may_be_decided_on_after_all(decisions: Decisions, queries: TradingQueries) -> None:
    decisions.skip("run-1", [DECISION.bar_end], "paused")
    decisions.save(DECISION)
    assert queries.decisions("run-1") == [DECISION]


def test_decisions_are_read_in_order_from_where_one_was(decisions: Decisions, queries: TradingQueries) -> None:
    for number in (2, 0, 1, 3):
        decisions.save(DecisionRecord(run_id="run-1", bar_end=NOON + number * MINUTE, skipped="paused"))
    decisions.save(DecisionRecord(run_id="run-2", bar_end=NOON))

    def ends(**choice: object) -> list[int]:
        return [(one.bar_end - NOON) // MINUTE for one in queries.decisions("run-1", **choice)]

    assert ends() == [0, 1, 2, 3]
    assert ends(after=NOON + MINUTE) == [2, 3]
    assert ends(limit=2) == [0, 1]
    assert ends(limit=2, newest=True) == [2, 3]


def test_notes_that_no_database_can_hold_are_kept_readable(decisions: Decisions, queries: TradingQueries) -> None:
    decisions.save(replace(DECISION, notes=("nul \0 and half a letter \ud800",), skipped="\0"))
    assert queries.decisions("run-1")[0].notes == ("nul \ufffd and half a letter ?",)


def test_a_deleted_run_takes_its_decisions_with_it(decisions: Decisions, queries: TradingQueries, database: Database) -> None:
    Records(database).register_run(a_run(mode="paper", status=RunStatus.STOPPED))
    decisions.save(DECISION)
    decisions.save(replace(DECISION, run_id="run-2"))
    Records(database).delete_run("run-1")
    assert queries.decisions("run-1") == []
    assert len(queries.decisions("run-2")) == 1


def test_decisions_come_page_by_page_within_a_time_range(decisions: Decisions, database: Database) -> None:
    Records(database).register_run(a_run())
    for minute in range(5):
        decisions.save(replace(DECISION, bar_end=NOON + minute * MINUTE))
    queries = TradingQueries(database)

    found = queries.decision_page("run-1", since=NOON + MINUTE, until=NOON + 4 * MINUTE, page=2, page_size=2)
    assert (found.total, [one.bar_end for one in found.items]) == (3, [NOON + 3 * MINUTE])
    assert queries.decision_page("nobody").total == 0


def test_decisions_are_found_by_what_came_of_them_newest_first(decisions: Decisions, queries: TradingQueries) -> None:
    idle = DecisionRecord(run_id="run-1", bar_end=NOON, notes=('said "admitted":false',))
    wanting = replace(idle, bar_end=NOON + MINUTE, intents=("Cancel(x)",))
    admitted = replace(
        DECISION, bar_end=NOON + 2 * MINUTE, verdicts=({"order_id": "w", "admitted": True, "message": 'not "admitted":false'},)
    )
    refused = replace(DECISION, bar_end=NOON + 3 * MINUTE)
    for one in (idle, wanting, admitted, refused):
        decisions.save(one)
    found = queries.decision_page("run-1", only="wanted", newest_first=True)
    assert (found.items, found.total) == ((refused, admitted, wanting), 3)
    assert queries.decision_page("run-1", only="orders").items == (admitted, refused)
    assert queries.decision_page("run-1", only="refused").items == (refused,)
    assert queries.decision_page("run-1", newest_first=True, page=2, page_size=3).items == (idle,)


def test_what_was_seen_is_read_without_the_rest(decisions: Decisions, queries: TradingQueries) -> None:
    for number in range(3):
        decisions.save(replace(DECISION, bar_end=NOON + number * MINUTE, seen={"AAPL": {"close": number}}))
    decisions.skip("run-1", [NOON + 3 * MINUTE], "paused")
    assert [one.seen for one in queries.seen("run-1", limit=2)] == [{"AAPL": {"close": 1}}, {"AAPL": {"close": 2}}]
    assert [one.bar_end for one in queries.seen("run-1", since=NOON, until=NOON + MINUTE, limit=9)] == [NOON]


def test_indicators_are_of_the_newest_bars_and_say_when_earlier_ones_are_left_out(decisions: Decisions, queries: TradingQueries) -> None:
    for number in range(3):
        decisions.save(replace(DECISION, bar_end=NOON + number * MINUTE, seen={"AAPL": {"close": number, "mean": number + 0.5}}))
    newest = indicators_seen(queries, "run-1", "AAPL", since=None, until=None, at_most=2)
    assert newest.is_cut
    assert newest.indicators["mean"].tolist() == [1.5, 2.5]
    before = indicators_seen(queries, "run-1", "AAPL", since=None, until=NOON + MINUTE, at_most=2)
    assert (before.is_cut, before.close.tolist()) == (False, [0.0])
    assert not indicators_seen(queries, "run-1", "AAPL", since=None, until=None, at_most=3).is_cut
