"""The strategy's declared State between two decisions: always what its JSON reads back as, so that a restart changes nothing."""

from pydantic import ValidationError

from weaver.errors import StrategyBroken
from weaver.marvin.strategy import AnyStrategy, StrategyState

_BYTES = 16_384


def first_state(strategy: AnyStrategy) -> str | None:
    """Return the State with its defaults as JSON; None if the strategy declares none."""
    return strategy.state_type().model_dump_json() if strategy.state_type else None


def read_state(strategy: AnyStrategy, text: str | None) -> StrategyState | None:
    """Return the State that a text stands for; pydantic's ValidationError when it does not."""
    if strategy.state_type is None or text is None:
        return None
    return strategy.state_type.model_validate_json(text)


def remembered(strategy: AnyStrategy, name: str, state: StrategyState, before: str | None) -> tuple[StrategyState, str]:
    """Return the State as it reads back from its JSON, and that JSON; `before` is the JSON of the decision before.

    `name` is the strategy's id. Raises StrategyBroken for more than 16 KB, and for what comes back changed.
    """
    text = state.model_dump_json()
    if text == before:
        return state, text
    if len(text.encode()) > _BYTES:
        raise StrategyBroken(f"State has {len(text.encode())} bytes as JSON; at most {_BYTES} are kept", strategy=name)
    try:
        again = read_state(strategy, text)
    except ValidationError as problem:
        first = problem.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise StrategyBroken(f"State.{where} does not read back from JSON: {first['msg']}", strategy=name) from problem
    if again is None or again != state:
        raise StrategyBroken(f"State changes on its way through JSON: {state!r} became {again!r}", strategy=name)
    return again, text
