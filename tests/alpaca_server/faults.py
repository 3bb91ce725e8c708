"""What goes wrong, and when: rules that fire on the next matching requests or messages, or with a seeded probability."""

import random
import re
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

When = Literal["before", "after"]
RequestFault = Literal["error", "reset", "close", "cut", "half_json", "hang", "delay", "fill_first", "kill"]
StreamFaultKind = Literal["repeat", "drop", "reorder", "delay", "cut", "mute", "refuse"]


@dataclass(kw_only=True)
class Fault:
    """One way in which a request goes wrong, before or after it was accepted.

    error      answer `status` with `code` and `message`, or with an HTML page (`html`); `headers` are added
    reset      reset the connection (RST); `close` ends it orderly without an answer
    cut        announce the whole answer, send half of it, close;  `half_json` sends half of it as if it were whole
    hang       never answer (until the server closes or `Commands.release`, after which the request goes on)
    delay      wait `seconds` first: with "before" the request is accepted late, with "after" answered late
    fill_first answer only when the order of this POST has filled and the clients of the stream read of it, or after `seconds`
    kill       send signal `signal` to process `pid`, then go on

    It fires on requests whose method, raw path with query, and client_order_id match the patterns (searched), after `skip` of them,
    at most `times` (None: always), each time with `probability`. What needs an answer (cut, half_json, fill_first) is always "after".
    """

    kind: RequestFault
    when: When = "before"
    method: str = ""
    path: str = ""
    client_order_id: str = ""
    account: str = ""
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    status: int = 500
    code: int | None = 50010000
    message: str = "internal server error occurred"
    html: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 10.0
    pid: int = 0
    signal: int = 9
    fired: int = 0

    def __post_init__(self) -> None:
        if self.kind in ("cut", "half_json", "fill_first"):
            self.when = "after"

    def matches(self, method: str, path: str, client_order_id: str | None, account: str) -> bool:
        """Tell whether it concerns this request."""
        return (
            re.search(self.method, method) is not None
            and re.search(self.path, path) is not None
            and (not self.client_order_id or re.search(self.client_order_id, client_order_id or "") is not None)
            and (not self.account or self.account == account)
        )

    def body(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


@dataclass(kw_only=True)
class StreamFault:
    """One way in which streamed messages go wrong.

    repeat   deliver the message `count` times more
    drop     do not deliver it
    reorder  keep `window` messages, or those of `seconds`, and deliver them in another order
    delay    deliver it, and what follows, `seconds` later
    cut      break the connection instead of delivering it
    mute     deliver nothing more on this connection, which stays up
    refuse   (connections) answer the attempt to connect with 503

    `stream` is trade or data; `match` is searched in the event (trade) or message type (data).
    """

    kind: StreamFaultKind
    stream: Literal["trade", "data"] = "trade"
    match: str = ""
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    count: int = 1
    window: int = 4
    seconds: float = 0.3
    fired: int = 0

    def body(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


@dataclass(kw_only=True)
class Race:
    """What overtakes a cancel or a replace.

    fill_beats_cancel, partial_beats_cancel, fill_beats_replace: the order fills (or one share or half of it does) after the request
    was answered and before it takes effect. both_legs: the second exit of a pair fills too. bulk_row: this symbol's row of the next
    207 answer is an error of `status`.
    """

    kind: Literal["fill_beats_cancel", "partial_beats_cancel", "fill_beats_replace", "both_legs", "bulk_row"]
    symbol: str = ""
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    status: int = 500
    fired: int = 0

    def body(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


class Faults:
    """The rules in force. What fires by chance depends on the seed and the order of the chances alone."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.requests: list[Fault] = []
        self.streams: list[StreamFault] = []
        self.races: list[Race] = []

    def fires(self, rule: Fault | StreamFault | Race) -> bool:
        """Tell whether a rule that matches fires now, and count it."""
        if rule.times is not None and rule.fired >= rule.times:
            return False
        if rule.skip > 0:
            rule.skip -= 1
            return False
        if rule.probability < 1 and self.chance.random() >= rule.probability:
            return False
        rule.fired += 1
        return True

    def of_request(self, method: str, path: str, client_order_id: str | None, account: str) -> list[Fault]:
        """Return what befalls this request, in the order in which the rules were added; at most one of them ends it."""
        found: list[Fault] = []
        for rule in self.requests:
            ends = rule.kind not in ("delay", "kill", "fill_first")
            if ends and any(f.kind not in ("delay", "kill", "fill_first") for f in found):
                continue
            if rule.matches(method, path, client_order_id, account) and self.fires(rule):
                found.append(rule)
        return found

    def of_message(self, stream: str, event: str) -> list[StreamFault]:
        """Return what befalls a message that is about to be streamed."""
        rules = [rule for rule in self.streams if rule.stream == stream and rule.kind != "refuse"]
        return [rule for rule in rules if re.search(rule.match, event) and self.fires(rule)]

    def refuses_connection(self, stream: str) -> bool:
        """Tell whether an attempt to connect is refused."""
        return any(rule.stream == stream and rule.kind == "refuse" and self.fires(rule) for rule in self.streams)

    def race(self, kind: str, symbol: str) -> Race | None:
        """Return the race of this kind that is on for `symbol`, counting it."""
        for rule in self.races:
            if rule.kind == kind and rule.symbol in ("", symbol) and self.fires(rule):
                return rule
        return None
