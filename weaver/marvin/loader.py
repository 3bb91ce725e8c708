"""Finds strategies, and turns the stored text of one into a class that runs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from weaver.errors import BadInput, StrategyBroken, UnknownName
from weaver.marvin.guard import user_code
from weaver.marvin.modules import run_files
from weaver.marvin.parameters import parse
from weaver.marvin.source import SourceFile, StrategySource, names_around, source_of_class
from weaver.marvin.strategy import AnyStrategy, Strategy, StrategyMeta, StrategyParams
from weaver.plugins import Broken, Found, find, read, read_text

__all__ = ["Library", "LoadedStrategy", "SourceFile", "StrategySource", "build", "load_class", "source_of_class"]

BUILT_IN = Path(__file__).parent / "strategies"


class Library:
    """The strategies that can be named now: the built-in ones and those of some folders. Nothing is run to list them."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = [BUILT_IN, *folders]
        found = find(self._folders, StrategyMeta)
        self._by_id = {entry.id: entry for entry in found if isinstance(entry, Found)}
        self._broken = {entry.path: entry for entry in found if isinstance(entry, Broken)}
        self._sources: dict[str, StrategySource | Broken] = {
            strategy_id: self._collect(entry) for strategy_id, entry in self._by_id.items()
        }
        self._helpers = {file.path for source in self._sources.values() if isinstance(source, StrategySource) for file in source.files}
        self._found = found

    @staticmethod
    def open(folders: Sequence[Path]) -> "Library":
        """Read the built-in strategies and those of `folders`; a folder that does not exist holds none."""
        return Library(folders)

    def entries(self) -> list[Found[StrategyMeta] | Broken]:
        """Return all files in order: built-ins first. Files without META that another one requires are left out."""
        listed: list[Found[StrategyMeta] | Broken] = []
        for entry in self._found:
            match entry:
                case Found():
                    source = self._sources[entry.id]
                    listed.append(source if isinstance(source, Broken) else entry)
                case Broken(has_meta=False, path=path) if str(path) in self._helpers:
                    pass
                case Broken():
                    listed.append(entry)
        return listed

    def source(self, strategy_id: str) -> StrategySource:
        """Return the text of a strategy and of what it requires. UnknownName with the nearest; StrategyBroken says why."""
        source = self._sources.get(strategy_id)
        if isinstance(source, StrategySource):
            return source
        stem = strategy_id.replace("-", "_")
        broken = source or next((entry for entry in self._broken.values() if strategy_id == entry.id or stem == entry.path.stem), None)
        if broken is None:
            raise UnknownName("strategy", strategy_id, self._sources)
        raise StrategyBroken(broken.reason, strategy=strategy_id, file=str(broken.path), line=broken.line)

    def _collect(self, entry: Found[StrategyMeta]) -> StrategySource | Broken:
        """Return the strategy with all that it requires, dependencies first."""
        ordered: dict[Path, str] = {}
        try:
            self._visit(entry.path, entry.text, entry.meta.requires, (), ordered)
        except _Unresolvable as problem:
            return Broken(path=entry.path, reason=str(problem), line=entry.line, id=entry.id)
        origin = "builtin" if entry.path.parent == BUILT_IN else "plugin"
        files = [SourceFile(stem=path.stem, path=str(path), text=text) for path, text in ordered.items()]
        return StrategySource.of(entry.id, files, origin)

    def _visit(self, path: Path, text: str, requires: Iterable[str], above: tuple[Path, ...], ordered: dict[Path, str]) -> None:
        if path in above:
            circle = " → ".join(each.stem for each in (*above[above.index(path) :], path))
            raise _Unresolvable(f"META.requires goes in a circle: {circle}")
        if path in ordered:
            return
        for name in requires:
            required = self._named(name, path)
            self._visit(required[0], required[1], required[2], (*above, path), ordered)
        if any(other.stem == path.stem for other in ordered):
            raise _Unresolvable(f"requires two files named {path.name}: an import could mean either")
        ordered[path] = text

    def _named(self, name: str, wanted_by: Path) -> tuple[Path, str, tuple[str, ...]]:
        """Return path, text and requirements of a strategy's id or of a file's stem, the nearest folder first."""
        if name in self._by_id:
            entry = self._by_id[name]
            return entry.path, entry.text, entry.meta.requires
        if name.isidentifier():
            for folder in (wanted_by.parent, *self._folders):
                path = folder / f"{name}.py"
                if path.is_file():
                    return self._file(name, path)
        raise _Unresolvable(f"requires '{name}', which is neither a strategy's id nor a file {name}.py beside it")

    def _file(self, name: str, path: Path) -> tuple[Path, str, tuple[str, ...]]:
        match self._broken.get(path) or read(path, StrategyMeta):
            case Found(text=text, meta=meta):
                return path, text, meta.requires
            case Broken(has_meta=False):
                return path, _text(name, path), ()
            case Broken(reason=reason):
                raise _Unresolvable(f"requires '{name}', which is broken: {reason}")


