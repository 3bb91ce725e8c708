"""Traces by OpenTelemetry, where its standard variables ask for them: `OTEL_TRACES_EXPORTER`, or an OTLP endpoint.

Nothing of OpenTelemetry is loaded otherwise, and it need not be installed: it comes with `pip install 'weaver[otel]'`.
"""

import logging
import os
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import cache

logger = logging.getLogger(__name__)

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_FLUSH_MILLISECONDS = 2_000


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Tell whether traces are asked for."""
    exporter = environment.get("OTEL_TRACES_EXPORTER", "")
    if exporter == "none" or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    return bool(exporter or any(environment.get(name) for name in _ENDPOINTS))


@cache
def is_on() -> bool:
    """Have this process trace what it does from now on, if that is wanted; tell whether it does.

    Spans go out in the background by OTLP over HTTP; where nobody takes them they are lost, and hold up nothing. Nor does it where
    the packages lack: an order must not wait for that, and the kill switch even less.
    """
    if not is_wanted(os.environ):
        return False
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
    except ImportError as problem:
        logger.warning("OTEL_* variables ask for traces, and %s lacks: pip install 'weaver[otel]'", problem.name)
        return False
    provider = TracerProvider(resource=Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME") or "weaver"}))
    is_console = os.environ.get("OTEL_TRACES_EXPORTER") == "console"
    exporter = ConsoleSpanExporter(out=sys.stderr) if is_console else OTLPSpanExporter()
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return True


def flush() -> None:
    """Send the spans that are left, before the process ends; waits two seconds at most."""
    if "opentelemetry.sdk.trace" not in sys.modules or not is_on():
        return
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.force_flush(_FLUSH_MILLISECONDS)


class Call:
    """A call to somebody else that is traced; what came of it is told here."""

    def answered(self, status: int) -> None:
        """Note the status of the answer."""


@contextmanager
def call(name: str, **attributes: str) -> Generator[Call]:
    """Trace a call to somebody else. Of an error only its class is kept: its text may quote anything."""
    if not is_on():
        yield Call()
        return
    from opentelemetry import trace
    from opentelemetry.trace import SpanKind, Status, StatusCode

    class Traced(Call):
        def answered(self, status: int) -> None:
            span.set_attribute("http.response.status_code", status)

    tracer = trace.get_tracer("weaver")
    with tracer.start_as_current_span(
        name, kind=SpanKind.CLIENT, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            yield Traced()
        except BaseException as problem:  # a cancellation too: the span says how the call ended; it goes on
            span.set_status(Status(StatusCode.ERROR, type(problem).__name__))
            raise


def trace_id() -> str | None:
    """Return the id of the trace that is under way, in hexadecimal."""
    if "opentelemetry.sdk.trace" not in sys.modules:
        return None
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    return trace.format_trace_id(context.trace_id) if context.is_valid else None
