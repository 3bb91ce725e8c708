"""Parameters that many routes have in common: ids, pages, time ranges, sorting, formats."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, TypeVar

from fastapi import Depends, Path, Query
from pydantic import StringConstraints

from weaver.documents.values import Document, Listing
from weaver.glados.requests import ACCOUNT, UtcTime
from weaver.market import to_microseconds

ItemT = TypeVar("ItemT")
DocumentT = TypeVar("DocumentT", bound=Document)
MOST_ON_A_PAGE = 200
_LAST_PAGE = 1_000_000_000


Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
"""A text without a zero byte, since PostgreSQL has no others."""
RunId = Annotated[Text, Path(description="id of a run, which is its workflow id", max_length=255, examples=["my-run"])]
OrderId = Annotated[Text, Path(description="id of an order: its client_order_id", max_length=255, examples=["m-6741a2b0-1f2e3d"])]
Account = Annotated[str, Query(description="<adapter>-<mode>", pattern=ACCOUNT, examples=["simulated-paper"])]
SymbolText = Annotated[Text, Query(max_length=64, examples=["AAPL"])]
ByTime = Annotated[Literal["time", "-time"], Query(description="oldest first, or with a minus newest first")]
From = Annotated[UtcTime | None, Query(alias="from", description="first time, inclusive", examples=["2024-01-02T00:00:00Z"])]
To = Annotated[UtcTime | None, Query(alias="to", description="first time that is left out", examples=["2024-02-01T00:00:00Z"])]
JsonOrCsv = Annotated[
    Literal["json", "csv"], Query(description="csv: all rows of the time range, whatever the page", alias="format", examples=["json"])
]


@dataclass(frozen=True, slots=True)
class Paging:
    """Which page of a list."""

    page: int
    page_size: int

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.page_size

    def of(self, items: Sequence[ItemT]) -> Sequence[ItemT]:
        """Return the items of this page, of all of them."""
        return items[self.offset : self.offset + self.page_size]

    def listing(self, items: Sequence[DocumentT], total: int) -> Listing[DocumentT]:
        """Return the items of this page as a list of `total`."""
        return Listing(items=list(items), total=total, page=self.page, page_size=self.page_size)


def _paging(
    page: Annotated[int, Query(ge=1, le=_LAST_PAGE, description="counted from 1")] = 1,
    page_size: Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE)] = 50,
) -> Paging:
    return Paging(page, page_size)


PagingDep = Annotated[Paging, Depends(_paging)]


@dataclass(frozen=True, slots=True)
class Span:
    """A time range, `since` ≤ time < `until`."""

    since: datetime | None
    until: datetime | None

    def holds(self, time: datetime) -> bool:
        return (self.since is None or time >= self.since) and (self.until is None or time < self.until)


def _span(since: From = None, until: To = None) -> Span:
    return Span(since, until)


SpanDep = Annotated[Span, Depends(_span)]


def microseconds(time: datetime | None) -> int | None:
    """Return a time as files have it."""
    return None if time is None else to_microseconds(time)


def sorts(names: Sequence[str]) -> list[str]:
    """Return what a list can be sorted by, and each the other way round."""
    return [*names, *(f"-{name}" for name in names)]
