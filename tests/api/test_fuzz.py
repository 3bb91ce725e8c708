"""Requests made from the OpenAPI document, hostile ones too: nothing fails inside, and nothing is answered that is not documented."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from api.main import create_app
from cli.ports import free_ports
from tests.workflows.stack import ROOT, Stack, until
from weaver.settings import Settings

STREAM = "/api/v1/events/stream"
CHECKS = [status_code_conformance, content_type_conformance, response_headers_conformance, response_schema_conformance, unsupported_method]
OUTSIDE = {"not_connected", "not_ready"}
"""Codes of a 503 that tell of something that is not there in this test: a worker with a venue's credentials, an archive."""

_generated = ProjectConfig(generation=GenerationConfig(deterministic=True, max_examples=15))
schema = schemathesis.openapi.from_dict(
    create_app(Settings()).openapi(), config=SchemathesisConfig(projects=ProjectsConfig(default=_generated), seed=1)
)
bounded = settings(derandomize=True, max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))


@pytest_asyncio.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """An API process of its own before a stack of its own, since what is sent here kills accounts and starts runs."""
    stack = Stack(tmp_path_factory.mktemp("fuzzed") / "home")
    (port,) = free_ports(1)
    api: subprocess.Popen[bytes] | None = None
    try:
        await stack.start()
        environment = {**os.environ, **stack.environment, "WEAVER_API_PORT": str(port)}
        with (stack.home / "api.log").open("wb") as log:
            api = subprocess.Popen([sys.executable, "-m", "api"], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        url = f"http://127.0.0.1:{port}"
        await until(lambda: _serves(url), f"the API; its log: {stack.log('api')}")
        yield url
    finally:
        if api is not None:
            api.terminate()
            await asyncio.to_thread(api.wait, 30)
        stack.stop()


async def _serves(url: str) -> bool:
    async with httpx.AsyncClient() as client:
        try:
            return (await client.get(f"{url}/api/v1/health")).status_code == 200
        except httpx.ConnectError:
            return False


# Hypothesis sees that `random` was used while it made a case: by another thread, such as one that waits before it connects again.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
@schema.exclude(path=STREAM).parametrize()
@bounded
def test_every_operation_answers_as_documented(case: Any, server: str) -> None:
    answer = case.call(base_url=server, timeout=30)
    is_outside = answer.status_code == 503 and answer.json()["code"] in OUTSIDE
    case.validate_response(answer, checks=CHECKS if is_outside else [not_a_server_error, *CHECKS])
    assert answer.headers["x-correlation-id"]


@schema.include(path=STREAM).parametrize()
@bounded
def test_the_stream_answers_as_documented(case: Any, server: str) -> None:
    asked = case.as_transport_kwargs(base_url=server)
    with httpx.stream(asked["method"], asked["url"], params=asked.get("params"), headers=asked.get("headers"), timeout=30) as answer:
        documented = case.operation.definition.raw["responses"]
        if asked["method"] != "GET":
            assert answer.status_code == 405
            return
        assert str(answer.status_code) in documented
        kind = answer.headers["content-type"].partition(";")[0]
        assert kind == ("text/event-stream" if answer.status_code == 200 else "application/problem+json")
        if answer.status_code == 200:
            assert next(answer.iter_lines()) == "retry: 3000"
