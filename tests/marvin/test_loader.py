import hashlib
import sys
import traceback
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from weaver.errors import BadInput, BadValue, StrategyBroken, UnknownName
from weaver.marvin import Field, Strategy, StrategyParams, View
from weaver.marvin.loader import BUILT_IN, Library, LoadedStrategy, StrategySource, build, load_class, source_of_class
from weaver.marvin.view import View as ViewClass
from weaver.plugins import Broken, Found

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


def test_the_built_in_strategies_are_listed_and_built() -> None:
    library = Library.open([])

    ids = [entry.id for entry in library.entries() if isinstance(entry, Found)]

    assert ids == ["buy-and-hold", "mean-reversion", "momentum-rotation", "multi-timeframe-trend", "rsi-bracket", "sma-cross"]
    for name in ids:
        assert name is not None
        strategy = build(library.source(name))
        assert strategy.source.origin == "builtin"
        assert strategy.create(strategy.parse_params({})).warmup() >= 0


def test_files_that_appear_are_found_by_the_next_look(tmp_path: Path) -> None:
    with pytest.raises(UnknownName):
        Library.open([tmp_path]).source("mine")
    path = write(tmp_path, "mine.py", strategy_text())
    assert Library.open([tmp_path]).source("mine").files[0].path == str(path)
    path.unlink()
    with pytest.raises(UnknownName):
        Library.open([tmp_path]).source("mine")


def test_an_unknown_strategy_names_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean 'sma-cross'"):
        Library.open([]).source("sma-cros")


def test_the_digest_of_a_lone_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.py", strategy_text().replace("\n", "\r\n"))

    source = Library.open([tmp_path]).source("mine")

    assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert source.origin == "plugin"


def test_a_source_survives_json_and_a_changed_one_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "mine.py", strategy_text())
    source = Library.open([tmp_path]).source("mine")

    assert StrategySource.from_json(source.to_json()) == source
    with pytest.raises(ValueError, match="digest"):
        StrategySource.from_json(source.to_json().replace("yield Buy(1)", "yield Buy(2)"))
    with pytest.raises(ValueError, match="not a strategy's source"):
        StrategySource.from_json("{}")


def test_editing_the_file_never_changes_what_is_built(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.py", strategy_text())
    source = Library.open([tmp_path]).source("mine")
    path.write_text("raise RuntimeError('edited')")

    assert build(source).strategy_class.__name__ == "Mine"


def test_two_versions_of_a_file_live_side_by_side(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.py", strategy_text())
    old = loaded(tmp_path)
    path.write_text(strategy_text().replace("10, ge=1", "20, ge=1"))
    new = loaded(tmp_path)

    assert (old.parse_params({}).model_dump()["fast"], new.parse_params({}).model_dump()["fast"]) == (10, 20)
    assert "mine" not in sys.modules


def test_an_error_shows_the_file_the_line_and_the_text_that_ran(tmp_path: Path) -> None:
    path = write(tmp_path, "mine.py", strategy_text(body=BODY.replace("yield Buy(1)", "return [1 / 0]")))
    strategy = loaded(tmp_path)
    path.write_text("# edited\n" * 30)

    with pytest.raises(ZeroDivisionError) as caught:
        list(strategy.create(strategy.parse_params({})).decide(ViewClass([], None, None)))

    frame = traceback.extract_tb(caught.value.__traceback__)[-1]
    assert (frame.filename, frame.lineno, frame.line) == (str(path), 14, "return [1 / 0]")


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        (strategy_text(head="import no_such_module\n"), "No module named 'no_such_module'", 4),
        (strategy_text(head="1 / 0\n"), "ZeroDivisionError", 4),
        (strategy_text(head="raise SystemExit\n"), "ends the process", None),
        (strategy_text(body=""), "no class derived from Strategy", None),
        (strategy_text(body=BODY + "class Other(Mine): pass\n"), r"2 strategy classes \(Mine, Other\)", None),
        (strategy_text(body="class Mine(Strategy): pass\n"), "Mine has no decide", None),
        (strategy_text(head="return\n"), "syntax error: 'return' outside function", 4),
    ],
)
def test_what_is_wrong_with_a_strategy_is_said_when_it_is_built(tmp_path: Path, text: str, reason: str, line: int | None) -> None:
    path = write(tmp_path, "mine.py", text)

    with pytest.raises(StrategyBroken, match=reason) as caught:
        loaded(tmp_path)

    assert (caught.value.strategy, caught.value.file, caught.value.line) == ("mine", str(path), line)


def test_a_broken_file_is_refused_with_its_reason_under_its_id_or_its_name(tmp_path: Path) -> None:
    write(tmp_path, "my_idea.py", "def broken(:\n")

    for name in ("my-idea", "my_idea"):
        with pytest.raises(StrategyBroken, match=r"my_idea.py:1: syntax error"):
            Library.open([tmp_path]).source(name)


def test_two_files_with_one_id_are_an_error_naming_both(tmp_path: Path) -> None:
    write(tmp_path, "one.py", strategy_text())
    write(tmp_path, "two.py", strategy_text())
    write(tmp_path, "other.py", strategy_text("other"))

    with pytest.raises(StrategyBroken, match=r"one.py and in .*two.py"):
        Library.open([tmp_path]).source("mine")
    assert loaded(tmp_path, "other")


