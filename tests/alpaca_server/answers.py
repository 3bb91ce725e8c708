"""A request as handlers see it, and what they answer."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from .accounts import Account
from .draft import client_order_id_of, json_body
from .errors import ApiError
from .wire import decimal_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request with its path unquoted and without the host's prefix. `account` is None only where no keys are needed."""

    method: str
    path: str
    raw_path: str
    query: dict[str, str]
    body: bytes
    account: Account | None

    @property
    def client_order_id(self) -> str | None:
        """Return the client_order_id in body or query, None without one or when the body cannot be read."""
        if self.query.get("client_order_id"):
            return self.query["client_order_id"]
        if not self.body or self.method not in ("POST", "PATCH"):
            return None
        try:
            return client_order_id_of(json_body(self.body))
        except ApiError:
            return None

    def flag(self, name: str) -> bool:
        """Return a query parameter as yes or no; Python clients write True."""
        return self.query.get(name, "").lower() in ("true", "1", "t")

    def integer(self, name: str, default: int, most: int) -> int:
        """Return a positive query parameter; refuse text, cut to `most`."""
        text = self.query.get(name, "")
        if not text:
            return default
        if not text.isdigit() or int(text) < 1:
            raise ApiError(422, 40010001, f"invalid {name}")
        return min(int(text), most)

    def decimal(self, name: str) -> Decimal | None:
        """Return a query parameter as Decimal, None where it is absent."""
        return decimal_of(name, self.query.get(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status with a JSON body (None: empty)."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """Return the body's bytes."""
        return b"" if self.status == 204 else json.dumps(self.body).encode()


def query_of(text: str) -> dict[str, str]:
    """Return the parameters of a raw query string; of one that repeats, the last."""
    return dict(parse_qsl(text, keep_blank_values=True))
