"""A worker and its file of channels."""

from pathlib import Path
from typing import Any, cast

import pytest

from processes.notifications import notifying
from weaver.settings import Settings


async def test_a_file_that_is_wrong_is_logged_and_the_worker_works(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "notify.toml").write_text('[channels.ops]\nkind = "pigeon"')
    unused = cast(Any, None)

    async with notifying(unused, unused, Settings(home=tmp_path)):
        assert "nobody is notified by this worker" in caplog.text
        assert "pigeon" in caplog.text