def test_a_shipped_strategy_stands_alone_so_that_any_may_be_deleted(tmp_path: Path) -> None:
    for path in sorted(BUILT_IN.glob("[a-z]*.py")):
        write(tmp_path, f"copy_{path.name}", path.read_text().replace('id="', 'id="copy-'))

    copies = [entry for entry in Library.open([tmp_path]).entries() if entry.path.parent == tmp_path]

    assert len(copies) == 6
    for entry in copies:
        assert isinstance(entry, Found)
        assert len(build(Library.open([tmp_path]).source(entry.id)).source.files) == 1


def test_types_written_as_text_are_understood(tmp_path: Path) -> None:
    text = "from __future__ import annotations\nfrom dataclasses import dataclass\n" + strategy_text(
        head="@dataclass\nclass Pair:\n    a: int\n    b: Decimal\n"
    )
    write(tmp_path, "mine.py", text)

    assert loaded(tmp_path).parse_params({"quantity": "2.5"}).model_dump()["quantity"] == Decimal("2.5")


# Parameters.


@pytest.mark.parametrize(
    ("raw", "name", "value"),
    [
        ({"fast": "12"}, "fast", 12),
        ({"fast": 12}, "fast", 12),
        ({"quantity": "0.1"}, "quantity", Decimal("0.1")),
        ({"quantity": 0.1}, "quantity", Decimal("0.1")),
        ({"quantity": 3}, "quantity", Decimal(3)),
        ({"share": "0.25"}, "share", 0.25),
        ({"share": 1}, "share", 1.0),
        ({"exact": "true"}, "exact", True),
        ({"exact": True}, "exact", True),
        ({"word": "10"}, "word", "10"),
    ],
)
def test_a_parameter_is_read_as_what_its_field_wants(tmp_path: Path, raw: dict[str, Any], name: str, value: object) -> None:
    write(tmp_path, "mine.py", strategy_text())

    parsed = getattr(loaded(tmp_path).parse_params(raw), name)

    assert parsed == value
    assert type(parsed) is type(value)


@pytest.mark.parametrize(
    ("raw", "field", "expected"),
    [
        ({"fast": "x"}, "fast", "a valid integer"),
        ({"fast": 2.5}, "fast", "a valid integer"),
        ({"fast": 10.0}, "fast", "a valid integer"),
        ({"fast": True}, "fast", "another type"),
        ({"fast": 0}, "fast", "greater than or equal to 1"),
        ({"fast": None}, "fast", "a valid integer"),
        ({"quantity": "-1"}, "quantity", "greater than 0"),
        ({"quantity": "nan"}, "quantity", "finite"),
        ({"share": "nan"}, "share", "a finite number"),
        ({"share": [1]}, "share", "a valid number"),
    ],
)
def test_a_bad_parameter_names_field_value_and_expectation(tmp_path: Path, raw: dict[str, Any], field: str, expected: str) -> None:
    write(tmp_path, "mine.py", strategy_text())

    with pytest.raises(BadValue) as caught:
        loaded(tmp_path).parse_params(raw)

    assert caught.value.field == field
    assert caught.value.value == raw[field]
    assert expected in caught.value.expected


def test_an_unknown_parameter_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "mine.py", strategy_text())

    with pytest.raises(UnknownName, match=r"No param 'fats'. Did you mean 'fast'"):
        loaded(tmp_path).parse_params({"fats": 3})


def test_a_parameter_without_default_must_be_given(tmp_path: Path) -> None:
    write(tmp_path, "mine.py", strategy_text(body=BODY.replace("= Field(10, ge=1)", "")))

    with pytest.raises(BadValue, match="fast = None: expected a value"):
        loaded(tmp_path).parse_params({})


def test_validators_of_the_strategy_refuse_in_their_own_words(tmp_path: Path) -> None:
    validator = """
    @model_validator(mode="after")
    def _ordered(self):
        if self.fast > 50:
            raise ValueError("fast at most 50")
        if self.fast == 50:
            raise KeyError("oh")
        return self
"""
    write(tmp_path, "mine.py", strategy_text(body=BODY.replace("\nclass Mine", validator + "\nclass Mine")))

    with pytest.raises(BadInput, match="fast at most 50"):
        loaded(tmp_path).parse_params({"fast": 60})
    with pytest.raises(StrategyBroken, match="KeyError"):
        loaded(tmp_path).parse_params({"fast": 50})


def test_the_schema_of_the_parameters_has_bounds_and_defaults(tmp_path: Path) -> None:
    write(tmp_path, "mine.py", strategy_text())

    fast = loaded(tmp_path).params_schema()["properties"]["fast"]

    assert (fast["type"], fast["default"], fast["minimum"]) == ("integer", 10, 1)


# What a strategy requires.

HELPER = "def size():\n    return 7\n"
USES_HELPER = BODY.replace("yield Buy(1)", "yield Buy(size())")


