"""The strategy of trading tests, as a file that is dropped in, and what it is often told to want."""

from collections.abc import Sequence
from typing import Any

FAR_LIMIT = ["buy", {"quantity": 1, "limit_pct": -20}]
"""Rests at the venue."""


def first(*intents: Sequence[Any]) -> dict[str, Any]:
    """Parameters of a strategy that wants this at its first decision, and nothing later."""
    return {"script": {"0": list(intents)}}


PLUGINS = {
    "scripted": '''
"""Does at its nth decision what `script` says, and then `always`; prices may be given in percent of the close."""
from typing import Any

from weaver.marvin import Bracket, Buy, Cancel, Close, Replace, Sell, Strategy, StrategyMeta, StrategyParams, StrategyState, TargetWeight

META = StrategyMeta(id="scripted", name="Scripted", symbols="many")
KINDS = {"buy": Buy, "sell": Sell, "close": Close, "weight": TargetWeight, "bracket": Bracket}


class Params(StrategyParams):
    script: dict[int, list[tuple[str, dict[str, Any]]]] = {}
    always: list[tuple[str, dict[str, Any]]] = []
    raise_at: int | None = None
    note: str = ""


class State(StrategyState):
    asked: int = 0


class Scripted(Strategy[Params, State]):
    def decide(self, view):
        asked = view.state.asked
        view.state.asked += 1
        if self.params.note:
            view.note(self.params.note)
        if asked == self.params.raise_at:
            1 / 0
        for kind, fields in [*self.params.script.get(asked, ()), *self.params.always]:
            if kind == "cancel":
                yield from (Cancel(order) for order in view.working_orders)
            elif kind == "replace":
                yield from (Replace(order, **priced(view, fields)) for order in view.working_orders)
            else:
                yield intent(view, kind, fields)


def intent(view, kind, fields):
    fields = priced(view, fields)
    if kind == "bracket":
        side = fields.pop("side", "buy")
        names = ("quantity", "symbol", "limit", "stop")
        entry = KINDS[side](**{name: fields.pop(name) for name in names if name in fields})
        return Bracket(entry, **fields)
    return KINDS[kind](**fields)


def priced(view, fields):
    """Turn limit_pct = -5 into limit = 5 % below the close, to the cent."""
    close = (view[fields["symbol"]] if "symbol" in fields else view[view.symbols[0]]).close
    return {
        name.removesuffix("_pct"): round(close * (1 + value / 100), 2) if name.endswith("_pct") else value
        for name, value in fields.items()
    }
''',
}
"""Strategies that every world has; `plugins` adds others."""
