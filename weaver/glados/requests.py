"""What a run is asked to be: one class for HTTP, `weaver --file` and the workflow input."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from weaver.errors import BadValue
from weaver.market import Timeframe
from weaver.orders import Costs


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)


def _timeframe(text: str) -> str:
    try:
        return Timeframe(text).text
    except BadValue as problem:
        raise ValueError(f"expected {problem.expected}") from None


def _symbol(text: str) -> str:
    if not text or len(text) > 32 or any(not (c.isalnum() or c in "./-_^=") for c in text) or ".." in text or text.startswith(("/", ".")):
        raise ValueError("expected a symbol of at most 32 letters, digits and . / - _ ^ =")
    return text


def _positive_costs(costs: Costs) -> Costs:
    for name in Costs.__dataclass_fields__:
        value: Decimal | None = getattr(costs, name)
        if value is not None and (not value.is_finite() or value < 0):
            raise ValueError(f"{name}: expected a number ≥ 0")
    if costs.participation_cap is not None and not 0 < costs.participation_cap <= 1:
        raise ValueError("participation_cap: expected a share above 0 and at most 1")
    return costs


UtcTime = Annotated[datetime, AfterValidator(_utc)]
Symbol = Annotated[str, AfterValidator(_symbol)]
RUN_ID = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$"


class RunCreate(BaseModel):
    """A backtest, paper or live run as asked for. Naive times are taken as UTC; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str | None = Field(default=None, pattern=RUN_ID, description="run id = workflow id; made up when absent")
    strategy: str = Field(min_length=1)
    mode: Literal["backtest", "paper", "live"] | None = Field(default=None, description="by workflow type when absent")
    symbols: list[Symbol] = Field(min_length=1, max_length=500)
    timeframe: Annotated[str, AfterValidator(_timeframe)] = "1d"
    params: dict[str, Any] = Field(default_factory=dict)
    start: UtcTime | None = Field(default=None, description="first bar start, inclusive; all bars when absent")
    end: UtcTime | None = Field(default=None, description="first bar start that is no longer part of the run")
    cash: Decimal = Field(default=Decimal(100_000), gt=0, allow_inf_nan=False)
    costs: Annotated[Costs, AfterValidator(_positive_costs)] = Costs()
    fractional: bool = Field(default=False, description="equities in lots of 1e-6 shares instead of whole shares")
    allow_short: bool = False
    leverage: Decimal = Field(default=Decimal(1), ge=1, le=10, description="largest gross exposure as a multiple of equity")
    window_bars: int | None = Field(default=None, ge=1, description="steps per window; the result does not depend on it")
    start_paused: bool = False
    tags: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _check(self) -> "RunCreate":
        if self.start and self.end and self.end <= self.start:
            raise ValueError(f"end {self.end.isoformat()}: expected a time after start {self.start.isoformat()}")
        if len(set(self.symbols)) != len(self.symbols):
            raise ValueError("symbols: expected each symbol once")
        return self
