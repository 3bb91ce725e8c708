"""How processes log: a line of text for people, or one JSON object a line (`WEAVER_LOG=json`), with what is being worked on."""

import logging
import os
import re
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from weaver.telemetry import trace_id

_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_present: ContextVar[Mapping[str, str]] = ContextVar("log_context")
_SECRET = re.compile(r"(SECRET|PASSWORD|TOKEN|_KEYS?|^WEAVER_NOTIFY_.+_(URL|USER)|^OTEL_.*HEADERS)(_FILE)?$")
_SHORTEST_SECRET = 6
"""What is shorter than that would be found in innocent words."""
HIDDEN = "***"


@contextmanager
def working_on(**known: str | None) -> Generator[None]:
    """Have each line that is logged inside say what it is about; what is None is left as it was."""
    token = _present.set({**_present.get({}), **{name: value for name, value in known.items() if value is not None}})
    try:
        yield
    finally:
        _present.reset(token)


def note_work(**known: str | None) -> None:
    """As `working_on`, for the rest of the present context, such as a request."""
    _present.set({**_present.get({}), **{name: value for name, value in known.items() if value is not None}})


def set_up(ours: Sequence[str], *, form: str | None = None, stream: TextIO | None = None) -> None:
    """Let the messages of our packages out, and others' warnings. `form` is json or text, by default what WEAVER_LOG says."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(_about)
    inner = _json() if (form or os.environ.get("WEAVER_LOG")) == "json" else logging.Formatter(_TEXT)
    handler.setFormatter(Redacting(inner, secrets_of(os.environ)))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    for name in ours:
        logging.getLogger(name).setLevel(logging.INFO)


def _about(record: logging.LogRecord) -> bool:
    known = _present.get({})
    trace = trace_id()
    for name, value in ({**known, "trace_id": trace} if trace else known).items():
        if not hasattr(record, name):
            setattr(record, name, value)
    return True


def _json() -> logging.Formatter:
    from pythonjsonlogger.json import JsonFormatter  # only where it is wanted

    class Line(JsonFormatter):
        def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802  # the library's own name
            del datefmt
            return datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")

    names = {"asctime": "time", "levelname": "level", "name": "logger"}
    return Line("%(asctime)s %(levelname)s %(name)s %(message)s", rename_fields=names, json_ensure_ascii=False)


class Redacting(logging.Formatter):
    """Formats as another does, with secrets taken out: whatever a library may put into its errors, it is not written down."""

    def __init__(self, inner: logging.Formatter, secrets: Sequence[str]) -> None:
        super().__init__()
        self._inner = inner
        self._secrets = re.compile("|".join(re.escape(secret) for secret in secrets)) if secrets else None

    def format(self, record: logging.LogRecord) -> str:
        text = self._inner.format(record)
        return self._secrets.sub(HIDDEN, text) if self._secrets else text


def secrets_of(environment: Mapping[str, str]) -> list[str]:
    """Return what is secret in an environment, longest first: by the names of variables, and passwords in URLs."""
    found: set[str] = set()
    for name, value in environment.items():
        if _SECRET.search(name):
            given = _read(value) if name.endswith("_FILE") else value
            found.update((given, *(key.partition(":")[2] for key in re.split(r"[,\s]+", given) if "_KEYS" in name)))
        elif "://" in value:
            found.add(_password(value))
    return sorted((secret for secret in found if len(secret) >= _SHORTEST_SECRET), key=len, reverse=True)


def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""  # whoever needs it says so


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""
