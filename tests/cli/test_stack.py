"""The embedded stack: one a home, robust against the death of any part, nothing left behind."""

import json
import os
import signal
import subprocess
from collections.abc import Callable

import pytest

from cli.homes import Home
from cli.ports import answers, is_free
from cli.supervisor import temporal_program
from tests.cli.conftest import Shell, Up
from tests.cli.waiting import is_running, processes_naming, wait_until

RUN = ("backtest", "sma-cross", "--symbol", "AAPL")
BringUp = Callable[[Shell], Up]


def nothing_left(shell: Shell) -> bool:
    return not processes_naming(str(shell.home))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=str)
def test_up_prints_its_addresses_and_a_signal_stops_everything(number: signal.Signals, shell: Shell, bring_up: BringUp) -> None:
    up = bring_up(shell)
    stack = up.stack
    assert stack.address == f"127.0.0.1:{up.ports[0]}"
    assert answers(stack.address)
    assert all(is_running(pid) for pid in stack.pids.values())

    up.process.send_signal(number)
    _, said = up.process.communicate(timeout=30)

    assert up.process.returncode == 0
    assert stack.address in said
    assert stack.ui_url in said
    assert nothing_left(shell)
    assert all(is_free(port) for port in up.ports)
    assert not Home(shell.home).stack_file.exists()


def test_a_second_one_on_the_same_home_says_so(shell: Shell, bring_up: BringUp) -> None:
    up = bring_up(shell)
    done = shell.weaver("up")
    assert done.code == 2
    assert f"A stack runs on {shell.home} already" in done.stderr
    assert up.stack.address in done.stderr


def test_a_port_that_is_taken_names_its_holder_and_nothing_is_written(shell: Shell, bring_up: BringUp) -> None:
    up = bring_up(shell)
    other = Shell(shell.home.parent / "other", shell.folder)
    done = other.weaver("up", "--port-temporal", str(up.ports[0]), "--json")
    assert done.code == 2
    assert f"Port {up.ports[0]}" in done.stderr
    assert f"(pid {up.stack.pids['temporal']})" in done.stderr
    assert "--port-temporal" in done.document["error"]["message"]
    assert not other.home.exists()


def test_with_an_address_of_another_server_up_refuses(shell: Shell) -> None:
    done = shell.weaver("up", WEAVER_TEMPORAL_ADDRESS="127.0.0.1:7233")
    assert done.code == 2
    assert "python -m worker" in done.stderr


def test_parts_that_are_killed_come_back_and_a_killed_parent_takes_them_along(shell: Shell, bring_up: BringUp) -> None:
    shell.import_demo("AAPL")
    up = bring_up(shell)
    before = up.stack
    for part in ("worker", "temporal"):
        os.kill(before.pids[part], signal.SIGKILL)
    wait_until(lambda: all(up.stack.pids[part] != before.pids[part] for part in ("worker", "temporal")), "both to be started again")
    assert shell.weaver(*RUN).code == 0

    up.process.kill()
    wait_until(lambda: nothing_left(shell), "the parts to end with their parent")
    assert Home(shell.home).running() is None
    assert Home(shell.home).stack_file.exists()  # stale, and not believed
    assert shell.weaver(*RUN).code == 0


def test_commands_at_once_share_one_stack(shell: Shell) -> None:
    shell.import_demo("AAPL")
    started = [shell.start(*RUN, "--json") for _ in range(2)]
    outcomes = [process.communicate(timeout=120) for process in started]
    assert [process.returncode for process in started] == [0, 0], outcomes
    assert len({json.loads(stdout)["result_digest"] for stdout, _ in outcomes}) == 1
    wait_until(lambda: nothing_left(shell), "the stack to end with the last command")


def test_a_stack_ends_when_its_only_command_is_killed(shell: Shell) -> None:
    shell.import_demo("AAPL")
    home = Home(shell.home)
    process = shell.start(*RUN)
    wait_until(lambda: home.running() is not None, "the stack to be up")
    process.kill()
    process.communicate()
    wait_until(lambda: nothing_left(shell), "the stack to end")


def test_what_dies_while_starting_is_shown_with_the_end_of_its_log(shell: Shell) -> None:
    shell.import_demo("AAPL")
    (shell.home / "temporal.db").write_text("not a database")
    done = shell.weaver(*RUN, "--json")
    assert done.code == 3
    assert "Temporal ended while starting" in done.stderr
    assert done.document["error"]["type"] == "Unavailable"
    wait_until(lambda: nothing_left(shell), "the rest to end")


def test_closed_runs_stay_in_temporal_for_thirty_days(served: Shell) -> None:
    stack = Home(served.home).running()
    assert stack is not None
    command = [str(temporal_program()), "operator", "namespace", "describe", "-n", "default", "--address", stack.address, "-o", "json"]
    shown = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert shown["config"]["workflowExecutionRetentionTtl"] == "2592000s"
