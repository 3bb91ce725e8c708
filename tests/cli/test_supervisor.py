"""What the parent of a stack does when a part dies again and again; the parts are processes of a line each."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.homes import Home, Stack
from cli.processes import Child
from cli.supervisor import ApiPlace, Supervisor
from tests.cli.waiting import is_running
from weaver.errors import Unusable

LASTS = "sleep 300"
DIES = "echo began"
MOST = 1 + 5
"""A start, and the restarts within a minute."""


def supervisor_of(
    folder: Path, *, temporal: str = LASTS, worker: str = LASTS, api: str = LASTS, port: int = 7233, is_started: bool = True
) -> Supervisor:
    home = Home(folder)
    home.make()
    place = ApiPlace("127.0.0.1", 8000, "http://127.0.0.1:8000/api/v1")
    parent = Supervisor(home, temporal_port=port, ui_port=8233, started_by="a test", environment={}, api=place)
    for name, line in (("temporal", temporal), ("worker", worker), ("api", api)):
        child = Child(name, ["/bin/sh", "-c", line], home.logs / f"{name}.log", {})
        if is_started:
            child.start()
        setattr(parent, name, child)
    return parent


def starts(folder: Path, part: str) -> int:
    return (folder / "logs" / f"{part}.log").read_text().count("began")


def looks_after(condition: Callable[[], bool], looks: int) -> Callable[[], bool]:
    """Return what is true once it was asked so many times after the condition was met."""
    left = [looks]

    def asked() -> bool:
        left[0] -= condition()
        return left[0] < 0

    return asked


def test_a_temporal_that_ends_is_noticed_though_another_answers_in_its_place(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        parent = supervisor_of(tmp_path, temporal=DIES, port=other.getsockname()[1], is_started=False)
        try:
            with pytest.raises(Unusable, match=r"temporal ended while starting(.|\n)*began"):
                parent.start()
        finally:
            parent.stop()


def test_an_api_that_dies_again_and_again_takes_nothing_along(tmp_path: Path) -> None:
    parent = supervisor_of(tmp_path, api=DIES)
    try:
        pids = (parent.temporal.pid, parent.worker.pid)
        parent.watch(looks_after(lambda: starts(tmp_path, "api") >= MOST, 5))
        assert starts(tmp_path, "api") == MOST
        assert (parent.temporal.pid, parent.worker.pid) == pids
        assert all(is_running(pid or 0) for pid in pids)
    finally:
        parent.stop()


def test_a_worker_that_dies_again_and_again_ends_the_stack_with_the_end_of_its_log(tmp_path: Path) -> None:
    parent = supervisor_of(tmp_path, worker=DIES)
    try:
        with pytest.raises(Unusable, match=r"worker dies again and again(.|\n)*began"):
            parent.watch(lambda: False)
        assert starts(tmp_path, "worker") == MOST
    finally:
        parent.stop()
    assert not any(is_running(child.pid or 0) for child in (parent.temporal, parent.worker, parent.api) if child)


def test_a_stack_that_was_written_down_before_there_was_an_api_is_read(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.stack_file.write_text(
        '{"address": "127.0.0.1:7233", "namespace": "default", "ui_url": "http://127.0.0.1:8233", "started_by": "x", "pids": {}}'
    )
    stack = home.read_stack()
    assert isinstance(stack, Stack)
    assert stack.api_url is None
