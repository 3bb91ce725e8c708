"""Every command of docs/api.md is run as it stands on the page, in order, before a stack that `weaver up` brought up."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Shell, Up, end_up, new_shell, start_up

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
FIRST = "API=http://127.0.0.1:8000/api/v1\n"
FAILING = 'curl() { command curl --fail-with-body --show-error "$@"; }\nset -eo pipefail\n'
"""A refusal ends the block, which curl alone would print and go on."""


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    shell = new_shell(tmp_path_factory.mktemp("docs"))
    shell.import_demo("AAPL")
    (shell.folder / "bars.csv").write_text("time,open,high,low,close,volume\n2024-01-01,1,2,1,2,10\n2024-01-02,2,3,2,3,10\n")
    brought_up = start_up(shell)
    yield brought_up
    end_up(brought_up)


def run(shell: Shell, port: int, block: str) -> subprocess.CompletedProcess[str]:
    lines = FIRST.replace("8000", str(port)) + block.removeprefix(FIRST)
    return subprocess.run(
        ["bash", "-c", ("" if "# refused" in block else FAILING) + lines],
        cwd=shell.folder,
        env={**os.environ, **shell.variables({})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_page_has_commands() -> None:
    assert len(BLOCKS) >= 10
    assert BLOCKS[0].startswith(FIRST)


def test_every_command_of_the_page_works_in_order(up: Up) -> None:
    for block in BLOCKS:
        done = run(up.shell, up.ports[2], block)
        if "# refused" in block:
            assert '"code":"not_found"' in done.stdout, block
            assert '"correlation_id":"my-request"' in done.stdout
        elif "head -n" in block:  # the stream is cut when there is enough of it
            assert "event: run.Created" in done.stdout, done.stderr
        else:
            assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    assert "sma-cross" in (up.shell.folder / "my-backtest.html").read_text()
