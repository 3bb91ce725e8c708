"""What a run is asked to be: one class for HTTP, `weaver --file` and the workflow input."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from json import dumps
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from weaver.errors import BadValue
from weaver.glados.risk import RiskLimits
from weaver.market import Timeframe
from weaver.orders import Costs, OrderType, Side, TimeInForce


def _no_number(given: object) -> object:
    """Refuse a bare number, such as a year, which would be taken for seconds since 1970."""
    if isinstance(given, int | float) or (isinstance(given, str) and re.fullmatch(r"[+-]?[\d.]*", given)):
        raise ValueError(f"expected {A_TIME}")
    return given


def _utc(time: datetime) -> datetime:
    try:
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except OverflowError:  # the last or first hours of all years, in another zone
        raise ValueError(f"expected {A_TIME}") from None


def _storable(json: dict[str, Any]) -> dict[str, Any]:
    """Refuse what no JSON text can say: endless numbers, halves of characters, nesting without end."""
    try:
        dumps(json, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError):
        raise ValueError("expected JSON values: finite numbers, and texts of whole characters") from None
    return json


def _sensible(amount: Decimal) -> Decimal:
    if amount and not (-18 <= amount.adjusted() <= 15 and len(amount.as_tuple().digits) <= 40):
        raise ValueError("expected an amount from 1e-18 to 1e15")
    return amount


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
        if value is not None and (not value.is_finite() or value < 0 or value.adjusted() > 15):
            raise ValueError(f"{name}: expected a number ≥ 0")
    if costs.participation_cap is not None and not 0 < costs.participation_cap <= 1:
        raise ValueError("participation_cap: expected a share above 0 and at most 1")
    return costs


_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def _duration(text: str) -> str:
    if not _DURATION.fullmatch(text):
        raise ValueError("expected a number and one of s, m, h, d, such as 90s, 2m or 5d")
    return text


A_TIME = "a time such as 2004-01-01 or 2004-01-01T14:30:00Z"

UtcTime = Annotated[datetime, BeforeValidator(_no_number), AfterValidator(_utc)]
Amount = Annotated[Decimal, Field(gt=0, allow_inf_nan=False), AfterValidator(_sensible)]
JsonObject = Annotated[dict[str, Any], AfterValidator(_storable)]
Symbol = Annotated[str, AfterValidator(_symbol)]
SIMULATED = "simulated"
ACCOUNT = r"^[a-z0-9][a-z0-9._-]{0,63}-(paper|live)$"
RUN_ID = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$"


class RunCreate(BaseModel):
    """A backtest, paper or live run as asked for. Naive times are taken as UTC; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_by_name=True, validate_by_alias=True, serialize_by_alias=True)

    id: str | None = Field(default=None, pattern=RUN_ID, description="run id = workflow id; made up when absent")
    strategy: str = Field(min_length=1)
    mode: Literal["backtest", "paper", "live"] | None = Field(default=None, description="by workflow type when absent")
    symbols: list[Symbol] = Field(min_length=1, max_length=500)
    timeframe: Annotated[str, AfterValidator(_timeframe)] = "1d"
    params: JsonObject = Field(default_factory=dict)
    start: UtcTime | None = Field(default=None, description="first bar start, inclusive; all bars when absent")
    end: UtcTime | None = Field(default=None, description="first bar start that is no longer part of the run")
    cash: Amount = Decimal(100_000)
    costs: Annotated[Costs, AfterValidator(_positive_costs)] = Costs()
    fractional: bool = Field(default=False, description="equities in lots of 1e-6 shares instead of whole shares")
    allow_short: bool = False
    leverage: Decimal = Field(default=Decimal(1), ge=1, le=10, description="largest gross exposure as a multiple of equity")
    window_bars: int | None = Field(default=None, ge=1, description="steps per window; the result does not depend on it")
    start_paused: bool = False
    adapter: str | None = Field(default=None, description="exchange adapter of a paper or live run; simulated when absent")
    risk: RiskLimits | None = Field(default=None, description="limits of this run, on top of its account's")
    duration: Annotated[str, AfterValidator(_duration)] | None = Field(
        default=None, alias="for", description="how long a paper or live run trades, such as 2m or 5d; until stopped when absent"
    )
    at_end: Literal["cancel", "keep", "flatten"] = Field(
        default="cancel", description="working orders, or everything, at the end of trading"
    )
    confirm_live: bool = Field(default=False, description="says that real money is meant; a live run needs it")
    tags: list[str] = Field(default_factory=list)

    @model_validator(mode="after")
    def _check(self) -> "RunCreate":
        if self.start and self.end and self.end <= self.start:
            raise ValueError(f"end {self.end.isoformat()}: expected a time after start {self.start.isoformat()}")
        if len(set(self.symbols)) != len(self.symbols):
            raise ValueError("symbols: expected each symbol once")
        return self

    @property
    def account(self) -> str:
        """The account that a paper or live run trades on: `<adapter>-<mode>`."""
        return f"{self.adapter or SIMULATED}-{self.mode or 'paper'}"

    @property
    def trades_for(self) -> timedelta | None:
        """How long the run is to trade; None: until it is stopped."""
        if self.duration is None:
            return None
        return timedelta(seconds=int(self.duration[:-1]) * _SECONDS[self.duration[-1]])


class OrderCreate(BaseModel):
    """An order as asked for by a person or program. Prices and quantity are decimal strings; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_order_id: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,47}$", description="made up when absent")
    run_id: str | None = Field(default=None, pattern=RUN_ID)
    account: str = Field(default=f"{SIMULATED}-paper", pattern=ACCOUNT, description="<adapter>-<mode>")
    symbol: Symbol
    side: Side
    order_type: OrderType = OrderType.MARKET
    quantity: Amount
    limit_price: Amount | None = None
    stop_price: Amount | None = None
    trail: Amount | None = Field(default=None, description="distance of a trailing stop")
    trail_percent: Decimal | None = Field(default=None, gt=0, lt=100, description="distance of a trailing stop in points")
    time_in_force: TimeInForce = TimeInForce.DAY
    extended_hours: bool = False
    take_profit: Amount | None = None
    stop_loss: Amount | None = None
    confirm_live: bool = Field(default=False, description="says that real money is meant; an order on a live account needs it")

    @model_validator(mode="after")
    def _check(self) -> "OrderCreate":
        wanted = _PRICES[self.order_type]
        for name in ("limit_price", "stop_price"):
            if (getattr(self, name) is not None) != (name in wanted):
                raise ValueError(f"{name}: expected {'one' if name in wanted else 'none'} for a {self.order_type} order")
        trails = [value for value in (self.trail, self.trail_percent) if value is not None]
        if len(trails) != (1 if self.order_type is OrderType.TRAILING_STOP else 0):
            raise ValueError("trail: expected exactly one of trail and trail_percent for a trailing stop, none for other orders")
        if self.take_profit is not None and self.stop_loss is not None:
            above = self.take_profit > self.stop_loss
            if above != (self.side is Side.BUY):
                raise ValueError("take_profit: expected above stop_loss for a buy, below it for a sell")
        return self


_PRICES: dict[OrderType, tuple[str, ...]] = {
    OrderType.MARKET: (),
    OrderType.LIMIT: ("limit_price",),
    OrderType.STOP: ("stop_price",),
    OrderType.STOP_LIMIT: ("limit_price", "stop_price"),
    OrderType.TRAILING_STOP: (),
}
