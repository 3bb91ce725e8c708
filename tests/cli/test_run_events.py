"""A run's events in the terminal: while it goes on, as they come, and without a server."""

import json
import signal

from tests.cli.conftest import Shell
from tests.cli.waiting import wait_until


def _types(said: str) -> list[str]:
    return [json.loads(line)["type"] for line in said.splitlines()]


def test_a_run_is_followed_from_its_first_event_to_its_end(served: Shell) -> None:
    started = served.weaver(
        "trade", "sma-cross", "--symbol", "FOLLOWED/USD", "--timeframe", "1s", "--id", "followed", "--for", "4s", "--detach"
    )
    assert started.code == 0, started.stderr
    wait_until(lambda: served.weaver("runs", "events", "followed").code == 0, "the run to be on record")
    following = served.start("runs", "events", "followed", "--follow", "--json")
    said, problem = following.communicate(timeout=60)
    assert following.returncode == 0, problem
    told = _types(said)
    assert (told[0], told[-1]) == ("run.Created", "run.Completed")
    assert told.count("clock.Tick") >= 3
    ids = [json.loads(line)["id"] for line in said.splitlines()]
    assert len(set(ids)) == len(ids)
    assert [event["id"] for event in served.weaver("runs", "events", "followed", "--json").document] == ids


def test_a_run_that_goes_on_is_listed_as_far_as_it_is_and_following_ends_with_ctrl_c(served: Shell) -> None:
    started = served.weaver("trade", "sma-cross", "--symbol", "OPEN/USD", "--timeframe", "1s", "--id", "open-run", "--detach")
    assert started.code == 0, started.stderr

    def has_ticked() -> bool:
        listed = served.weaver("runs", "events", "open-run", "--type", "clock.Tick", "--json")
        return listed.code == 0 and len(listed.document) >= 2

    wait_until(has_ticked, "two ticks")
    following = served.start("runs", "events", "open-run", "-f", "--type", "clock.Tick")
    assert following.stdout is not None
    assert "clock.Tick" in following.stdout.readline()
    following.send_signal(signal.SIGINT)
    following.communicate(timeout=30)
    assert following.returncode == 130
    assert served.weaver("runs", "stop", "open-run").code == 0
