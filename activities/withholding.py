"""What the processes in which strategies run are not given: who writes a strategy need not be who holds the account.

What it takes to reach Temporal and WallE they are given, since they work with both.
"""

import re
from collections.abc import Mapping

_SECRET = re.compile(r"(KEY|KEY_ID|SECRET|TOKEN|PASSWORD)(_FILE)?$")
_DOORS = ("WEAVER_API_TOKEN", "WEAVER_NOTIFY_")
_NEEDED = ("WEAVER_", "TEMPORAL_", "AWS_", "OTEL_")


def without_credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables without those that name a key, secret, token or password of a venue, a channel or Weaver's own API."""
    return {name: value for name, value in environment.items() if not _is_withheld(name)}


def _is_withheld(name: str) -> bool:
    return name.startswith(_DOORS) or (not name.startswith(_NEEDED) and _SECRET.search(name) is not None)
