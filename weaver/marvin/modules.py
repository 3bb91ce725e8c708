"""Runs stored strategy text in modules of its own, so that two versions of one file may live in one process."""

import builtins
import linecache
import sys
from collections.abc import Mapping, Sequence
from types import CodeType, ModuleType
from typing import Any
from warnings import catch_warnings, simplefilter

from weaver.errors import StrategyBroken
from weaver.marvin.guard import user_code
from weaver.marvin.source import SOURCE_NAME, SourceFile, StrategySource


def run_files(source: StrategySource) -> list[dict[str, Any]]:
    """Run the files in order and return the names that each defined; the last one is the strategy's own.

    A file may import those before it by stem. StrategyBroken carries file and line.
    """
    files = frozenset(file.path for file in source.files)
    modules: dict[str, ModuleType] = {}
    namespaces: list[dict[str, Any]] = []
    for file in source.files:
        # Registered under a name with the digest, because pydantic and dataclasses resolve written-out types by module name.
        module = ModuleType(f"{file.stem}@{source.sha256[:16]}")
        module.__file__ = file.path
        namespace = module.__dict__
        namespaces.append(namespace)
        namespace["__builtins__"] = {**vars(builtins), "__import__": _Importer(dict(modules))}
        namespace[SOURCE_NAME] = source
        sys.modules[module.__name__] = module
        # A traceback shows the text that ran, also when the file has been edited since.
        linecache.cache[file.path] = (len(file.text), None, file.text.splitlines(keepends=True), file.path)
        code = _compile(file, source.id)
        try:
            with user_code(source.id, files):
                exec(code, namespace)  # running the user's strategy is the purpose
        except SystemExit:
            raise StrategyBroken("ends the process while it is loaded", strategy=source.id, file=file.path) from None
        modules[file.stem] = module
    return namespaces


def _compile(file: SourceFile, strategy: str) -> CodeType:
    try:
        with catch_warnings():
            simplefilter("ignore")  # an odd escape in a strategy is no reason to refuse it
            return compile(file.text.encode(), file.path, "exec", dont_inherit=True)
    except SyntaxError as problem:
        raise StrategyBroken(f"syntax error: {problem.msg}", strategy=strategy, file=file.path, line=problem.lineno) from None
    except (ValueError, RecursionError, MemoryError) as problem:
        raise StrategyBroken(f"cannot be compiled: {problem}", strategy=strategy, file=file.path) from None


class _Importer:
    """The `import` of one strategy file: the files it requires by stem, everything else as usual."""

    def __init__(self, required: Mapping[str, ModuleType]) -> None:
        self._required = required

    def __call__(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002  # the names of the built-in `__import__`
        locals: Mapping[str, object] | None = None,  # noqa: A002  # likewise
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        if level == 0 and name in self._required:
            return self._required[name]
        return builtins.__import__(name, globals, locals, fromlist or (), level)
