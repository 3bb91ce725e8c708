"""What can go wrong, as facts with a next step.

WeaverError
├── BadInput            the caller said something that cannot be done; nothing was written
│   ├── UnknownName     no strategy, symbol, parameter, timeframe ... of that name (with the nearest)
│   │   └── AdapterNotFound
│   ├── BadValue        a value of the wrong type or range, with what was expected
│   ├── BadData         bars that are refused, with their row numbers
│   ├── NoBars          nothing stored in the range asked for
│   ├── AlreadyExists   an id that is taken, with what holds it
│   ├── MissingCredentials  variables that an adapter needs and the environment lacks
│   └── LiveNotArmed    live trading that was not armed on the worker, or not confirmed on the run
├── NotFound            a run, result or file that does not exist
├── StrategyBroken      a strategy's file or code failed: file, line, message
│   └── StrategyOverran a strategy took longer than it may
├── NotAllowed          the state of a run or order forbids what was asked
├── Unavailable         a service does not answer; try again, same key
│   └── RateLimited     the venue asks to wait, and how long
├── Refused             a venue's final no, with its reason
│   └── TermsDiffer     an order of that id exists at the venue with other terms
├── Unknown             sent, and the outcome is not known: ask by key before anything else
├── RiskRefused         a limit forbids the order: the rule's name
├── AdapterBroken       an adapter's file failed: file, line, message
├── NotConnected        an exchange was used before it was connected
└── Unusable            this place cannot be worked in: home not writable, port taken, program missing
"""

from collections.abc import Iterable
from difflib import get_close_matches


class WeaverError(Exception):
    """An error that says what happened and what to do next."""


class BadInput(WeaverError):
    """Something the caller gave cannot be used; `field` names it as the caller wrote it."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class UnknownName(BadInput):
    """Nothing of that kind has that name; the nearest known one is offered."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        folded = {known.casefold(): known for known in names}
        nearest = [folded[match] for match in get_close_matches(name.casefold(), folded, n=1, cutoff=0.5)]
        hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
        listed = f" Known: {', '.join(names)}." if names and not nearest and len(names) <= 12 else ""
        super().__init__(f"No {kind} '{name}'.{hint}{listed}", field=kind)
        self.kind = kind
        self.name = name
        self.nearest = nearest[0] if nearest else None


class BadValue(BadInput):
    """A value has the wrong type or range."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        super().__init__(f"{field} = {value!r}: expected {expected}.", field=field)
        self.value = value
        self.expected = expected


class BadData(BadInput):
    """Bars that may not be stored; `rows` are 1-based data rows of the file (header not counted)."""

    def __init__(self, message: str, *, rows: Iterable[int] = ()) -> None:
        super().__init__(message, field="file")
        self.rows = tuple(rows)


class NoBars(BadInput):
    """No stored bars where a run wants some."""

    def __init__(self, message: str) -> None:
        super().__init__(message, field="symbols")


class AlreadyExists(BadInput):
    """The id is taken."""

    def __init__(self, kind: str, name: str, state: str) -> None:
        super().__init__(f"{kind} '{name}' exists already: {state}.", field="id")
        self.kind = kind
        self.name = name
        self.state = state


class AdapterNotFound(UnknownName):
    """No exchange adapter has that id."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__("adapter", name, known)


class MissingCredentials(BadInput):
    """An adapter cannot be used in a mode, since variables of the environment are not set; `variables` names them."""

    def __init__(self, adapter: str, mode: str, variables: Iterable[str]) -> None:
        self.variables = tuple(variables)
        super().__init__(f"Adapter '{adapter}' in mode {mode} needs {' and '.join(self.variables)} in the environment.", field="adapter")


class LiveNotArmed(BadInput):
    """Live trading needs WEAVER_ARM_LIVE=yes on the worker and --confirm-live on the run."""


class NotFound(WeaverError):
    """No such record."""

    def __init__(self, kind: str, name: str, hint: str = "") -> None:
        super().__init__(f"No {kind} '{name}'." + (f" {hint}" if hint else ""))
        self.kind = kind
        self.name = name


class StrategyBroken(WeaverError):
    """A strategy's file or code failed; `line` is 1-based in `file`, when known."""

    def __init__(self, message: str, *, strategy: str, file: str | None = None, line: int | None = None) -> None:
        place = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        super().__init__(f"{place}{message}")
        self.message = message
        self.strategy = strategy
        self.file = file
        self.line = line


class StrategyOverran(StrategyBroken):
    """A strategy took longer for one step than it may; its process was ended."""

    def __init__(self, strategy: str, limit_seconds: float) -> None:
        super().__init__(
            f"strategy '{strategy}' took more than {limit_seconds:g} s for one step. Look for a loop that does not end.",
            strategy=strategy,
        )
        self.limit_seconds = limit_seconds


class NotAllowed(WeaverError):
    """What was asked is not possible in the present state of `what`, a run unless said otherwise."""

    def __init__(self, action: str, status: str, allowed: Iterable[str] = (), *, what: str = "a run") -> None:
        possible = ", ".join(allowed)
        super().__init__(f"Cannot {action} {what} that is {status}. Possible now: {possible or 'nothing'}.")
        self.action = action
        self.status = status


class Unavailable(WeaverError):
    """A service does not answer. The same request may be sent again."""


class RateLimited(Unavailable):
    """The venue takes no more requests now; the same one may be sent after `wait_seconds`."""

    def __init__(self, message: str, *, wait_seconds: float) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class Refused(WeaverError):
    """A venue refused for good; `reason` is its own text, `code` its own code when it gave one."""

    def __init__(self, reason: str, *, code: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code


class TermsDiffer(Refused):
    """The venue has an order of this id with other terms; it is not ours to go on with, and a person must look."""

    def __init__(self, client_order_id: str, differences: str) -> None:
        super().__init__(f"Order '{client_order_id}' exists at the venue with other terms: {differences}.")
        self.client_order_id = client_order_id


class Unknown(WeaverError):
    """A request was sent and what came of it is not known. Ask the venue by the order's id; never take it for a refusal."""


class RiskRefused(WeaverError):
    """A limit forbids an order; `rule` is its name, such as `max_order_notional`."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class AdapterBroken(WeaverError):
    """An adapter's file failed; `line` is 1-based in `file`, when known."""

    def __init__(self, message: str, *, adapter: str, file: str | None = None, line: int | None = None) -> None:
        place = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        super().__init__(f"{place}{message}")
        self.adapter = adapter
        self.file = file
        self.line = line


class NotConnected(WeaverError):
    """An exchange was asked for something before `connect`, or after `disconnect`."""


class Unusable(WeaverError):
    """This home, port or machine cannot be worked with as it is."""
