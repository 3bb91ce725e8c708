"""Files of strategies, written by tests."""

from pathlib import Path

from weaver.marvin.loader import Library, LoadedStrategy, build
from weaver.plugins import Broken

HEAD = "from weaver.marvin import *\n"
BODY = """
class Params(StrategyParams):
    fast: int = Field(10, ge=1)
    quantity: Decimal = Field(Decimal(1), gt=0)
    share: float = 0.5
    exact: bool = False
    word: str = "a"

class Mine(Strategy[Params]):
    def decide(self, view):
        yield Buy(1)
"""


def strategy_text(name: str = "mine", *, requires: str = "()", head: str = "", body: str = BODY) -> str:
    return f'from decimal import Decimal\n{HEAD}META = StrategyMeta(id="{name}", name="{name}", requires={requires})\n{head}{body}'


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, newline="")
    return path


def loaded(folder: Path, name: str = "mine") -> LoadedStrategy:
    return build(Library.open([folder]).source(name))


def broken_entry(folder: Path, name: str) -> Broken:
    entry = next(entry for entry in Library.open([folder]).entries() if entry.path.name == name)
    assert isinstance(entry, Broken)
    return entry
