"""A process that has used Temporal's client ends without passing through the interpreter's end."""

import subprocess
import sys

import pytest

_AT_EXIT = "import atexit, sys; atexit.register(print, 'passed through'); "


@pytest.mark.parametrize(
    ("code", "passes"),
    [
        ("import temporalio.client; sys.argv = ['weaver', 'strategies', '--json']; from cli.main import main; main()", False),
        ("sys.argv = ['weaver', 'strategies', '--json']; from cli.main import main; main()", True),
        ("from workflows.leaving import leave; print('said'); leave(0)", False),
    ],
)
def test_the_interpreters_end_is_left_out_once_temporals_runtime_is_there(code: str, passes: bool) -> None:
    done = subprocess.run([sys.executable, "-c", _AT_EXIT + code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert ("passed through" in done.stdout) == passes
