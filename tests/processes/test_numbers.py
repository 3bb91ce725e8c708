"""The numbers that a worker gives to Prometheus."""

import os
import signal
import socket
import urllib.request
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from cli.ports import free_ports, is_free
from processes.numbers import expose_numbers
from tests.workflows.stack import Stack, until
from weaver.errors import BadValue, Unusable


def numbers(port: int) -> dict[str, float]:
    """Return the samples at a port by name, those of one name added up."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    found: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0) + sample.value
    return found


def two_free_ports() -> int:
    """Return a port that is free with the next one."""
    return next(port for port in free_ports(20) if is_free(port + 1))


async def test_a_worker_gives_the_sdks_numbers_and_its_own(tmp_path: Path) -> None:
    port = two_free_ports()
    stack = Stack(tmp_path / "home", {"WEAVER_WORKER_METRICS": f"localhost:{port}", "WEAVER_GRETA_SLOTS": "1", "WEAVER_MARVIN_SLOTS": "1"})
    try:
        await stack.start()

        async def all_run() -> dict[str, float] | None:
            found = numbers(port)
            return found if found.get("weaver_worker_processes") == 3 and found.get("temporal_num_pollers") else None

        found = await until(all_run, "one process of each kind, and polls")
        assert found["weaver_worker_process_restarts_total"] == 0

        async def looked() -> bool:
            return numbers(port)["weaver_watcher_looks_total"] > found["weaver_watcher_looks_total"]

        await until(looked, "the watcher to look again")

        async def accounts_answer() -> bool:
            return is_free(port + 1) is False and numbers(port + 1).get("temporal_num_pollers", 0) > 0

        await until(accounts_answer, "the accounts process")
        os.kill(stack.slots()[0], signal.SIGKILL)

        async def restarted() -> bool:
            return numbers(port)["weaver_worker_process_restarts_total"] == 1

        await until(restarted, "the killed process to be counted")
    finally:
        stack.stop()


@pytest.mark.parametrize("address", ["9464", ":9464", "127.0.0.1:", "127.0.0.1:99999", "127.0.0.1:65535"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(BadValue, match="WEAVER_WORKER_METRICS"):
        expose_numbers(address, after=1)


def test_an_address_that_is_taken_or_not_ours_is_refused() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for address in (f"127.0.0.1:{taken.getsockname()[1]}", "not-looked-up:9464"):
            with pytest.raises(Unusable, match="WEAVER_WORKER_METRICS"):
                expose_numbers(address)
