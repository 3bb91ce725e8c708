"""What of the environment a process of the worker is given: who writes a strategy need not be who holds the account.

What it takes to reach Temporal and WallE each is given, since each works with both.
"""

import re
from collections.abc import Mapping

_TRADES = "accounts"
"""The kind that talks to venues. In all others strategies run."""

_SECRET = re.compile(r"(KEY|KEY_ID|SECRET|TOKEN|PASSWORD|PASSPHRASE)(_FILE)?$")
_DOORS = ("WEAVER_API_TOKEN", "WEAVER_NOTIFY_")
_NEEDED = ("WEAVER_", "TEMPORAL_", "AWS_", "OTEL_")


def given_to(kind: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for a process; where strategies run, without those whose name is that of a key, secret, token or password
    of a venue, and without a channel's and the API's."""
    return {name: value for name, value in environment.items() if kind == _TRADES or not _is_withheld(name)}


def _is_withheld(name: str) -> bool:
    return name.startswith(_DOORS) or (not name.startswith(_NEEDED) and _SECRET.search(name) is not None)
