"""Takes the print of everything that a strategy could remember in, to tell whether it does."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any, Generic

import numpy as np
from pydantic import BaseModel

from weaver.marvin.source import SOURCE_NAME
from weaver.marvin.strategy import AnyStrategy, Strategy

Memory = Mapping[str, str]
"""A print for each place: "self.seen", "Mine.seen" (class attributes), "seen" (globals of its files)."""

_DEEPEST = 8
_CODE = (FunctionType, BuiltinFunctionType, ModuleType, type, classmethod, staticmethod, property)


def memory_of(strategy: AnyStrategy, namespaces: Sequence[Mapping[str, Any]]) -> Memory:
    """Return prints of the instance, of the classes and of the global names of the strategy's files.

    Of a module that was not made by the loader, such as a notebook, only the names that the strategy's methods use are
    looked at: the rest may be large, and is not the strategy's.
    """
    return {place: _printed(value, (), 0) for place, value in _places(strategy, [_relevant(strategy, each) for each in namespaces])}


def changed(before: Memory, after: Memory) -> list[str]:
    """Return the places whose content is not what it was."""
    return [place for place in {**before, **after} if before.get(place) != after.get(place)]


def _relevant(strategy: AnyStrategy, namespace: Mapping[str, Any]) -> Mapping[str, Any]:
    if SOURCE_NAME in namespace:
        return namespace
    methods = (value for cls in type(strategy).__mro__ for value in vars(cls).values() if isinstance(value, FunctionType))
    used = {"__name__", *(name for method in methods for name in method.__code__.co_names)}
    return {name: value for name, value in list(namespace.items()) if name in used}


def _places(strategy: AnyStrategy, namespaces: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    for name, value in vars(strategy).items():
        yield f"self.{name}", value
    for cls in type(strategy).__mro__[:-1]:
        if cls not in (Strategy, Generic):
            yield from _class_attributes(cls)
    for namespace in namespaces:
        for name, value in list(namespace.items()):
            if name.startswith("__"):
                continue
            home = getattr(value, "__module__", None) == namespace.get("__name__")
            if isinstance(value, type) and home:
                yield from _class_attributes(value)
            elif isinstance(value, FunctionType) and home:
                yield name, _kept_by(value)
            elif not isinstance(value, _CODE):
                yield name, value


def _kept_by(function: FunctionType) -> list[Any]:
    """Return what a function can remember in: its attributes, mutable defaults, and the variables it closes over."""
    cells = [cell.cell_contents for cell in function.__closure__ or () if cell.cell_contents is not function]
    return [vars(function), function.__defaults__, function.__kwdefaults__, cells]


def _class_attributes(cls: type) -> Iterator[tuple[str, Any]]:
    for name, value in list(vars(cls).items()):
        if name.startswith("__") or name == "_abc_impl":
            continue
        if issubclass(cls, BaseModel) and name not in cls.__class_vars__:
            continue  # pydantic keeps its own things there, some of them made on first use
        if isinstance(value, FunctionType):
            yield f"{cls.__name__}.{name}", _kept_by(value)
        elif not isinstance(value, _CODE):
            yield f"{cls.__name__}.{name}", value


def _printed(value: Any, above: tuple[int, ...], depth: int) -> str:
    if isinstance(value, _CODE):
        return str(getattr(value, "__qualname__", getattr(value, "__name__", type(value).__name__)))
    if id(value) in above or depth > _DEEPEST:
        return "…"
    above = (*above, id(value))
    if isinstance(value, np.ndarray):
        return f"{value.dtype}{value.shape}{sha256(np.ascontiguousarray(value).tobytes()).hexdigest()}"
    if isinstance(value, Mapping):
        items = (f"{_printed(key, above, depth + 1)}:{_printed(item, above, depth + 1)}" for key, item in list(value.items()))
        return f"{{{','.join(items)}}}"
    if isinstance(value, list | tuple | deque):
        return f"[{','.join(_printed(item, above, depth + 1) for item in list(value))}]"
    if isinstance(value, set | frozenset):
        return f"<{','.join(sorted(_printed(item, above, depth + 1) for item in list(value)))}>"
    attributes = getattr(value, "__dict__", None)
    if isinstance(attributes, dict) and attributes:
        return f"{type(value).__name__}{_printed(attributes, above, depth + 1)}"
    return repr(value)
