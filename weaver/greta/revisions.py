"""What ids of orders say: when each was wanted, and whose place it took: `<id>.r1` that of `<id>`, `<id>.r2` that of `<id>.r1`."""

import re

_REVISED = re.compile(r"(.*)\.r([1-9][0-9]*)")
_NUMBERED = re.compile(r"([0-9a-z]+)-([0-9]+)(\..*)?$")


def successor(order_id: str) -> str:
    """Return the id of the order that takes this one's place."""
    revised = _REVISED.fullmatch(order_id)
    return f"{revised[1]}.r{int(revised[2]) + 1}" if revised else f"{order_id}.r1"


def predecessor(order_id: str) -> str | None:
    """Return the id of the order whose place this one took; None if it took none."""
    revised = _REVISED.fullmatch(order_id)
    if revised is None:
        return None
    number = int(revised[2])
    return revised[1] if number == 1 else f"{revised[1]}.r{number - 1}"


def place(order_id: str) -> tuple[int, str, int, str]:
    """Return what orders are listed by: when each was first wanted. A replacement has the place of what it replaces, and exits come
    after their entry."""
    numbered = _NUMBERED.search(order_id)
    if numbered is None:  # given by hand
        return 0, "", 0, order_id
    end, count, suffix = numbered.groups()
    return len(end), end, int(count), suffix or ""
