"""Settings and credentials may be files."""

from pathlib import Path

import pytest

from weaver.environment import Environment
from weaver.errors import Unusable
from weaver.settings import read_settings
from weaver.veda.library import AdapterLibrary, missing_variables


def a_file(folder: Path, text: str) -> str:
    path = folder / "secret"
    path.write_text(text)
    return str(path)


def test_a_variable_may_be_the_text_of_a_file(tmp_path: Path) -> None:
    assert Environment({"KEY_FILE": a_file(tmp_path, "abc\n")})["KEY"] == "abc"


def test_a_variable_that_is_set_counts_before_its_file(tmp_path: Path) -> None:
    assert Environment({"KEY": "mine", "KEY_FILE": a_file(tmp_path, "abc")})["KEY"] == "mine"


def test_an_empty_file_is_a_variable_that_is_not_set(tmp_path: Path) -> None:
    assert Environment({"KEY_FILE": a_file(tmp_path, "\n")}).get("KEY") is None


def test_a_file_that_cannot_be_read_is_named_with_its_variable() -> None:
    with pytest.raises(Unusable, match="KEY_FILE names /nowhere/secret, which cannot be read: No such file"):
        Environment({"KEY_FILE": "/nowhere/secret"})["KEY"]


def test_an_adapters_credentials_may_be_files(tmp_path: Path) -> None:
    meta = AdapterLibrary.open().meta("alpaca")
    file = a_file(tmp_path, "secret")
    given = Environment({"ALPACA_PAPER_API_KEY_FILE": file, "ALPACA_PAPER_API_SECRET_FILE": file})

    assert missing_variables(meta, "paper", given) == ()
    assert missing_variables(meta, "paper", Environment({})) == ("ALPACA_PAPER_API_KEY", "ALPACA_PAPER_API_SECRET")


def test_settings_may_be_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEAVER_API_TOKEN_FILE", a_file(tmp_path, "0123456789abcdef\n"))

    token = read_settings().api_token

    assert token is not None
    assert token.get_secret_value() == "0123456789abcdef"


def test_a_setting_that_is_json_may_be_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEAVER_LIVE_RISK_FILE", a_file(tmp_path, '{"max_orders_per_minute": 7}'))

    assert read_settings().live_risk.max_orders_per_minute == 7


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://weaver@db:5432/weaver", "postgresql://weaver:p%40ss%2Fword@db:5432/weaver"),
        ("postgresql://weaver:own@db/weaver", "postgresql://weaver:own@db/weaver"),
        ("sqlite:////tmp/walle.db", "sqlite:////tmp/walle.db"),
    ],
)
def test_the_databases_password_may_come_apart_from_its_url(
    url: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEAVER_DB_URL", url)
    monkeypatch.setenv("WEAVER_DB_PASSWORD_FILE", a_file(tmp_path, "p@ss/word"))

    assert read_settings().database_url == expected
