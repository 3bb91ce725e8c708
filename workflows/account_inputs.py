"""What goes in and out of an account's workflow, its activities and its messages."""

from datetime import datetime

from pydantic import Field

from workflows.inputs import Ask, Event
from workflows.message import Message


class KillRequest(Ask):
    """Refuse new orders, cancel the working ones, and with `flatten` close every position."""

    flatten: bool = False
    reason: str = "asked for"


class AccountInput(Message):
    """An account to be looked after. `kill` was asked for before this link, the `link`th, began."""

    account: str
    killed: bool = False
    kill: KillRequest | None = None
    link: int = 0


class AccountTask(Message):
    """What an activity of an account is asked for."""

    account: str
    flatten: bool = False
    reason: str = ""
    at: datetime | None = None


class AccountDone(Message):
    """What it did. `is_busy` tells that orders work or runs trade; `stop_runs` are to be stopped, with `flatten` when limits say so."""

    events: list[Event] = Field(default_factory=list)
    is_busy: bool = True
    stop_runs: list[str] = Field(default_factory=list)
    flatten: bool = False


class AccountState(Message):
    """The answer to an account's query `state`."""

    account: str
    killed: bool
    is_listening: bool
    last_reconciled: datetime | None = None
    problem: str | None = None
