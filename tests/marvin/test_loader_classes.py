import hashlib
from pathlib import Path
from typing import Any

from tests.marvin.strategy_files import loaded, strategy_text, write
from weaver.marvin import Field, Strategy, StrategyParams, View
from weaver.marvin.loader import load_class, source_of_class


class InThisFile(Strategy[StrategyParams]):
    def decide(self, view: View) -> list[Any]:
        return []


def test_a_class_of_a_module_has_its_file_as_source() -> None:
    source = source_of_class(InThisFile)

    assert source.id == "in-this-file"
    assert source.sha256 == hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    assert load_class(InThisFile).meta.symbols == "many"


def test_a_class_that_the_loader_built_keeps_its_source(tmp_path: Path) -> None:
    write(tmp_path, "mine.py", strategy_text())
    strategy = loaded(tmp_path)

    again = load_class(strategy.strategy_class)

    assert (again.meta, again.source) == (strategy.meta, strategy.source)


def test_a_class_that_inherits_from_a_built_one_is_not_taken_for_it(tmp_path: Path) -> None:
    write(tmp_path, "mine.py", strategy_text())
    built: Any = loaded(tmp_path).strategy_class

    class Mine(built):
        def warmup(self) -> int:
            return 3

    source = source_of_class(Mine)

    assert source.origin == "notebook"
    assert {Path(file.path).name for file in source.files} == {Path(__file__).name, "mine.py"}


def test_a_class_typed_at_a_prompt_has_a_digest_of_its_own() -> None:
    names: dict[str, Any] = {"Strategy": Strategy, "StrategyParams": StrategyParams, "Field": Field}
    text = "class Typed(Strategy[StrategyParams]):\n    def decide(self, view):\n        return [{0}]\n"
    digests: list[str] = []
    for returned in ("1", "view"):
        exec(compile(text.format(returned), "<stdin>", "exec"), names)  # as typed at a prompt
        digests.append(source_of_class(names["Typed"]).sha256)

    assert digests[0] != digests[1]
