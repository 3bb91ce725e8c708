"""Finds exchange adapters, and opens one with the variables of its own mode and no others."""

import sys
import traceback
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib import import_module
from inspect import isabstract
from pathlib import Path
from types import ModuleType

from weaver.errors import AdapterBroken, AdapterNotFound, BadValue, MissingCredentials, WeaverError
from weaver.plugins import Broken, Found, find
from weaver.veda.exchange import AdapterMeta, Clock, Context, Exchange, Mode

BUILT_IN = Path(__file__).parent / "adapters"


def account_id(adapter_id: str, mode: Mode) -> str:
    """Return the id of the account that an adapter trades in a mode."""
    return f"{adapter_id}-{mode}"


def missing_variables(meta: AdapterMeta, mode: Mode, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Return the real names of the credentials that are unset or empty for `mode`."""
    names = [_variable(name, mode) for name in meta.credentials]
    return tuple(name for name in names if not environment.get(name, "").strip())


class AdapterLibrary:
    """The adapters that can be named now: the built-in ones and those of some folders. Nothing is run to list them."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._entries = find([BUILT_IN, *folders], AdapterMeta)
        self._found = {entry.id: entry for entry in self._entries if isinstance(entry, Found)}
        self._classes: dict[str, type[Exchange]] = {}

    @staticmethod
    def open(folders: Sequence[Path] = ()) -> "AdapterLibrary":
        """Read the built-in adapters and those of `folders`; a folder that does not exist holds none."""
        return AdapterLibrary(folders)

    def entries(self) -> list[Found[AdapterMeta] | Broken]:
        """Return all files in order: built-ins first."""
        return list(self._entries)

    def meta(self, adapter_id: str) -> AdapterMeta:
        """Return what an adapter says of itself. AdapterNotFound names the nearest; AdapterBroken says why."""
        return self._entry(adapter_id).meta

    def open_exchange(
        self,
        adapter_id: str,
        mode: Mode,
        *,
        account: str | None = None,
        environment: Mapping[str, str],
        clock: Clock,
        store: object | None = None,
        trading: bool = True,
    ) -> Exchange:
        """Return an exchange that is not connected yet.

        Raises BadValue for a mode that the adapter does not have, MissingCredentials when variables are unset (never with
        `trading` off: some data is free), AdapterNotFound, AdapterBroken.
        """
        entry = self._entry(adapter_id)
        meta = entry.meta
        if mode not in meta.modes:
            raise BadValue("mode", mode, f"{' or '.join(meta.modes)}: adapter '{adapter_id}' trades in no other mode")
        missing = missing_variables(meta, mode, environment)
        if missing and trading:
            raise MissingCredentials(adapter_id, mode, missing)
        if adapter_id not in self._classes:
            self._classes[adapter_id] = _load(entry)
        named = {name: environment.get(_variable(name, mode), "") for name in (*meta.credentials, *meta.options)}
        context = Context(
            account=account or account_id(adapter_id, mode),
            mode=mode,
            environment={name: value for name, value in named.items() if value.strip()},
            clock=clock,
            store=store,
        )
        return self._classes[adapter_id](context)

    def _entry(self, adapter_id: str) -> Found[AdapterMeta]:
        if adapter_id in self._found:
            return self._found[adapter_id]
        stem = adapter_id.replace("-", "_")
        for entry in self._entries:
            if isinstance(entry, Broken) and (adapter_id == entry.id or stem == entry.path.stem):
                raise AdapterBroken(entry.reason, adapter=adapter_id, file=str(entry.path), line=entry.line)
        raise AdapterNotFound(adapter_id, self._found)


def _variable(name: str, mode: Mode) -> str:
    return name.replace("{MODE}", mode.upper())


def _load(entry: Found[AdapterMeta]) -> type[Exchange]:
    module = import_module(f"{__package__}.adapters.{entry.path.stem}") if entry.path.parent == BUILT_IN else _run(entry)
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Exchange) and value.__module__ == module.__name__ and not isabstract(value)
    ]
    unique = list(dict.fromkeys(classes))
    if len(unique) != 1:
        names = ", ".join(each.__name__ for each in unique)
        reason = f"has {len(unique)} exchange classes ({names}), expected one" if unique else _without_class(module)
        raise AdapterBroken(reason, adapter=entry.id, file=str(entry.path))
    unique[0].meta = entry.meta
    return unique[0]


def _without_class(module: ModuleType) -> str:
    """Say what an abstract class lacks, if there is one."""
    for value in vars(module).values():
        if isinstance(value, type) and issubclass(value, Exchange) and value.__module__ == module.__name__:
            missing = ", ".join(sorted(value.__abstractmethods__))
            return f"class {value.__name__} does not have all that an Exchange has; missing: {missing}"
    return "has no class derived from Exchange"


def _run(entry: Found[AdapterMeta]) -> ModuleType:
    """Run the text that was listed as a module of its own; `from ._private import x` finds files beside it."""
    folder = str(entry.path.parent)
    package = f"weaver_adapters_{sha256(folder.encode()).hexdigest()[:8]}"
    name = f"{package}.{entry.path.stem}_{sha256(entry.text.encode()).hexdigest()[:8]}"
    if name in sys.modules:
        return sys.modules[name]
    if package not in sys.modules:
        parent = ModuleType(package)
        parent.__path__ = [folder]
        sys.modules[package] = parent
    module = ModuleType(name)
    module.__package__ = package
    module.__file__ = str(entry.path)
    sys.modules[name] = module  # before it runs, as an import does: dataclasses look their module up
    try:
        exec(compile(entry.text, str(entry.path), "exec"), vars(module))
    except Exception as problem:  # a user's file may raise anything; it goes on as AdapterBroken
        del sys.modules[name]
        raise _broken(entry, problem) from problem
    return module


def _broken(entry: Found[AdapterMeta], problem: Exception) -> AdapterBroken:
    lines = [frame.lineno for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == str(entry.path)]
    line = problem.lineno if isinstance(problem, SyntaxError) else lines[-1] if lines else None
    said = str(problem) if isinstance(problem, WeaverError) else f"{type(problem).__name__}: {problem}"
    return AdapterBroken(said, adapter=entry.id, file=str(entry.path), line=line)
