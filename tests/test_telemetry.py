"""When traces are wanted, and that they cost nothing when they are not."""

import os
import subprocess
import sys

import pytest

from weaver.telemetry import is_wanted

ENDPOINT = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        (ENDPOINT, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        (ENDPOINT | {"OTEL_TRACES_EXPORTER": "none"}, False),
        (ENDPOINT | {"OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_the_standard_variables_say_whether_traces_are_wanted(environment: dict[str, str], wanted: bool) -> None:
    assert is_wanted(environment) == wanted


def ran(code: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=inherited | environment, check=True)


def test_a_client_that_does_not_trace_loads_nothing_of_opentelemetry() -> None:
    done = ran(
        "import sys, workflows.client, workflows.tracing\n"
        "workflows.tracing.tracing()\n"
        "print([name for name in sys.modules if 'opentelemetry' in name])",
        {},
    )
    assert done.stdout == "[]\n"


def test_where_the_packages_lack_it_is_said_and_nothing_else_fails() -> None:
    done = ran(
        "import sys\n"
        "sys.modules['opentelemetry.sdk.trace'] = None\n"
        "from weaver.telemetry import call, is_on\n"
        "with call('GET /x'):\n"
        "    print(is_on())",
        ENDPOINT,
    )
    assert done.stdout == "False\n"
    assert "pip install 'weaver[otel]'" in done.stderr
