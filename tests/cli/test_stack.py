"""The embedded stack: one a home, robust against the death of any part, nothing left behind."""

import json
import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.homes import Home
from cli.ports import answers, free_ports, is_free
from cli.supervisor import temporal_program
from tests.cli.conftest import Shell, Up
from tests.cli.waiting import is_running, processes_naming, wait_until

RUN = ("backtest", "sma-cross", "--symbol", "AAPL")
TOKEN = "correct-horse-battery"
BringUp = Callable[[Shell], Up]


def answer_of(url: str, **headers: str) -> int | None:
    """Return the status that a GET is answered with; None when nobody answers."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as problem:
        return problem.code
    except OSError:
        return None


def nothing_left(shell: Shell) -> bool:
    return not processes_naming(str(shell.home))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=str)
def test_up_prints_its_addresses_and_a_signal_stops_everything(number: signal.Signals, shell: Shell, bring_up: BringUp) -> None:
    up = bring_up(shell)
    stack = up.stack
    assert stack.address == f"127.0.0.1:{up.ports[0]}"
    assert answers(stack.address)
    assert set(stack.pids) == {"supervisor", "temporal", "worker", "api"}
    assert all(is_running(pid) for pid in stack.pids.values())
    assert stack.api_url == f"http://127.0.0.1:{up.ports[2]}/api/v1"
    assert answer_of(f"{stack.api_url}/health") == 200

    up.process.send_signal(number)
    _, said = up.process.communicate(timeout=30)

    assert up.process.returncode == 0
    assert stack.address in said
    assert stack.ui_url in said
    assert stack.api_url in said
    assert nothing_left(shell)
    assert all(is_free(port) for port in up.ports)
    assert not Home(shell.home).stack_file.exists()


@pytest.mark.parametrize("is_built", [True, False], ids=["built", "not built"])
def test_up_says_where_the_dashboard_is_or_how_to_build_it(is_built: bool, shell: Shell, bring_up: BringUp) -> None:
    folder = shell.folder / "dist"
    folder.mkdir()
    if is_built:
        (folder / "index.html").write_text("<!doctype html><title>Haro</title>")
    shell.environment["WEAVER_HARO"] = str(folder)
    up = bring_up(shell)
    url = f"http://127.0.0.1:{up.ports[2]}"
    assert answer_of(f"{url}/runs", Accept="text/html") == (200 if is_built else 503)

    up.process.terminate()
    _, said = up.process.communicate(timeout=30)

    assert (f"Dashboard    {url}\n" if is_built else "Dashboard    not built; build it with: make haro\n") in said


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


def test_a_port_of_the_api_that_is_taken_is_named(shell: Shell) -> None:
    temporal, ui = free_ports(2)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = shell.weaver("up", "--port-temporal", str(temporal), "--port-ui", str(ui), "--port-api", port)
    assert done.code == 2
    assert f"Port {port}, wanted for the API" in done.stderr
    assert "--port-api" in done.stderr
    assert not shell.home.exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_beyond_this_machine_up_asks_for_a_token_before_anything_is_written(host: str, shell: Shell) -> None:
    for variables in ({}, {"WEAVER_API_TOKEN": "too-short"}):
        done = shell.weaver("up", "--host", host, "--json", **variables)
        assert done.code == 2
        assert "WEAVER_API_TOKEN" in done.document["error"]["message"]
        assert "too-short" not in done.stdout + done.stderr
    assert not shell.home.exists()


def test_an_address_that_is_not_this_machines_is_refused(shell: Shell) -> None:
    temporal, ui = map(str, free_ports(2))
    arguments = ("up", "--port-temporal", temporal, "--port-ui", ui, "--host", "192.0.2.1")
    done = shell.weaver(*arguments, WEAVER_API_TOKEN=TOKEN)
    assert done.code == 2
    assert "192.0.2.1 is no address of this machine" in done.stderr


def test_only_the_api_is_given_its_token(shell: Shell, bring_up: BringUp) -> None:
    shell.environment["WEAVER_API_TOKEN"] = TOKEN
    stack = bring_up(shell).stack
    assert answer_of(f"{stack.api_url}/strategies") == 401
    assert answer_of(f"{stack.api_url}/strategies", Authorization=f"Bearer {TOKEN}") == 200
    known = {part for part, pid in stack.pids.items() if TOKEN.encode() in (Path("/proc") / str(pid) / "environ").read_bytes()}
    assert known == {"supervisor", "api"}


def test_with_an_address_of_another_server_up_refuses(shell: Shell) -> None:
    done = shell.weaver("up", WEAVER_TEMPORAL_ADDRESS="127.0.0.1:7233")
    assert done.code == 2
    assert "python -m worker" in done.stderr


def test_parts_that_are_killed_come_back_and_a_killed_parent_takes_them_along(shell: Shell, bring_up: BringUp) -> None:
    shell.import_demo("AAPL")
    up = bring_up(shell)
    before = up.stack
    parts = ("worker", "temporal", "api")
    for part in parts:
        os.kill(before.pids[part], signal.SIGKILL)
    wait_until(lambda: all(up.stack.pids[part] != before.pids[part] for part in parts), "all to be started again")
    wait_until(lambda: answer_of(f"{before.api_url}/health") == 200, "the API to answer again")
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
    stack = home.running()
    assert stack is not None
    assert (stack.api_url, set(stack.pids)) == (None, {"supervisor", "temporal", "worker"})  # no API is started for a command
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
