"""Which variables strategies cannot read."""

import pytest

from activities.withholding import given_to
from tests.activities.slot_processes import Told, slots_of
from tests.workflows.stack import until

SECRETS = [
    "ALPACA_LIVE_API_KEY",
    "ALPACA_LIVE_API_SECRET",
    "ALPACA_PAPER_API_SECRET_FILE",
    "MY_VENUE_PAPER_PASSWORD",
    "MY_VENUE_LIVE_PASSPHRASE",
    "WEAVER_API_TOKEN",
    "WEAVER_API_TOKEN_FILE",
    "WEAVER_NOTIFY_OPS_URL",
]
NEEDED = ["PATH", "HOME", "WEAVER_DB_PASSWORD_FILE", "WEAVER_ENCRYPTION_KEYS", "TEMPORAL_API_KEY", "AWS_SECRET_ACCESS_KEY", "KEYBOARD"]


def test_credentials_of_venues_channels_and_the_api_are_withheld_and_what_temporal_and_walle_need_is_not() -> None:
    environment = dict.fromkeys(SECRETS + NEEDED, "x")
    assert given_to("marvin", environment) == given_to("greta", environment) == dict.fromkeys(NEEDED, "x")
    assert given_to("accounts", environment) == environment


@pytest.mark.parametrize(("kind", "can_read"), [("greta", False), ("marvin", False), ("accounts", True)])
async def test_only_the_process_that_talks_to_venues_is_given_their_keys(
    monkeypatch: pytest.MonkeyPatch, kind: str, can_read: bool
) -> None:
    monkeypatch.setenv("ALPACA_LIVE_API_SECRET", "of the venue")
    told = Told()
    exits = "with work(1): os._exit(40 if 'ALPACA_LIVE_API_SECRET' in os.environ else 41)"
    async with slots_of(exits, told, kind=kind):
        error = await until(told.once, "how the process ended")
    assert f"exit code {40 if can_read else 41}" in error.message