def test_a_strategy_may_import_a_private_file_that_it_requires(tmp_path: Path) -> None:
    write(tmp_path, "_sizes.py", HELPER)
    write(tmp_path, "mine.py", strategy_text(requires='("_sizes",)', head="from _sizes import size\n", body=USES_HELPER))

    strategy = loaded(tmp_path)

    assert [file.stem for file in strategy.source.files] == ["_sizes", "mine"]
    assert [intent.quantity for intent in strategy.create(strategy.parse_params({})).decide(ViewClass([], None, None))] == [7]  # type: ignore[arg-type, union-attr]  # never looked at
    lines = "".join(f"{file.stem}:{hashlib.sha256(file.text.encode()).hexdigest()}\n" for file in strategy.source.files)
    assert strategy.source.sha256 == hashlib.sha256(lines.encode()).hexdigest()
    assert "_sizes" not in sys.modules


def test_a_public_helper_that_is_required_is_not_listed_as_broken(tmp_path: Path) -> None:
    write(tmp_path, "sizes.py", HELPER)
    assert broken_entry(tmp_path, "sizes.py").reason.startswith("has no META")

    write(tmp_path, "mine.py", strategy_text(requires='["sizes"]', head="import sizes\n"))

    assert [entry.path.name for entry in Library.open([tmp_path]).entries() if entry.path.parent != BUILT_IN] == ["mine.py"]
    assert loaded(tmp_path)


def test_requirements_come_in_topological_order_and_each_once(tmp_path: Path) -> None:
    write(tmp_path, "_base.py", "value = []\n")
    write(tmp_path, "left.py", strategy_text("left", requires='("_base",)', head="import _base\n_base.value.append('left')\n"))
    write(tmp_path, "right.py", strategy_text("right", requires='("_base",)', head="import _base\n_base.value.append('right')\n"))
    write(tmp_path, "mine.py", strategy_text(requires='("right", "left")', head="import _base, left, right\nseen = _base.value\n"))

    strategy = loaded(tmp_path)

    assert [file.stem for file in strategy.source.files] == ["_base", "right", "left", "mine"]
    assert sys.modules[strategy.strategy_class.__module__].__dict__["seen"] == ["right", "left"]


def test_a_strategy_may_build_on_a_built_in_one_by_id(tmp_path: Path) -> None:
    body = "class Mine(SmaCross):\n    def warmup(self):\n        return 99\n"
    write(tmp_path, "mine.py", strategy_text(requires='("sma-cross",)', head="from sma_cross import SmaCross\n", body=body))

    strategy = loaded(tmp_path)

    assert strategy.create(strategy.parse_params({"slow": 40})).warmup() == 99


def test_what_is_not_required_cannot_be_imported(tmp_path: Path) -> None:
    write(tmp_path, "_sizes.py", HELPER)
    write(tmp_path, "mine.py", strategy_text(head="from _sizes import size\n"))

    with pytest.raises(StrategyBroken, match="No module named '_sizes'"):
        loaded(tmp_path)


def test_a_missing_requirement_is_a_reason_to_be_broken(tmp_path: Path) -> None:
    write(tmp_path, "mine.py", strategy_text(requires='("no-such",)'))

    assert "requires 'no-such', which is neither" in broken_entry(tmp_path, "mine.py").reason
    with pytest.raises(StrategyBroken, match="no-such"):
        loaded(tmp_path)


def test_requirements_in_a_circle_name_the_circle(tmp_path: Path) -> None:
    write(tmp_path, "a.py", strategy_text("a", requires='("b",)'))
    write(tmp_path, "b.py", strategy_text("b", requires='("a",)'))

    assert "a → b → a" in broken_entry(tmp_path, "a.py").reason


def test_a_requirement_that_is_broken_is_named_with_its_reason(tmp_path: Path) -> None:
    write(tmp_path, "_sizes.py", "def broken(:\n")
    write(tmp_path, "mine.py", strategy_text(requires='("_sizes",)'))

    assert "requires '_sizes', which is broken: syntax error" in broken_entry(tmp_path, "mine.py").reason


def test_an_error_in_a_helper_names_the_helper(tmp_path: Path) -> None:
    path = write(tmp_path, "_sizes.py", "\n1 / 0\n")
    write(tmp_path, "mine.py", strategy_text(requires='("_sizes",)'))

    with pytest.raises(StrategyBroken) as caught:
        loaded(tmp_path)

    assert (caught.value.file, caught.value.line) == (str(path), 2)


# Classes from a notebook.


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
    assert {Path(file.path).name for file in source.files} == {"test_loader.py", "mine.py"}


def test_a_class_typed_at_a_prompt_has_a_digest_of_its_own() -> None:
    names: dict[str, Any] = {"Strategy": Strategy, "StrategyParams": StrategyParams, "Field": Field}
    text = "class Typed(Strategy[StrategyParams]):\n    def decide(self, view):\n        return [{0}]\n"
    digests: list[str] = []
    for returned in ("1", "view"):
        exec(compile(text.format(returned), "<stdin>", "exec"), names)  # as typed at a prompt
        digests.append(source_of_class(names["Typed"]).sha256)

    assert digests[0] != digests[1]
