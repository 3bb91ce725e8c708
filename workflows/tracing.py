"""Traces of workflows and activities, where they are wanted."""

from temporalio.client import Interceptor

from weaver.telemetry import is_on


def tracing() -> list[Interceptor]:
    """Return what has a client, and all its workers, trace; nothing where no traces are asked for."""
    if not is_on():
        return []
    from temporalio.contrib.opentelemetry import TracingInterceptor  # OpenTelemetry is loaded only where it is wanted

    return [TracingInterceptor()]
