"""Traces of requests, where they are wanted: FastAPI's own, without bodies and texts of errors."""

from collections.abc import MutableMapping
from typing import Any

from fastapi.telemetry import TelemetryConfig

from weaver.telemetry import is_on

_UNTOLD = ("/health", "/metrics", "/events/stream")
"""Asked every few seconds by machines, or without an end."""


def telemetry() -> TelemetryConfig:
    """Return what FastAPI is to tell."""
    return {"tracing": is_on(), "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False, "exclude": _is_untold}


def _is_untold(scope: MutableMapping[str, Any]) -> bool:
    path = str(scope.get("path", ""))
    return any(name in path for name in _UNTOLD)
