"""Where notifications go and which: the channels of a TOML file. Nothing secret is in that file, and none of it in these values."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from weaver.errors import BadInput, UnknownName
from weaver.glados.event_types import TYPES

NOTEWORTHY = (
    *("orders.Filled", "orders.Rejected", "orders.InDoubt", "run.Completed", "run.Stopped", "run.Error", "clock.Missed"),
    *("risk.Breached", "account.Drift", "account.Killed", "account.Rearmed"),
)
"""What a channel hears of unless it says otherwise."""
Mode = Literal["backtest", "paper", "live"]
Address = Annotated[str, Field(pattern=r"^[^@\s,<>]+@[^@\s,<>]+$")]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What an event is about, as far as that is known."""

    account: str | None = None
    run_id: str | None = None
    strategy: str | None = None
    mode: str | None = None


class _Channel(BaseModel):
    """What all kinds have. A filter that is empty lets all through; patterns are those of file names, such as `orders.*`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    types: list[str] = Field(default=list(NOTEWORTHY))
    accounts: list[str] = Field(default_factory=list)
    runs: list[str] = Field(default_factory=list)
    strategies: list[str] = Field(default_factory=list)
    modes: list[Mode] = Field(default=["paper", "live"])
    most_a_minute: int = Field(default=20, ge=1, description="above this one digest a minute tells of the rest")

    @field_validator("types")
    @classmethod
    def _known(cls, given: list[str]) -> list[str]:
        for pattern in given:
            if not any(fnmatchcase(kind, pattern) for kind in TYPES):
                raise ValueError(f"no event's type is like '{pattern}'")
        return given

    def wants(self, kind: str, about: About) -> bool:
        """Tell whether an event of this type is to be told here."""
        return (
            _fits(kind, self.types)
            and _fits(about.account, self.accounts)
            and _fits(about.run_id, self.runs)
            and _fits(about.strategy, self.strategies)
            and _fits(about.mode, self.modes)
        )


class WebhookChannel(_Channel):
    """A signed POST. Its address is in this file when nothing in it is secret, else in the credential `URL`."""

    kind: Literal["webhook"]
    url: str | None = None

    @field_validator("url")
    @classmethod
    def _open(cls, given: str | None) -> str | None:
        parts = urlsplit(given or "http://localhost")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must begin with https:// or http://")
        if parts.username or parts.password or parts.query:
            raise ValueError("has what may be secret: user, password or query. Set the whole address as a credential instead")
        return given


class EmailChannel(_Channel):
    """Mail by SMTP. User and password, where the server wants them, are the credentials `USER` and `PASSWORD`."""

    kind: Literal["email"]
    host: str
    port: int | None = Field(default=None, ge=1, le=65_535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    sender: Address
    recipients: list[Address] = Field(min_length=1)

    @property
    def port_used(self) -> int:
        return self.port or {"starttls": 587, "tls": 465, "none": 25}[self.security]


class ServiceChannel(_Channel):
    """Telegram, Discord, Slack and a hundred others, by Apprise's URL, which is the credential `URL`."""

    kind: Literal["apprise"]


Channel = Annotated[WebhookChannel | EmailChannel | ServiceChannel, Field(discriminator="kind")]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: dict[Name, Channel] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels by name."""

    by_name: Mapping[str, Channel] = field(default_factory=dict[str, Channel])

    @staticmethod
    def read(path: Path) -> "Channels":
        """Read a file; none there means no channels. Raises BadInput for one that cannot be read or says what cannot be."""
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return Channels()
        except (OSError, UnicodeDecodeError) as problem:
            raise BadInput(f"{path} cannot be read: {problem}.") from problem
        try:
            return Channels(TypeAdapter(_File).validate_python(tomllib.loads(text)).channels)
        except tomllib.TOMLDecodeError as problem:
            raise BadInput(f"{path} is no TOML: {problem}.") from problem
        except ValidationError as problem:
            raise _refused(path, problem) from None

    def __getitem__(self, name: str) -> Channel:
        """Return a channel. Raises UnknownName."""
        try:
            return self.by_name[name]
        except KeyError:
            raise UnknownName("channel", name, self.by_name) from None

    def may_want(self, kind: str) -> bool:
        """Tell whether any channel wants events of this type at all."""
        return any(_fits(kind, channel.types) for channel in self.by_name.values())

    def wanting(self, kind: str, about: About) -> list[str]:
        """Return the names of the channels that want an event."""
        return [name for name, channel in self.by_name.items() if channel.wants(kind, about)]


def _fits(value: str | None, patterns: list[str] | list[Mode]) -> bool:
    return not patterns or any(fnmatchcase(value or "", pattern) for pattern in patterns)


def _refused(path: Path, problem: ValidationError) -> BadInput:
    """Say the first thing that is wrong, without the value: it may be a secret that was put in the wrong place."""
    first = problem.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(step) for step in first["loc"] if step not in ("webhook", "email", "apprise"))
    reason = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        reason = "is not known here; credentials belong into the environment or a secret's file"
    return BadInput(f"{path}: {place}: {reason}.", field=place)
