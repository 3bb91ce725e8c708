"""One order's trace: from the request to the API, through workflow and activity, to the call to the venue."""

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from cli.ports import free_ports
from tests.workflows.alpaca_world import EQUITY, PAPER, a_server, addresses, keys
from tests.workflows.stack import ROOT, Stack, until

SECRET = "planted-secret-of-a-channel"


@contextmanager
def collector() -> Iterator[tuple[str, list[Span], list[bytes]]]:
    """Take traces by OTLP over HTTP; give the address, the spans, and the bodies as they came."""
    spans: list[Span] = []
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sent = ExportTraceServiceRequest.FromString(body)
            spans.extend(span for resource in sent.resource_spans for scope in resource.scope_spans for span in scope.spans)
            bodies.append(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # as http.server calls it
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", spans, bodies
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def lineage(spans: list[Span], name: str) -> list[str]:
    """Return the names of a span and those above it, the top first."""
    by_id = {span.span_id: span for span in spans}
    found = next((span for span in spans if span.name == name), None)
    names: list[str] = []
    while found is not None:
        names.insert(0, found.name)
        found = by_id.get(found.parent_span_id)
    return names


async def test_one_orders_trace_holds_request_workflow_activity_and_call_to_the_venue_and_logs_name_it(tmp_path: Path) -> None:
    order_id = f"m-traced-{secrets.token_hex(3)}"
    with collector() as (endpoint, spans, bodies):
        async with a_server() as venue:
            traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_BSP_SCHEDULE_DELAY": "200", "WEAVER_LOG": "json"}
            own = {**addresses(venue), **keys(PAPER), "WEAVER_GRETA_SLOTS": "1", "WEAVER_MARVIN_SLOTS": "1"}
            stack = Stack(tmp_path / "home", own | traced | {"WEAVER_NOTIFY_OPS_SECRET": SECRET})
            port = free_ports(1)[0]
            api: subprocess.Popen[bytes] | None = None
            try:
                await stack.start()
                with (stack.home / "api.log").open("wb") as log:
                    environment = stack.environment | {"WEAVER_API_PORT": str(port)}
                    api = subprocess.Popen([sys.executable, "-m", "api"], cwd=ROOT, env=environment, stdout=log, stderr=log)

                async def serves() -> bool:
                    return "api ready" in stack.log("api")

                await until(serves, "the API")
                asked = {"client_order_id": order_id, "account": "alpaca-paper", "symbol": EQUITY, "side": "buy", "quantity": "1"}
                async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1", timeout=30) as client:

                    async def is_taken() -> bool:
                        sent = asked | {"order_type": "market"}
                        return (await client.post("/orders", json=sent, headers={"X-Correlation-Id": "traced-1"})).status_code < 300

                    await until(is_taken, "a worker that trades the account")

                async def traces() -> list[Span] | None:
                    by_trace: dict[bytes, list[Span]] = defaultdict(list)
                    for span in list(spans):
                        by_trace[span.trace_id].append(span)
                    return next((one for one in by_trace.values() if "POST /api/v1/orders" in lineage(one, "POST /orders")), None)

                trace = await until(traces, f"the order's trace; spans: {sorted({span.name for span in spans})}", seconds=30)
                names = lineage(trace, "POST /orders")
                assert names[0] == "POST /api/v1/orders"
                assert next(name for name in names if "Order" in name) in ("StartWorkflow:Order", "StartUpdateWithStartWorkflow:Order")
                assert names[-3:] == ["StartActivity:submit_order", "RunActivity:submit_order", "POST /orders"]

                async def is_logged() -> dict[str, Any] | None:
                    lines = [json.loads(line) for line in stack.log("worker").splitlines() if line.startswith("{")]
                    return next((line for line in lines if line.get("activity") == "submit_order"), None)

                line = await until(is_logged, f"the submission in the log: {stack.log('worker')}")
                assert line["workflow"] == f"order-{order_id}"
                assert (line["order_id"], line["account"], line["level"]) == (order_id, "alpaca-paper", "INFO")
                assert line["corr_id"] == "traced-1"
                assert line["trace_id"] == trace[0].trace_id.hex()
                for text in (*(body.decode("latin-1") for body in bodies), stack.log("worker"), stack.log("api")):
                    for secret in (PAPER.key, PAPER.secret, SECRET):
                        assert secret not in text
            finally:
                if api is not None:
                    os.kill(api.pid, signal.SIGTERM)
                    api.wait(15)
                stack.stop()
