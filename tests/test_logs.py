"""Lines for people, objects for machines, and secrets for nobody."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from weaver.logs import HIDDEN, secrets_of, set_up, working_on

SECRETS = {
    "ALPACA_LIVE_API_KEY": "PKPLANTED7F3A9C",
    "ALPACA_LIVE_API_SECRET": "planted/secret+of=nobody",
    "WEAVER_API_TOKEN": "planted-token-of-the-api",
    "WEAVER_DB_URL": "postgresql://weaver:planted-password@db/weaver",
    "WEAVER_NOTIFY_PHONE_URL": "tgram://planted-bot/1",
    "WEAVER_NOTIFY_MAIL_PASSWORD": "planted-mail",
    "WEAVER_ENCRYPTION_KEYS": "2025a:planted-key-1,2024b:planted-key-2",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=planted-header",
}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the root logger writes, set up anew within the test."""
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    yield io.StringIO()
    root.handlers[:] = kept
    root.setLevel(level)


def begin(stream: io.StringIO, form: str) -> None:
    logging.getLogger().handlers.clear()  # those of the tests' runner
    set_up(("activities",), form=form, stream=stream)


def test_a_line_for_people_is_as_it_always_was(written: io.StringIO) -> None:
    begin(written, "text")

    logging.getLogger("activities.orders").info("sent %s", "order-1")
    logging.getLogger("others").info("not of interest")

    assert written.getvalue().endswith("INFO activities.orders: sent order-1\n")
    assert written.getvalue().count("\n") == 1


def test_an_object_says_what_was_being_worked_on(written: io.StringIO) -> None:
    begin(written, "json")

    with working_on(run_id="first", corr_id="asked-1", activity=None):
        with working_on(activity="decide"):
            logging.getLogger("activities.orders").warning('two\nlines and "quotes"')
        logging.getLogger("activities").info("after")

    first, second = (json.loads(line) for line in written.getvalue().splitlines())
    assert {"run_id": "first", "corr_id": "asked-1", "activity": "decide"}.items() <= first.items()
    assert (first["level"], first["logger"], first["message"]) == ("WARNING", "activities.orders", 'two\nlines and "quotes"')
    assert first["time"].endswith("Z")
    assert "activity" not in second


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_of_the_environment_is_written_whoever_logs_it(written: io.StringIO, form: str) -> None:
    begin(written, form)
    for value in SECRETS.values():
        try:
            raise ValueError(f"a library quotes {value}")
        except ValueError:
            logging.getLogger("library").exception("failed with %s", {"headers": value})

    text = written.getvalue()
    assert "planted" not in text.lower()
    assert text.count(HIDDEN) >= 2 * len(SECRETS)
    assert "postgresql://weaver:***@db/weaver" in text, "the rest of an address may be read"


def test_a_secret_in_a_file_is_a_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("planted-in-a-file\n")

    environment = {
        "ALPACA_PAPER_API_SECRET_FILE": str(tmp_path / "secret"),
        "WEAVER_API_TOKEN_FILE": str(tmp_path / "none"),
        "HOME": "/root",
    }
    assert secrets_of(environment) == ["planted-in-a-file"]


def test_each_of_several_keys_is_a_secret() -> None:
    assert set(secrets_of({"WEAVER_ENCRYPTION_KEYS": "a:first-key,b:second-key"})) >= {"first-key", "second-key"}
