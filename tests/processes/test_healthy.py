"""Whether a worker is well, by the numbers that it gives."""

import pytest

from processes import healthy

NUMBERS = """
# TYPE weaver_worker_processes gauge
weaver_worker_processes{kind="accounts",service_name="temporal-core-sdk"} 1
weaver_worker_processes{kind="greta",service_name="temporal-core-sdk"} 2
weaver_worker_processes{kind="marvin",service_name="temporal-core-sdk"} 0
"""


def test_a_kind_without_a_live_process_is_lacking() -> None:
    assert healthy.lacking(NUMBERS) == ["marvin"]


def test_a_worker_that_gives_no_numbers_yet_lacks_all() -> None:
    assert healthy.lacking("") == ["accounts", "greta", "marvin"]


def test_nobody_who_answers_is_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEAVER_WORKER_METRICS", "127.0.0.1:1")

    with pytest.raises(SystemExit) as ended:
        healthy.main()

    assert "gives no numbers at port 1" in str(ended.value)


def test_a_worker_that_gives_its_numbers_nowhere_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WEAVER_WORKER_METRICS", raising=False)

    with pytest.raises(SystemExit) as ended:
        healthy.main()

    assert "does not say where" in str(ended.value)
