"""What the simulated exchange can be told to do wrong. Each fault happens once, in the order in which they were scripted."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, Union

Call = Literal["submit", "cancel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """The next call is refused with this reason; nothing is done."""

    reason: str = "refused by script"
    on: Call = "submit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """The next call raises Unavailable; nothing is done."""

    on: Call = "submit"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOutBefore:
    """The next call raises Unknown; nothing is done."""

    on: Call = "submit"


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeOutAfter:
    """The next call is carried out, and raises Unknown all the same."""

    on: Call = "submit"


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialFill:
    """The next order fills this share of its quantity first, and the rest from the bar after that on."""

    fraction: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class LateFill:
    """The next order meets the market this many bars late."""

    bars: int = 1


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The next update comes twice."""


@dataclass(frozen=True, slots=True)
class Reorder:
    """The next update comes after the one that follows it."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The stream of updates is cut when the next one should come, which is lost, and comes back."""


Fault = Union[Refuse, Outage, TimeOutBefore, TimeOutAfter, PartialFill, LateFill, Duplicate, Reorder, Disconnect]  # noqa: UP007  # a name

_KINDS: dict[str, type[Fault]] = {
    kind.__name__: kind for kind in (Refuse, Outage, TimeOutBefore, TimeOutAfter, PartialFill, LateFill, Duplicate, Reorder, Disconnect)
}


def fault_to_dict(fault: Fault) -> dict[str, Any]:
    return {"fault": type(fault).__name__, **asdict(fault)}


def fault_from_dict(fields: dict[str, Any]) -> Fault:
    return _KINDS[fields["fault"]](**{name: value for name, value in fields.items() if name != "fault"})