class _Unresolvable(Exception):
    """What a strategy requires cannot be had."""


def _text(name: str, path: Path) -> str:
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as problem:
        raise _Unresolvable(f"requires '{name}', which cannot be read: {problem}") from None


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedStrategy:
    """A strategy ready to be made: what its file says, its class, and the text it was built from.

    `namespaces` are the global names of its files, in the order of the source.
    """

    meta: StrategyMeta
    strategy_class: type[AnyStrategy]
    source: StrategySource
    namespaces: Sequence[Mapping[str, Any]]

    @cached_property
    def filenames(self) -> frozenset[str]:
        """The files of the user's code, as tracebacks name them."""
        return frozenset(file.path for file in self.source.files)

    def parse_params(self, raw: Mapping[str, object]) -> StrategyParams:
        """Return the checked parameters; texts such as "10" are read as what the field wants.

        UnknownName("param") names the nearest; BadValue the field, its value and what was expected.
        """
        with user_code(self.meta.id, self.filenames):
            parsed = parse(self.strategy_class.params_type, raw)
        if isinstance(parsed, BadInput):
            raise parsed
        return parsed

    def create(self, params: StrategyParams) -> AnyStrategy:
        """Return the strategy with these parameters; StrategyBroken if its own code refuses."""
        with user_code(self.meta.id, self.filenames):
            return self.strategy_class(params)

    def params_schema(self) -> dict[str, Any]:
        """Return the JSON schema of the parameters: names, types, defaults, bounds, descriptions."""
        with user_code(self.meta.id, self.filenames):
            return self.strategy_class.params_type.model_json_schema()


def build(source: StrategySource) -> LoadedStrategy:
    """Run the stored text of a strategy, never its file, in modules of their own, and return its class.

    Each call runs the text anew. StrategyBroken carries file and line.
    """
    main = source.files[-1]
    found = read_text(main.text, Path(main.path), StrategyMeta)
    if isinstance(found, Broken):
        raise StrategyBroken(found.reason, strategy=source.id, file=main.path, line=found.line)
    namespaces = run_files(source)
    namespace = namespaces[-1]
    classes = [
        value
        for value in namespace.values()
        if isinstance(value, type)
        and issubclass(value, Strategy)
        and value.__module__ == namespace["__name__"]
        and not value.__name__.startswith("_")
    ]
    unique = list(dict.fromkeys(classes))
    if len(unique) != 1:
        names = ", ".join(each.__name__ for each in unique)
        reason = f"has {len(unique)} strategy classes ({names}), expected one" if unique else "has no class derived from Strategy"
        raise StrategyBroken(reason, strategy=source.id, file=main.path)
    chosen = unique[0]
    if chosen.decide is Strategy.decide:
        raise StrategyBroken(f"class {chosen.__name__} has no decide(self, view)", strategy=source.id, file=main.path)
    return LoadedStrategy(meta=found.meta, strategy_class=chosen, source=source, namespaces=namespaces)


def load_class(cls: type[AnyStrategy]) -> LoadedStrategy:
    """Return a class defined in a notebook or a module as a loaded strategy.

    Its META is that of its module; without one the id is made from its name and several symbols are allowed.
    """
    if cls.decide is Strategy.decide:
        raise StrategyBroken(f"class {cls.__name__} has no decide(self, view)", strategy=cls.__name__)
    names = names_around(cls)
    source = source_of_class(cls)
    meta = names.get("META")
    if not isinstance(meta, StrategyMeta):
        meta = StrategyMeta(id=source.id, name=cls.__name__, symbols="many")
    return LoadedStrategy(meta=meta, strategy_class=cls, source=source, namespaces=[names])
