"""The text of a strategy and of what it requires, as it is stored with a run."""

import json
import linecache
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from types import FunctionType
from typing import Any, Literal, get_args

from weaver.marvin.strategy import AnyStrategy, Strategy

Origin = Literal["builtin", "plugin", "notebook"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """One file's text, byte for byte (UTF-8). `stem` is the name that others import it by."""

    stem: str
    path: str
    text: str

    @property
    def sha256(self) -> str:
        return sha256(self.text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategySource:
    """A strategy's files, those it requires first and its own last.

    `sha256` is that of the file's bytes when it is alone, else of the lines `<stem>:<sha256>` of all files.
    """

    id: str
    sha256: str
    files: tuple[SourceFile, ...]
    origin: Origin

    @staticmethod
    def of(strategy_id: str, files: Sequence[SourceFile], origin: Origin) -> "StrategySource":
        lines = "".join(f"{file.stem}:{file.sha256}\n" for file in files)
        digest = files[0].sha256 if len(files) == 1 else sha256(lines.encode()).hexdigest()
        return StrategySource(id=strategy_id, sha256=digest, files=tuple(files), origin=origin)

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @staticmethod
    def from_json(text: str) -> "StrategySource":
        """Read what `to_json` wrote. ValueError if it is something else, or if the text does not have its digest."""
        try:
            raw = json.loads(text)
            files = [SourceFile(stem=file["stem"], path=file["path"], text=file["text"]) for file in raw["files"]]
            if raw["origin"] not in get_args(Origin):
                raise ValueError(f"origin {raw['origin']!r}")
            source = StrategySource.of(raw["id"], files, raw["origin"])
            if source.sha256 != raw["sha256"]:
                raise ValueError(f"its digest is {source.sha256} and not {raw['sha256']}")
        except (KeyError, TypeError, IndexError, ValueError) as problem:
            raise ValueError(f"not a strategy's source: {problem}") from None
        return source


def source_of_class(cls: type[AnyStrategy]) -> StrategySource:
    """Return the text of a strategy class that was not found by the loader: the notebook cells or files its methods are in.

    A class that the loader built gives the source it was built from. Where no text is kept (typed at a prompt), the
    compiled methods stand in for it.
    """
    built = names_around(cls).get(SOURCE_NAME)
    if isinstance(built, StrategySource):
        return built
    own = [base for base in cls.__mro__ if issubclass(base, Strategy) and base is not Strategy]
    methods = [value for base in own for value in vars(base).values() if isinstance(value, FunctionType)]
    by_file = {method.__code__.co_filename: method for method in methods}
    files = {name: "".join(linecache.getlines(name, method.__globals__)) for name, method in by_file.items()}
    stem = _stem(cls.__name__)
    listed = [SourceFile(stem=stem, path=name, text=text or _compiled(methods)) for name, text in files.items()]
    return StrategySource.of(stem.replace("_", "-"), listed, "notebook")


def names_around(cls: type[AnyStrategy]) -> Mapping[str, Any]:
    """Return the global names where a class was defined: its file's, or the notebook's."""
    method = next((value for value in vars(cls).values() if isinstance(value, FunctionType)), None)
    return method.__globals__ if method else vars(sys.modules[cls.__module__])


SOURCE_NAME = "__weaver_source__"
"""The name under which a module built by the loader keeps its StrategySource."""


def _stem(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _compiled(methods: Iterable[FunctionType]) -> str:
    lines = [f"# {method.__qualname__} {method.__code__.co_code.hex()} {method.__code__.co_names}" for method in methods]
    return "\n".join(lines) + "\n"
