"""The contract of a strategy: literal META, Params, optional State, one class."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, get_args

from pydantic import BaseModel, ConfigDict
from typing_extensions import TypeVar

from weaver.market import Bars, Floats
from weaver.marvin.intents import Intent
from weaver.marvin.view import View

Indicators = Mapping[str, Floats]
"""Columns by name, each as long as the bars they were computed from; NaN where not yet defined."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyMeta:
    """What a strategy's file says of itself, literally, so that it can be listed without being run.

    `symbols` is "one" (the default: several are refused before anything runs) or "many". `requires` names
    strategies, or files by their stem, that this one imports from.
    """

    id: str
    name: str
    version: str = "1.0.0"
    description: str = ""
    author: str = ""
    symbols: Literal["one", "many"] = "one"
    requires: tuple[str, ...] = ()


class StrategyParams(BaseModel):
    """Parameters of a strategy: the form, the defaults and the checks."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StrategyState(BaseModel):
    """What a strategy must remember between bars; at most 16 KB as JSON, and equal after a round trip through it."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True)


class NoState(StrategyState):
    """The state of a strategy that declares none."""


ParamsT = TypeVar("ParamsT", bound=StrategyParams)
StateT = TypeVar("StateT", bound=StrategyState, default=NoState)


class Strategy(Generic[ParamsT, StateT]):
    """Decides at each bar's end what to order; the same code in backtests, on paper and live.

    A strategy has no hidden memory and no I/O: the same view gives the same intents. What it must remember it
    declares as a `StrategyState` (`class Mine(Strategy[Params, State])`) and finds in `view.state`; assigning to
    `self` after construction raises AttributeError.
    """

    params_type: ClassVar[type[StrategyParams]] = StrategyParams
    state_type: ClassVar[type[StrategyState] | None] = None
    params: ParamsT

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for base in getattr(cls, "__orig_bases__", ()):
            for argument in get_args(base):
                if isinstance(argument, type) and issubclass(argument, StrategyParams):
                    cls.params_type = argument
                elif isinstance(argument, type) and issubclass(argument, StrategyState):
                    cls.state_type = None if argument is NoState else argument

    def __init__(self, params: ParamsT) -> None:
        object.__setattr__(self, "params", params)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"self.{name}: a strategy has no hidden memory. Declare a StrategyState and use view.state.{name}.")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"self.{name}: a strategy has no hidden memory.")

    def code_files(self) -> frozenset[str]:
        """Return the file names that this strategy's own code was compiled from, for naming lines in errors."""
        methods = (getattr(type(self), name) for name in ("decide", "indicators", "warmup"))
        return frozenset(method.__code__.co_filename for method in methods) - {__file__}

    def warmup(self) -> int:
        """Return how many bars before `start` the indicators want; fewer are no error."""
        return 0

    def indicators(self, bars: Bars) -> Indicators:
        """Return columns computed from the bars of one symbol and timeframe, vectorised and causal.

        The value at row i may depend on rows 0..i only. Called once for the whole range, for the run's timeframe
        and for each coarser one that `decide` asks for.
        """
        del bars
        return {}

    def decide(self, view: View) -> Iterable[Intent]:
        """Yield what to order now, at the end of the newest bar in `view`."""
        raise NotImplementedError


AnyStrategy = Strategy[Any, Any]
"""A strategy whose parameters and state do not matter here."""
