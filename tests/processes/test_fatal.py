"""A worker that fails ends its process, so that whoever watches over it starts it again."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

import processes
from tests.workflows.stack import ROOT, program

FILES = sorted(path for folder in processes.__path__ for path in Path(folder).glob("*.py"))


async def test_a_process_ends_when_its_worker_fails_though_an_activity_goes_on_for_ever() -> None:
    async with await WorkflowEnvironment.start_local(dev_server_existing_path=str(program("temporal"))) as server:
        address = server.client.service_client.config.target_host
        command = [sys.executable, "-m", "tests.processes.failing_worker", address]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "a worker failed, and this process ends: BrokenExecutor: no thread can be started" in ended.stderr


@pytest.mark.parametrize("path", [path for path in FILES if "Worker(" in path.read_text()], ids=lambda path: path.stem)
def test_every_worker_ends_its_process_when_it_fails(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    workers = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "Worker"]
    assert workers
    for call in workers:
        assert {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}.get("on_fatal_error") == "end_process"
